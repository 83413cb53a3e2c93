import type { Drawn } from "./draw.ts";
import { roomOf, type Uses } from "./nearest-tests.ts";
import { Reach } from "./reach.ts";
import type { Scratch } from "./scratch.ts";
import { type TrialLimits, Trials } from "./trial.ts";

export type Verdict = "caught" | "survived" | "equivalent";

/** A mutation that no test has noticed so far. */
interface Unnoticed {
  readonly one: Drawn;
  readonly passed: readonly string[];
  readonly durationMs: number;
}

/** For the tests of a mutation's own room. */
const NEAR_MS = 120_000;

/**
 * Tries each mutation with the tests of its own room, which notice most; then those that are left with all tests that
 * run their code, wherever these lie.
 */
export class Judge {
  readonly #copies: readonly Scratch[];
  readonly #trials: readonly Trials[];
  readonly #uses: Uses;
  readonly #limits: TrialLimits;
  readonly #conclude: (one: Drawn, verdict: Verdict, how: string) => void;

  /** @param copies of the tree; as many mutations are tried at once */
  constructor(
    copies: readonly Scratch[],
    uses: Uses,
    limits: TrialLimits,
    conclude: (one: Drawn, verdict: Verdict, how: string) => void,
  ) {
    this.#copies = copies;
    this.#trials = copies.map((copy) => new Trials(copy, limits));
    this.#uses = uses;
    this.#limits = limits;
    this.#conclude = conclude;
  }

  async judge(drawn: readonly Drawn[]): Promise<void> {
    const all = drawn.map((one) => ({ one, passed: [], durationMs: 0 }));
    const left = await this.#tryEach(all, ({ one }) => this.#testsOfRoom(one.mutation.path), NEAR_MS);
    const mutations = left.map(({ one }) => one.mutation);
    const tests = [...new Set(mutations.flatMap(({ path }) => this.#uses.testsOf(path)))];
    if (left.length > 0) {
      console.log(
        `\n${left.length} are left; which tests run their code? Running ${tests.length} files once`,
      );
    }
    const reach = await Reach.measure(this.#copies, mutations, tests, this.#limits);
    const restOf = ({ one, passed }: Unnoticed): string[] =>
      reach.testsOf(mutations.indexOf(one.mutation)).filter((test) => !passed.includes(test));
    for (const survivor of await this.#tryEach(left, restOf)) {
      const rest = restOf(survivor);
      const untried = rest.length === 0 ? "" : `; not tried: ${rest.join(", ")}`;
      const { one, passed, durationMs } = survivor;
      this.#conclude(one, "survived", `${passed.length} test files pass${untried}, ${seconds(durationMs)}`);
    }
    const broken = new Set(this.#trials.flatMap((each) => each.broken));
    for (const test of broken) console.log(`\n${test} fails without any mutation: it shows nothing`);
  }

  #testsOfRoom(path: string): string[] {
    return this.#uses.testsOf(path).filter((test) => roomOf(test) === roomOf(path));
  }

  /** Tries mutations, as many at once as there are copies. Returns those that no test has noticed. */
  async #tryEach(
    list: readonly Unnoticed[],
    testsOf: (unnoticed: Unnoticed) => readonly string[],
    atMostMs = this.#limits.mutationMs,
  ): Promise<Unnoticed[]> {
    const mutationMs = Math.min(atMostMs, this.#limits.mutationMs);
    const queue = [...list];
    const left: Unnoticed[] = [];
    const work = async (copy: Trials): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { one } = next;
        const outcome = await copy.try(one.mutation, testsOf(next), mutationMs);
        const { caughtBy, isHang } = outcome;
        const durationMs = next.durationMs + outcome.durationMs;
        if (caughtBy === undefined) {
          left.push({ one, passed: [...next.passed, ...outcome.passed], durationMs });
        } else {
          this.#conclude(one, "caught", `${isHang ? "hangs" : "fails"} ${caughtBy}, ${seconds(durationMs)}`);
        }
      }
    };
    await Promise.all(this.#trials.map(work));
    return left;
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
