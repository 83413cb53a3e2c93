import type { Random } from "../../lib/random.ts";

/**
 * Draws ranks 1 … n with probabilities proportional to 1 / k^alpha for rank k, in constant time and memory for any n:
 * rejection-inversion sampling (W. Hörmann, G. Derflinger: "Rejection-inversion to generate variates from monotone
 * discrete distributions", ACM TOMACS 6(3), 1996).
 */
export class ZipfSampler {
  readonly count: number;
  readonly alpha: number;
  readonly #random: Random;
  /** Integral of the density up to 1.5, minus the first rank's share, and up to n + 0.5. */
  readonly #low: number;
  readonly #high: number;
  readonly #shortcut: number;

  /** @throws RangeError unless n ≥ 1 is whole and alpha ≥ 0 */
  constructor(count: number, alpha: number, random: Random) {
    if (!Number.isInteger(count) || count < 1)
      throw new RangeError(`n must be a whole number from 1, not ${count}`);
    if (!(alpha >= 0)) throw new RangeError(`alpha must be 0 or more, not ${alpha}`);
    this.count = count;
    this.alpha = alpha;
    this.#random = random;
    this.#low = integral(1.5, alpha) - 1;
    this.#high = integral(count + 0.5, alpha);
    this.#shortcut = 2 - inverseIntegral(integral(2.5, alpha) - 2 ** -alpha, alpha);
  }

  /** @returns a rank from 1 to n; 1 is the most popular */
  next(): number {
    for (;;) {
      const u = this.#high + this.#random.next() * (this.#low - this.#high);
      const x = inverseIntegral(u, this.alpha);
      const k = Math.min(this.count, Math.max(1, Math.round(x)));
      if (k - x <= this.#shortcut || u >= integral(k + 0.5, this.alpha) - k ** -this.alpha) return k;
    }
  }
}

/** Integral of t^-alpha, from 1 to x. */
function integral(x: number, alpha: number): number {
  const logX = Math.log(x);
  return expm1Over((1 - alpha) * logX) * logX;
}

function inverseIntegral(x: number, alpha: number): number {
  const t = Math.max(-1, x * (1 - alpha));
  return Math.exp(log1pOver(t) * x);
}

/** (e^x − 1) / x, accurate near 0. */
function expm1Over(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + (x / 2) * (1 + (x / 3) * (1 + x / 4));
}

/** ln(1 + x) / x, accurate near 0. */
function log1pOver(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x * (1 / 2 - x * (1 / 3 - x / 4));
}
