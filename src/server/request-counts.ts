import { FAMILIES } from "../commands/families.ts";
import { ERROR, RESULTS } from "./published-numbers.ts";

const RESULT_COUNT = RESULTS.length;

/** Counts requests by family and result. */
export class RequestCounts {
  /** Requests counted: `BatchTimes` times them. */
  timedCount = 0;
  /** A count for each result of each family. */
  readonly counts = new Float64Array(FAMILIES.length * RESULT_COUNT);
  /** Milliseconds of the connections' clock, with their fraction. */
  readonly exactMs: () => number;

  constructor(exactMs: () => number) {
    this.exactMs = exactMs;
  }

  /** Requests answered with an error. */
  get errorCount(): number {
    return this.counts.reduce((sum, count, at) => (at % RESULT_COUNT === ERROR ? sum + count : sum), 0);
  }

  count(family: number, result: number): void {
    this.timedCount++;
    this.counts[family * RESULT_COUNT + result]!++;
  }
}
