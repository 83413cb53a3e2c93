import { apply, type Mutation } from "./mutations.ts";
import type { Scratch } from "./scratch.ts";
import { type Ending, runTestFile, type TestFileLimits } from "./test-file.ts";

export interface TrialLimits extends TestFileLimits {
  /** After so long no further test file is begun. */
  readonly mutationMs: number;
}

export interface Outcome {
  /** The test file that fails with the mutation and passes without it; undefined where there is none. */
  readonly caughtBy: string | undefined;
  readonly isHang: boolean;
  /** Test files that have passed. */
  readonly passed: readonly string[];
  readonly durationMs: number;
}

/** Tries mutations, one after the other, in a copy of the tree. */
export class Trials {
  readonly #scratch: Scratch;
  readonly #limits: TrialLimits;
  /** How test files end without any mutation. */
  readonly #unchanged = new Map<string, Ending>();

  constructor(scratch: Scratch, limits: TrialLimits) {
    this.#scratch = scratch;
    this.#limits = limits;
  }

  /** Test files that do not even pass without a mutation, and so show nothing. */
  get broken(): string[] {
    return [...this.#unchanged].filter(([, ending]) => ending !== "passed").map(([test]) => test);
  }

  /** Runs test files until one fails. @param mutationMs after so long no further test file is begun */
  async try(
    mutation: Mutation,
    tests: readonly string[],
    mutationMs = this.#limits.mutationMs,
  ): Promise<Outcome> {
    const { path } = mutation;
    const original = this.#scratch.read(path);
    const startMs = performance.now();
    const durationMs = () => performance.now() - startMs;
    const passed: string[] = [];
    try {
      this.#scratch.write(path, apply(original, mutation));
      for (const test of tests) {
        if (durationMs() > mutationMs) break;
        if (this.broken.includes(test)) continue;
        const ending = await runTestFile(this.#scratch.root, test, this.#limits);
        if (ending === "passed") {
          passed.push(test);
          continue;
        }
        this.#scratch.write(path, original);
        if (!this.#unchanged.has(test))
          this.#unchanged.set(test, await runTestFile(this.#scratch.root, test, this.#limits));
        this.#scratch.write(path, apply(original, mutation));
        if (this.#unchanged.get(test) !== "passed") continue;
        // A test that a busy machine has failed passes the second time.
        if ((await runTestFile(this.#scratch.root, test, this.#limits)) !== "passed") {
          return { caughtBy: test, isHang: ending === "hung", passed, durationMs: durationMs() };
        }
        passed.push(test);
      }
      return { caughtBy: undefined, isHang: false, passed, durationMs: durationMs() };
    } finally {
      this.#scratch.write(path, original);
    }
  }
}
