/** After a delay no more is made up for than what was due in this time. */
const MOST_BEHIND_MS = 50;

/** Spreads requests evenly over time. */
export class Pacer {
  readonly #perMs: number;
  readonly #most: number;
  #due = 0;
  #countedMs: number;

  /** @param perSecond Infinity: a request is always due */
  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#most = Math.max(1, this.#perMs * MOST_BEHIND_MS);
    this.#countedMs = nowMs;
  }

  /** Whether a request is due; then it counts as made. */
  take(nowMs: number): boolean {
    if (this.#perMs === Number.POSITIVE_INFINITY) return true;
    this.#due = Math.min(this.#most, this.#due + (nowMs - this.#countedMs) * this.#perMs);
    this.#countedMs = nowMs;
    if (this.#due < 1) return false;
    this.#due--;
    return true;
  }
}
