import { assert } from "../../lib/assert.ts";

/** After so many half-lives all sums are scaled down, so that their units stay far from the limits of a number. */
const HALF_LIVES_BETWEEN_SCALINGS = 32;
/** Rates over a shorter time than this say too little. */
const SHORTEST_WINDOW_MS = 1000;

/**
 * Exponential decay without touching what decays: forward decay (Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009).
 * A present amount is multiplied by `scale`, which grows, before it is added to a sum. `present` divides by the
 * scale of now, so what was added a half-life ago counts half. Time is an argument and never goes back: a clock that
 * is set back by more than a half-life moves the starting point, a smaller step counts as no time.
 */
export class Decay {
  readonly halfLifeMs: number;
  /** Multiply an amount by this before adding it to a sum. */
  scale = 1;
  #scaleIsOneAtMs: number;
  #startedMs: number;
  #nowMs: number;

  constructor(halfLifeMs: number, nowMs: number) {
    assert(halfLifeMs > 0, `a half-life of ${halfLifeMs} ms is not positive`);
    this.halfLifeMs = halfLifeMs;
    this.#scaleIsOneAtMs = nowMs;
    this.#startedMs = nowMs;
    this.#nowMs = nowMs;
  }

  /** The latest time it has been told. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Moves to the present.
   * @returns the factor by which the owner multiplies all its sums (and by its square, sums of squares); mostly 1
   */
  advance(nowMs: number): number {
    if (nowMs === this.#nowMs) return 1;
    if (!(nowMs > this.#nowMs)) {
      const backMs = this.#nowMs - nowMs;
      if (backMs > this.halfLifeMs) {
        this.#scaleIsOneAtMs -= backMs;
        this.#startedMs -= backMs;
        this.#nowMs = nowMs;
      }
      return 1;
    }
    this.#nowMs = nowMs;
    const halfLives = (nowMs - this.#scaleIsOneAtMs) / this.halfLifeMs;
    if (halfLives < HALF_LIVES_BETWEEN_SCALINGS) {
      this.scale = 2 ** halfLives;
      return 1;
    }
    this.#scaleIsOneAtMs = nowMs;
    this.scale = 1;
    return 2 ** -halfLives;
  }

  /** Returns what a sum amounts to at present. */
  present(sum: number): number {
    return sum / this.scale;
  }

  /** Returns the rate per second that a sum stands for: its present amount over the time that the decay covers. */
  perSecond(sum: number): number {
    return this.present(sum) / this.#windowSeconds();
  }

  /** The integral of the decay over the time since the start: a steady rate times this is the present amount. */
  #windowSeconds(): number {
    const ageMs = Math.max(SHORTEST_WINDOW_MS, this.#nowMs - this.#startedMs);
    return ((this.halfLifeMs / Math.LN2) * (1 - 2 ** (-ageMs / this.halfLifeMs))) / 1000;
  }
}
