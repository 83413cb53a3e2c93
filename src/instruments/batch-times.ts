import type { Random } from "../lib/random.ts";
import type { Histogram } from "./histogram.ts";

/** One in so many batches is timed, on the average. */
export const TIMED_ONE_IN = 8;

/** The requests that are timed. */
interface Counted {
  /** How many there have been. */
  readonly timedCount: number;
  /** Reads the clock of the batches: milliseconds with their fraction. */
  readonly exactMs: () => number;
}

/**
 * Times requests that are answered at once, by the batch they came in: from when its bytes arrived until its replies
 * were handed to the system. A clock read costs as much as a part of a request, so only some batches are timed, and
 * each counts for those that are not. The distance to the next one is drawn, so that clients do not fall into step with
 * it.
 */
export class BatchTimes {
  readonly #times: Histogram;
  readonly #requests: Counted;
  readonly #random: Random;
  readonly #timed: (durationMs: number, count: number) => void;
  /** Batches until the next one that is timed, that one included. The caller counts it down at the end of each. */
  left: number;
  /** The time of all batches that were timed, in milliseconds, and the requests in them. */
  batchMs = 0;
  batchRequests = 0;
  /** The count of requests before the timed batch. */
  #before = 0;

  /**
   * @param times in microseconds
   * @param timed is told of each batch that is timed, and of how many requests it had
   */
  constructor(
    times: Histogram,
    requests: Counted,
    random: Random,
    timed: (durationMs: number, count: number) => void = () => {},
  ) {
    this.#times = times;
    this.#requests = requests;
    this.#random = random;
    this.#timed = timed;
    this.left = this.#draw();
  }

  /**
   * Call at the end of a batch, with its replies handed over, when at most one is left: the batch before the one that
   * is timed, and that one.
   * @param sinceMs when it came
   * @param areAnswered whether all its requests have been answered. Else the replies behind the first open one wait
   * for it, and the batch is not timed.
   */
  ended(sinceMs: number, areAnswered: boolean): void {
    const { timedCount, exactMs } = this.#requests;
    if (this.left === 0) {
      const count = timedCount - this.#before;
      if (count > 0 && areAnswered) {
        const durationMs = exactMs() - sinceMs;
        this.#times.record(durationMs * 1000, count * TIMED_ONE_IN);
        this.batchMs += durationMs;
        this.batchRequests += count;
        this.#timed(durationMs, count);
      }
      this.left = this.#draw();
    }
    this.#before = timedCount;
  }

  /** @returns 1 to 15, 8 on the average */
  #draw(): number {
    return 1 + Math.floor(this.#random.next() * (2 * TIMED_ONE_IN - 1));
  }
}
