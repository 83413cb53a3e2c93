/** Timers as an argument, so that tests decide when they run. */
export interface Timers {
  /** Calls `act` once, after a number of milliseconds. */
  after(delayMs: number, act: () => void): Timer;
  /** Calls `act` periodically. Does not keep the program running. */
  every(periodMs: number, act: () => void): Timer;
}

export interface Timer {
  /** Ensures that `act` is not called any more. */
  stop(): void;
}

class SystemTimer implements Timer {
  readonly #handle: ReturnType<typeof setTimeout>;

  constructor(handle: ReturnType<typeof setTimeout>) {
    this.#handle = handle;
  }

  stop(): void {
    // `clearTimeout` ends intervals as well.
    clearTimeout(this.#handle);
  }
}

export const systemTimers: Timers = {
  after: (delayMs, act) => new SystemTimer(setTimeout(act, delayMs)),
  every: (periodMs, act) => new SystemTimer(unreferenced(setInterval(act, periodMs))),
};

/** Lets the program end while the timer runs. A browser's timers, which are numbers, keep no program running. */
function unreferenced<Handle>(handle: Handle): Handle {
  (handle as { unref?(): void }).unref?.();
  return handle;
}

interface Waiting {
  atMs: number;
  readonly periodMs: number | undefined;
  readonly act: () => void;
}

/** Timers that run when a test says so. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #waiting = new Set<Waiting>();

  /** How many timers have yet to run. */
  get count(): number {
    return this.#waiting.size;
  }

  after(delayMs: number, act: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + delayMs, periodMs: undefined, act });
  }

  every(periodMs: number, act: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + periodMs, periodMs, act });
  }

  #add(waiting: Waiting): Timer {
    this.#waiting.add(waiting);
    return { stop: () => this.#waiting.delete(waiting) };
  }

  /** Advances time: runs the timers that are due in the order of their times, including timers that these start. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (true) {
      let next: Waiting | undefined;
      for (const waiting of this.#waiting) if (waiting.atMs < (next?.atMs ?? untilMs + 1)) next = waiting;
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.periodMs === undefined) this.#waiting.delete(next);
      else next.atMs += next.periodMs;
      next.act();
    }
    this.#nowMs = untilMs;
  }
}
