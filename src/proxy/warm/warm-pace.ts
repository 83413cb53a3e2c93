/** Of the time, so many milliseconds' worth of keys may be asked at once after a pause. */
const BURST_MS = 50;
const LEAST_WINDOW = 1;
const FIRST_WINDOW = 8;
const MOST_WINDOW = 256;
/**
 * The origin counts as slow when round trips take more than `SLOW_FACTOR` times the shortest one, and `SLOW_MS`: so
 * much more may clients have to wait. Less than that can be chance, on a machine with little time to spare.
 */
const SLOW_FACTOR = 2;
const SLOW_MS = 10;
/** The share of the latest round trip in their mean: one that is late by chance says little. */
const LATEST = 1 / 8;
/** How long the shortest round trip is remembered: for so long at least, and twice that at most. */
const MEMORY_MS = 10_000;
/** After a slow round trip the others that were under way are slow, too. */
const REST_MS = 20;

/**
 * Decides how many keys may be asked for while the cache is warmed, so that neither the origin nor its clients suffer:
 * at most so many a second, and never more at once than the origin answers without getting slower. That window grows
 * by one a round trip (faster at first), and is halved when round trips become slow (as congestion control by delay
 * does; R. Jain, "A delay-based approach for congestion avoidance", 1989). Requests of clients on their way to the
 * origin take their part of the window, so the more they ask the less is asked for warming.
 */
export class WarmPace {
  readonly #keysPerSecond: () => number;
  #window = FIRST_WINDOW;
  /** Until a round trip was slow for the first time, the window grows by one an answer. */
  #isExploring = true;
  #saved = 0;
  #refilledMs: number;
  #meanMs = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestBeforeMs = Number.POSITIVE_INFINITY;
  #rememberedMs: number;
  #restsUntilMs = 0;

  /** @param keysPerSecond the most keys a second; 0: no limit */
  constructor(keysPerSecond: () => number, nowMs: number) {
    this.#keysPerSecond = keysPerSecond;
    this.#refilledMs = nowMs;
    this.#rememberedMs = nowMs;
  }

  /** How many requests may be on their way to the origin before it gets slower. */
  get window(): number {
    return this.#window;
  }

  /**
   * Returns how many keys may be asked for now. However much clients ask, one is always under way: otherwise nobody
   * would notice when the origin has time again.
   * @param own reads for warming that are on their way to the origin
   * @param outstanding all requests on their way to the origin, those of clients included
   */
  allowance(nowMs: number, own: number, outstanding: number): number {
    const rate = this.#keysPerSecond();
    const room = Math.max(own === 0 ? 1 : 0, Math.floor(this.#window) - outstanding);
    if (rate === 0) return room;
    this.#saved += ((nowMs - this.#refilledMs) * rate) / 1000;
    this.#saved = Math.min(this.#saved, Math.max(1, (rate * BURST_MS) / 1000));
    this.#refilledMs = nowMs;
    return Math.min(room, Math.floor(this.#saved));
  }

  /** So many keys were asked for. */
  asked(count: number): void {
    if (this.#keysPerSecond() !== 0) this.#saved -= count;
  }

  /** The origin has answered for a key. */
  answered(roundTripMs: number, nowMs: number): void {
    if (nowMs - this.#rememberedMs >= MEMORY_MS) {
      this.#shortestBeforeMs = this.#shortestMs;
      this.#shortestMs = Number.POSITIVE_INFINITY;
      this.#rememberedMs = nowMs;
    }
    this.#shortestMs = Math.min(this.#shortestMs, roundTripMs);
    this.#meanMs += (roundTripMs - this.#meanMs) * LATEST;
    const shortestMs = Math.min(this.#shortestMs, this.#shortestBeforeMs);
    if (this.#meanMs > shortestMs * SLOW_FACTOR + SLOW_MS) {
      if (nowMs < this.#restsUntilMs) return;
      this.#window = Math.max(LEAST_WINDOW, this.#window / 2);
      this.#isExploring = false;
      this.#restsUntilMs = nowMs + Math.max(REST_MS, roundTripMs);
    } else {
      const growth = this.#isExploring ? 1 : 1 / this.#window;
      this.#window = Math.min(MOST_WINDOW, this.#window + growth);
    }
  }
}
