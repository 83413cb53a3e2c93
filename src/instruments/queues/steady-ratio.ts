/** Two steps halve the ratio. */
const STEPS_PER_HALF = 2;
/** How far off the wanted number may be before the ratio changes. */
const LEAST = 0.6;
const MOST = 1.5;

/**
 * The share of a population that is about a wanted number. It changes in large steps, and only when the number is
 * clearly off, so that mostly the same ones are taken each time.
 */
export class SteadyRatio {
  readonly #wanted: number;
  ratio = 1;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** Returns the ratio for a population of this size. */
  of(count: number): number {
    const taken = count * this.ratio;
    const isTooFew = taken < this.#wanted * LEAST && this.ratio < 1;
    if (isTooFew || taken > this.#wanted * MOST) {
      const halves = Math.log2(Math.max(1, count / this.#wanted));
      this.ratio = 2 ** (-Math.round(halves * STEPS_PER_HALF) / STEPS_PER_HALF);
    }
    return this.ratio;
  }
}
