import { COUNTED_COMMANDS } from "../commands/command-facts.ts";
import { sumByFamily } from "../commands/counted-commands.ts";
import { FAMILIES } from "../commands/families.ts";
import { ERROR, RESULTS } from "./published-numbers.ts";

const RESULT_COUNT = RESULTS.length;

/** Counts requests by command and result. */
export class RequestCounts {
  /** Requests counted: `BatchTimes` times them. */
  timedCount = 0;
  /** A count for each result of each command. */
  readonly counts = new Float64Array(COUNTED_COMMANDS.length * RESULT_COUNT);
  readonly #byFamily = new Float64Array(FAMILIES.length * RESULT_COUNT);
  /** Milliseconds of the connections' clock, with their fraction. */
  readonly exactMs: () => number;

  constructor(exactMs: () => number) {
    this.exactMs = exactMs;
  }

  /** Requests answered with an error. */
  get errorCount(): number {
    return this.counts.reduce((sum, count, at) => (at % RESULT_COUNT === ERROR ? sum + count : sum), 0);
  }

  /** Returns a count for each result of each family; valid until the next call. */
  byFamily(): Float64Array {
    sumByFamily(COUNTED_COMMANDS, this.counts, RESULT_COUNT, this.#byFamily);
    return this.#byFamily;
  }

  /** @param command its number in `COUNTED_COMMANDS` */
  count(command: number, result: number): void {
    this.timedCount++;
    this.counts[command * RESULT_COUNT + result]!++;
  }
}
