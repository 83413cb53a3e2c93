/** Sums that it keeps. */
const HITS = 0;
const REQUESTS = 1;
const PREVIOUS_HIT_RATIO = 2;
const NEXT_STEP = 3;

/** The first step, and the one taken anew when the hit ratio changes much, as a share of the capacity. */
const STEP_SHARE = 0.0625;
/** What is left of a step after each sample. */
const STEP_DECAY = 0.98;
/** A change of the hit ratio that starts the search anew. */
const RESTART_CHANGE = 0.05;

/**
 * Searches for the best size of something by hill climbing: it changes the size by a step after each sample of
 * requests, goes on in the same direction while the hit ratio does not fall, else turns round, and takes ever
 * smaller steps until the workload changes.
 *
 * G. Einziger, O. Eytan, R. Friedman, B. Manes, "Adaptive software cache management", Middleware 2018; the numbers are
 * those that Caffeine uses.
 *
 * The object holds no state of its own: any number of them may stand for one search. Zeroed sums are a search that
 * has not begun.
 */
export class HillClimber {
  readonly #sums: Float64Array;
  readonly #sum: number;
  readonly #firstStep: number;

  static readonly sums = 4;

  /**
   * @param sum where its `HillClimber.sums` sums begin
   * @param capacity what steps are shares of
   * @param direction of the first step: 1 or −1
   */
  constructor(sums: Float64Array, sum: number, capacity: number, direction: number) {
    this.#sums = sums;
    this.#sum = sum;
    this.#firstStep = direction * STEP_SHARE * capacity;
  }

  countHit(): void {
    this.#sums[this.#sum + HITS]!++;
    this.#sums[this.#sum + REQUESTS]!++;
  }

  countMiss(): void {
    this.#sums[this.#sum + REQUESTS]!++;
  }

  /**
   * Ends the sample if it has as many requests as that.
   * @returns by how much the size should change, rounded towards zero
   */
  climb(sampleRequests: number): number {
    const sums = this.#sums;
    const at = this.#sum;
    const requests = sums[at + REQUESTS]!;
    if (requests < sampleRequests) return 0;
    const hitRatio = sums[at + HITS]! / requests;
    const change = hitRatio - sums[at + PREVIOUS_HIT_RATIO]!;
    const planned = sums[at + NEXT_STEP]! || this.#firstStep;
    const step = change >= 0 ? planned : -planned;
    sums[at + NEXT_STEP] =
      Math.abs(change) >= RESTART_CHANGE ? Math.sign(step) * Math.abs(this.#firstStep) : step * STEP_DECAY;
    sums[at + PREVIOUS_HIT_RATIO] = hitRatio;
    sums[at + HITS] = 0;
    sums[at + REQUESTS] = 0;
    return Math.trunc(step);
  }
}
