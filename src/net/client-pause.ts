import type { Pause } from "../commands/client-context.ts";
import type { PauseMode } from "../commands/pause-request.ts";

const UNTIL_MS = 0;
const HOLDS_ALL = 1;

/** How many shared numbers represent a pause. */
export const PAUSE_NUMBERS = 2;

/** CLIENT PAUSE: which commands wait, and until when. All threads of a service share it. */
export class ClientPause implements Pause {
  readonly #shared: Float64Array;
  readonly #nowMs: () => number;
  readonly #waiting = new Set<() => void>();
  /** Waiting commands that go on at the end of this turn of the event loop. */
  readonly #resuming = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param shared PAUSE_NUMBERS numbers @param nowMs reads a clock that all threads share */
  constructor(shared: Float64Array, nowMs: () => number) {
    this.#shared = shared;
    this.#nowMs = nowMs;
  }

  /** Whether there may be a pause. Every request asks this, so it reads one number only. */
  get isOn(): boolean {
    return this.#shared[UNTIL_MS] !== 0;
  }

  /** Which commands wait now; undefined if none do. */
  get mode(): PauseMode | undefined {
    const untilMs = this.#shared[UNTIL_MS]!;
    if (untilMs === 0) return undefined;
    if (this.#nowMs() >= untilMs) {
      this.end();
      return undefined;
    }
    return this.#shared[HOLDS_ALL] === 1 ? "all" : "write";
  }

  /** If there is a pause already, the longer time and the stricter mode apply, as in Redis. */
  begin(forMs: number, mode: PauseMode): void {
    const isStrict = this.mode === "all" || mode === "all";
    const untilMs = Math.max(this.#shared[UNTIL_MS]!, this.#nowMs() + forMs);
    this.#shared[HOLDS_ALL] = isStrict ? 1 : 0;
    this.#shared[UNTIL_MS] = untilMs;
  }

  /** Ends the pause in all threads. Commands that wait in this thread go on. */
  end(): void {
    this.#shared[UNTIL_MS] = 0;
    this.#shared[HOLDS_ALL] = 0;
    this.#wake();
  }

  /** Calls `resume` when the pause has ended. @returns a function that cancels the wait */
  wait(resume: () => void): () => void {
    this.#waiting.add(resume);
    this.#setTimer();
    return () => {
      this.#waiting.delete(resume);
      this.#resuming.delete(resume);
    };
  }

  /** How many commands wait in this thread. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    // Another thread may have extended or ended the pause.
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

  /** Waiting commands go on after the current request: it may be a transaction that ended the pause. */
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
