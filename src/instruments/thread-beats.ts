/** What a thread says of itself. */
const THREAD_STATES = [
  "starting",
  "ready",
  "node-down",
  "origin-down",
  "origin-silent",
  "storage-failed",
  "draining",
] as const;
export type ThreadState = (typeof THREAD_STATES)[number];

/** 64-bit floats of a thread: when it said something last, and its state. */
const AT = 0;
const STATE = 1;
const FLOATS = 2;

/**
 * The last sign of life of each thread of a service, in shared memory. A thread that hangs or has died gives none, so
 * another thread sees it.
 */
export class ThreadBeats {
  readonly #floats: Float64Array;
  readonly threads: number;

  constructor(buffer: ArrayBufferLike, at: number, threads: number) {
    this.#floats = new Float64Array(buffer, at, threads * FLOATS);
    this.threads = threads;
  }

  static bytes(threads: number): number {
    return threads * FLOATS * Float64Array.BYTES_PER_ELEMENT;
  }

  beat(thread: number, nowMs: number, state: ThreadState): void {
    this.#floats[thread * FLOATS + STATE] = THREAD_STATES.indexOf(state);
    this.#floats[thread * FLOATS + AT] = nowMs;
  }

  stateOf(thread: number): ThreadState {
    return THREAD_STATES[this.#floats[thread * FLOATS + STATE]!]!;
  }

  /** Returns the time of the last sign of life; 0: there was none. */
  atMs(thread: number): number {
    return this.#floats[thread * FLOATS + AT]!;
  }
}
