/** Time as an argument, so that tests control it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the machine's clock is set. For expiry as users state it. */
  wallMs(): number;
  /**
   * Milliseconds since some fixed point, which differs between threads. Never goes back. For durations, time-outs and
   * bounds of staleness.
   */
  monotonicMs(): number;
  /**
   * The same before it is rounded down, to measure how long things take. Absent if `monotonicMs` is not rounded. May be
   * called on its own.
   */
  readonly exactMs?: () => number;
}

/** Returns the function that reads a clock as exactly as it can be read. */
export function exactReader(clock: Pick<Clock, "monotonicMs" | "exactMs">): () => number {
  return clock.exactMs ?? (() => clock.monotonicMs());
}

/** Returns the function that makes what `monotonicMs` would have been of an exact reading. */
export function monotonicOf({ exactMs }: Pick<Clock, "exactMs">): (exactMs: number) => number {
  return exactMs === undefined ? (readingMs) => readingMs : Math.floor;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }
}
