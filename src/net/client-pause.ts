import type { Pause } from "../commands/client-context.ts";
import type { PauseMode } from "../commands/pause-request.ts";

const UNTIL_MS = 0;
const HOLDS_ALL = 1;

/** Numbers that a pause is made of. */
export const PAUSE_NUMBERS = 2;

/** CLIENT PAUSE: until when which commands wait. Threads of one service share it. */
export class ClientPause implements Pause {
  readonly #shared: Float64Array;
  readonly #nowMs: () => number;
  readonly #waiting = new Set<() => void>();
  /** Those that go on in a moment. */
  readonly #resuming = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param shared two numbers @param nowMs by a clock that all threads have */
  constructor(shared: Float64Array, nowMs: () => number) {
    this.#shared = shared;
    this.#nowMs = nowMs;
  }

  /** Whether there may be a pause: asked for each request, so it looks at one number only. */
  get isOn(): boolean {
    return this.#shared[UNTIL_MS] !== 0;
  }

  /** Which commands wait now; undefined: none. */
  get mode(): PauseMode | undefined {
    const untilMs = this.#shared[UNTIL_MS]!;
    if (untilMs === 0) return undefined;
    if (this.#nowMs() >= untilMs) {
      this.end();
      return undefined;
    }
    return this.#shared[HOLDS_ALL] === 1 ? "all" : "write";
  }

  /** Of two pauses the longer time and the stricter mode hold, as in Redis. */
  begin(forMs: number, mode: PauseMode): void {
    const isStrict = this.mode === "all" || mode === "all";
    const untilMs = Math.max(this.#shared[UNTIL_MS]!, this.#nowMs() + forMs);
    this.#shared[HOLDS_ALL] = isStrict ? 1 : 0;
    this.#shared[UNTIL_MS] = untilMs;
  }

  /** Ends the pause in all threads; those that wait in this one go on. */
  end(): void {
    this.#shared[UNTIL_MS] = 0;
    this.#shared[HOLDS_ALL] = 0;
    this.#wake();
  }

  /** Calls `resume` when the pause has ended. @returns how to wait no longer */
  wait(resume: () => void): () => void {
    this.#waiting.add(resume);
    this.#setTimer();
    return () => {
      this.#waiting.delete(resume);
      this.#resuming.delete(resume);
    };
  }

  /** How many wait in this thread. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    // Another thread may have made it longer, or ended it.
    const leftMs = Math.min(this.#shared[UNTIL_MS]! - this.#nowMs(), LONGEST_TIMER_MS);
    this.#timer = setTimeout(
      () => {
        if (this.mode === undefined) this.#wake();
        else this.#setTimer();
      },
      Math.max(1, leftMs),
    );
    this.#timer.unref();
  }

  /** Nobody goes on within the transaction that ended the pause. */
  #wake(): void {
    clearTimeout(this.#timer);
    for (const resume of this.#waiting) this.#resuming.add(resume);
    this.#waiting.clear();
    queueMicrotask(() => {
      for (const resume of this.#resuming) {
        this.#resuming.delete(resume);
        resume();
      }
    });
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;
