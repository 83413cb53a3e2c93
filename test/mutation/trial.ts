import { apply, type Mutation } from "./mutations.ts";
import type { Scratch } from "./scratch.ts";

export interface TrialLimits {
  /** Of one test file; a test that takes longer hangs. */
  readonly fileMs: number;
  /** Of one test that sets no time-out itself. */
  readonly testMs: number;
  /** After so long no further test file is begun. */
  readonly mutationMs: number;
}

export interface Outcome {
  /** The test file that fails with the mutation and passes without it; undefined where there is none. */
  readonly caughtBy: string | undefined;
  readonly isHang: boolean;
  /** Test files that have passed. */
  readonly passed: number;
  /** Test files for which there was no time. */
  readonly left: number;
  readonly durationMs: number;
}

type Verdict = "passed" | "failed" | "hung";

/** Tries mutations, one after the other, in a copy of the tree. */
export class Trials {
  readonly #scratch: Scratch;
  readonly #limits: TrialLimits;
  /** How test files end without any mutation. */
  readonly #unchanged = new Map<string, Verdict>();

  constructor(scratch: Scratch, limits: TrialLimits) {
    this.#scratch = scratch;
    this.#limits = limits;
  }

  /** Test files that do not even pass without a mutation, and so show nothing. */
  get broken(): string[] {
    return [...this.#unchanged].filter(([, verdict]) => verdict !== "passed").map(([test]) => test);
  }

  /** Runs test files until one fails. @param tests the nearest first */
  async try(mutation: Mutation, tests: readonly string[]): Promise<Outcome> {
    const { path } = mutation;
    const original = this.#scratch.read(path);
    const startMs = performance.now();
    const durationMs = () => performance.now() - startMs;
    let passed = 0;
    try {
      this.#scratch.write(path, apply(original, mutation));
      for (const [index, test] of tests.entries()) {
        if (durationMs() > this.#limits.mutationMs) {
          return {
            ...{ caughtBy: undefined, isHang: false, passed },
            left: tests.length - index,
            durationMs: durationMs(),
          };
        }
        if (this.broken.includes(test)) continue;
        const verdict = await this.#run(test);
        if (verdict === "passed") {
          passed++;
          continue;
        }
        this.#scratch.write(path, original);
        if (!this.#unchanged.has(test)) this.#unchanged.set(test, await this.#run(test));
        this.#scratch.write(path, apply(original, mutation));
        if (this.#unchanged.get(test) !== "passed") continue;
        // A test that a busy machine has failed passes the second time.
        if ((await this.#run(test)) !== "passed") {
          return { caughtBy: test, isHang: verdict === "hung", passed, left: 0, durationMs: durationMs() };
        }
        passed++;
      }
      return { caughtBy: undefined, isHang: false, passed, left: 0, durationMs: durationMs() };
    } finally {
      this.#scratch.write(path, original);
    }
  }

  async #run(test: string): Promise<Verdict> {
    const { fileMs, testMs } = this.#limits;
    const child = Bun.spawn(
      [process.execPath, "test", "--no-orphans", "--bail", `--timeout=${testMs}`, `./${test}`],
      { cwd: this.#scratch.root, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    );
    let isHung = false;
    const timer = setTimeout(() => {
      isHung = true;
      child.kill("SIGKILL");
    }, fileMs);
    const output = await new Response(child.stderr).text();
    const code = await child.exited;
    clearTimeout(timer);
    if (isHung) return "hung";
    if (code !== 0 || !/^ *[0-9]+ (?:pass|skip)$/m.test(output)) {
      return /timed out after [0-9]+ms/.test(output) ? "hung" : "failed";
    }
    return "passed";
  }
}
