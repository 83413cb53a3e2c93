/** The weight that older round trips keep at each call with new ones. At ten calls a second, half in a minute. */
const KEPT = 0.5 ** (1 / 600);

/**
 * Estimates the origin's time that hits saved: each hit counts as the mean round trip of a miss of about the last
 * minutes. What has been counted stays, so the sum never goes back when the origin becomes faster.
 */
export class SavedTime {
  totalMs = 0;
  #hits = 0;
  #count = 0;
  #sumMs = 0;
  #recentCount = 0;
  #recentMs = 0;

  /**
   * Counts the hits since the last call.
   * @param hits of this thread, so far
   * @param count round trips of misses of this thread, so far
   * @param sumMs their sum
   * @param otherwiseMs returns the mean if this thread has had no miss: its hits are of what other threads fetched
   */
  update(hits: number, count: number, sumMs: number, otherwiseMs: () => number): void {
    if (hits === this.#hits && count === this.#count) return;
    if (count > this.#count) {
      this.#recentCount = this.#recentCount * KEPT + count - this.#count;
      this.#recentMs = this.#recentMs * KEPT + sumMs - this.#sumMs;
    }
    const meanMs = count === 0 ? otherwiseMs() : this.#recentMs / this.#recentCount;
    this.totalMs += (hits - this.#hits) * meanMs;
    this.#hits = hits;
    this.#count = count;
    this.#sumMs = sumMs;
  }
}
