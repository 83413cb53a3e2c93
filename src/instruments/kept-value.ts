/** What making a value may cost. */
export interface MakingCost {
  /** The share of one processor. */
  readonly share: number;
  /** A monotonic clock. */
  readonly clockMs: () => number;
}

/** A value that costs much to make and changes slowly: it is made anew when it is asked for after a while. */
export class KeptValue<T> {
  readonly #leastMs: number;
  readonly #make: () => T;
  readonly #cost: MakingCost | undefined;
  #value: T | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;

  /**
   * @param leastMs how long a value is kept at least
   * @param cost a value is kept for so long that making one keeps to this; undefined: making it may cost anything
   */
  constructor(leastMs: number, make: () => T, cost?: MakingCost) {
    this.#leastMs = leastMs;
    this.#make = make;
    this.#cost = cost;
  }

  get(nowMs: number): T {
    if (nowMs < this.#untilMs) return this.#value!;
    const cost = this.#cost;
    const startMs = cost === undefined ? 0 : cost.clockMs();
    const value = this.#make();
    const keptMs = cost === undefined ? 0 : (cost.clockMs() - startMs) / cost.share;
    this.#value = value;
    this.#untilMs = nowMs + Math.max(this.#leastMs, keptMs);
    return value;
  }

  /** It is made anew the next time. */
  forget(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
