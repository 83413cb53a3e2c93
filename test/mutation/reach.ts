import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Mutation } from "./mutations.ts";
import type { Scratch } from "./scratch.ts";
import { runTestFile, type TestFileLimits } from "./test-file.ts";

/** Beside the copied tree's own files: what probes call, and where they leave their marks. */
const PROBE_FILE = "mutation-probe.ts";
const MARKS_FOLDER = "mutation-marks";

/**
 * What a probe calls: it leaves a file named by the probe's number. Threads and programs that a test starts run the
 * same tree, so they leave their marks in the same folder. In a browser there is no disk, and nothing is left.
 */
const PROBE_SOURCE = `
const files = globalThis.process?.getBuiltinModule?.("node:fs");
const seen: boolean[] = [];
export function reached(probe: number): void {
  if (seen[probe] === true) return;
  seen[probe] = true;
  try {
    files?.writeFileSync(import.meta.dir + "/${MARKS_FOLDER}/" + probe, "");
  } catch {}
}
`;

/**
 * A file's text with a probe at each of the mutations, which runs before the code that the mutation changes.
 * @param mutations of this file, by their numbers
 * @param module what the file imports the probes from
 */
export function withProbes(text: string, mutations: ReadonlyMap<number, Mutation>, module: string): string {
  const insertions: Insertion[] = [];
  for (const [number, { around }] of mutations) {
    const call = `reached$(${number})`;
    const [open, close] = around.isStatement ? [`{ ${call}; `, " }"] : [`(${call}, `, ")"];
    const length = around.end - around.start;
    insertions.push({ at: around.start, length, text: open });
    insertions.push({ at: around.end, length: -length, text: close });
  }
  // Of the spans that begin at one place the longest opens first; of those that end at one it closes last.
  insertions.sort(
    (a, b) => a.at - b.at || Number(a.length > 0) - Number(b.length > 0) || b.length - a.length,
  );
  let probed = `import { reached as reached$ } from ${JSON.stringify(module)}; `;
  let end = 0;
  for (const { at, text: inserted } of insertions) {
    probed += text.slice(end, at) + inserted;
    end = at;
  }
  return probed + text.slice(end);
}

interface Insertion {
  readonly at: number;
  /** Of the span, in characters; negative where it ends. */
  readonly length: number;
  readonly text: string;
}

/** Probes at mutations, in a copy of the tree. */
export class Probes implements Disposable {
  readonly #scratch: Scratch;
  readonly #originals = new Map<string, string>();
  readonly #unprobed: number[] = [];

  constructor(scratch: Scratch, mutations: readonly Mutation[]) {
    this.#scratch = scratch;
    scratch.write(PROBE_FILE, PROBE_SOURCE);
    for (const [path, ofFile] of byFile(mutations)) {
      const original = scratch.read(path);
      const module = join(scratch.root, PROBE_FILE);
      const probed = new Map<number, Mutation>();
      for (const [number, mutation] of ofFile) {
        if (isProgram(withProbes(original, new Map([[number, mutation]]), module)))
          probed.set(number, mutation);
        else this.#unprobed.push(number);
      }
      this.#originals.set(path, original);
      scratch.write(path, withProbes(original, probed, module));
    }
    this.forget();
  }

  /** Removes the marks that have been left. */
  forget(): void {
    rmSync(this.#marks, { recursive: true, force: true });
    mkdirSync(this.#marks);
  }

  /** The numbers of the mutations whose code has run; where that cannot be told, they count as run. */
  reached(): number[] {
    return [...this.#unprobed, ...readdirSync(this.#marks).map(Number)];
  }

  get #marks(): string {
    return join(this.#scratch.root, MARKS_FOLDER);
  }

  [Symbol.dispose](): void {
    for (const [path, original] of this.#originals) this.#scratch.write(path, original);
    rmSync(join(this.#scratch.root, PROBE_FILE));
    rmSync(this.#marks, { recursive: true });
  }
}

function byFile(mutations: readonly Mutation[]): Map<string, Map<number, Mutation>> {
  const files = new Map<string, Map<number, Mutation>>();
  for (const [number, mutation] of mutations.entries()) {
    const ofFile = files.get(mutation.path) ?? new Map<number, Mutation>();
    files.set(mutation.path, ofFile.set(number, mutation));
  }
  return files;
}

/** A number that names a property, for example, is no place for a call. */
function isProgram(text: string): boolean {
  try {
    new Bun.Transpiler({ loader: "ts" }).transformSync(text);
    return true;
  } catch {
    return false;
  }
}

/** Which test files run the code that each mutation changes, and how long they take. */
export class Reach {
  /** By each test file, the numbers of the mutations. */
  readonly #reached = new Map<string, ReadonlySet<number>>();
  readonly #durationsMs = new Map<string, number>();

  /** Runs all test files once, with probes at all mutations. @param copies each runs one file at a time */
  static async measure(
    copies: readonly Scratch[],
    mutations: readonly Mutation[],
    tests: readonly string[],
    limits: TestFileLimits,
  ): Promise<Reach> {
    const reach = new Reach();
    const queue = [...tests];
    const work = async (copy: Scratch): Promise<void> => {
      using probes = new Probes(copy, mutations);
      for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
        const startMs = performance.now();
        // How it ends says nothing here: some tests read the program's text, which is another with probes.
        await runTestFile(copy.root, test, limits, true);
        reach.#durationsMs.set(test, performance.now() - startMs);
        reach.#reached.set(test, new Set(probes.reached()));
        probes.forget();
      }
    };
    await Promise.all(copies.map(work));
    return reach;
  }

  /** The test files that run the code of a mutation, the quickest first. */
  testsOf(mutation: number): string[] {
    return [...this.#reached]
      .filter(([, numbers]) => numbers.has(mutation))
      .map(([test]) => test)
      .sort((a, b) => this.#durationsMs.get(a)! - this.#durationsMs.get(b)!);
  }
}
