import { dirname, join } from "node:path";
import { importsOf, readSourceFiles, type SourceFile } from "../support/source-text.ts";

/** Programs that tests start rather than import. */
const PROGRAMS: Readonly<Record<string, string>> = { "bin/glasscache": "src/cli/main.ts" };
const TEST_FILE = /\.test\.tsx?$/;

/** Which files a file runs, whether it imports them, starts them as workers or as programs. */
export class Uses {
  /** By each file, those that use it directly. */
  readonly #users = new Map<string, Set<string>>();

  constructor(files: readonly SourceFile[]) {
    const known = new Set(files.map(({ path }) => path));
    for (const file of files) {
      for (const used of usedBy(file, known)) {
        const users = this.#users.get(used) ?? new Set();
        this.#users.set(used, users.add(file.path));
      }
    }
  }

  static read(root: string): Uses {
    return new Uses(readSourceFiles(root, ["src", "test", "examples", "packages"]));
  }

  /**
   * The test files that run a file, the nearest first: those in its folder, in its room (`src/proxy`, say), in other
   * rooms, in `test`; within each of these by how many files lie in between.
   */
  testsOf(path: string): string[] {
    const distances = new Map([[path, 0]]);
    // A map's keys can be added to while they are visited.
    for (const [file, distance] of distances) {
      for (const user of this.#users.get(file) ?? []) {
        if (!distances.has(user)) distances.set(user, distance + 1);
      }
    }
    const nearness = (test: string): number => {
      if (dirname(test) === dirname(path)) return 0;
      if (roomOf(test) === roomOf(path)) return 1;
      return test.startsWith("src/") ? 2 : 3;
    };
    return [...distances]
      .filter(([file]) => TEST_FILE.test(file))
      .sort(
        ([a, distanceA], [b, distanceB]) =>
          nearness(a) - nearness(b) || distanceA - distanceB || (a < b ? -1 : 1),
      )
      .map(([file]) => file);
  }
}

/** `src/proxy`, say. */
export function roomOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

function usedBy(file: SourceFile, known: ReadonlySet<string>): Set<string> {
  const used = new Set<string>();
  const add = (path: string) => {
    if (known.has(path)) used.add(path);
  };
  const runs = withoutTypes(file);
  for (const specifier of importsOf(runs)) {
    if (specifier.startsWith(".")) add(join(dirname(file.path), specifier));
  }
  // What is started by its name: `join(import.meta.dir, "peer.ts")`.
  for (const [, name] of runs.text.matchAll(/"((?:\.{1,2}\/|[\w-]+\/)*[\w.-]+\.ts)"/g)) {
    add(join(dirname(file.path), name!));
    add(name!);
  }
  for (const [program, path] of Object.entries(PROGRAMS)) if (file.text.includes(program)) add(path);
  return used;
}

/** A file without its imports of types, which do not run what they name. */
function withoutTypes({ path, text, code }: SourceFile): SourceFile {
  let rest = { text, code };
  for (const { index, 0: found } of code.matchAll(/\b(?:import|export) type\b[^;]*;/g)) {
    const blank = (from: string) =>
      from.slice(0, index) + " ".repeat(found.length) + from.slice(index + found.length);
    rest = { text: blank(rest.text), code: blank(rest.code) };
  }
  return { path, ...rest };
}
