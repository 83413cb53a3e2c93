import type { Engine } from "../engine/engine.ts";
import type { Clock } from "../lib/clock.ts";

/** How often expired keys are searched for; Redis's default. */
const PERIOD_MS = 100;
/** Keys removed between two looks at the clock. */
const STEP_KEYS = 20;
/** About how long one piece of work takes. */
const WORK_MS = 1;
/** Most steps of one piece of work, however fast they are. */
const STEPS_PER_PIECE = 500;
/** Rest after a piece of work that left more to do. So at most a quarter of the time is spent on expiry. */
const REST_MS = 3;

/**
 * Removes expired keys that no client asks for, a few at a time: ten times a second, and more often while there are
 * many.
 */
export class ActiveExpiry {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param failed called when the engine cannot remove expired keys */
  constructor(engine: Engine, clock: Clock, failed: (error: unknown) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Begins, unless it has begun. */
  start(): void {
    if (this.#timer === undefined) this.#schedule(PERIOD_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#schedule(this.#work() ? REST_MS : PERIOD_MS);
    }, delayMs);
    this.#timer.unref();
  }

  /** Does one piece of work. @returns whether more is left to do at once */
  #work(): boolean {
    const untilMs = this.#clock.monotonicMs() + WORK_MS;
    let hasMore = true;
    try {
      for (let step = 0; hasMore && step < STEPS_PER_PIECE; step++) {
        hasMore = this.#engine.removeExpired(STEP_KEYS) >= STEP_KEYS;
        if (this.#clock.monotonicMs() >= untilMs) break;
      }
      // No reply waits for these removals, and the next client's reply should not wait for them either.
      this.#engine.settle()?.catch(this.#failed);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    return hasMore;
  }
}
