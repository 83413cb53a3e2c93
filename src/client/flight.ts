/** Single flight: callers of one process who wait for the value of one key. */

import { fromStrictUtf8, latin1 } from "../lib/bytes.ts";
import type { Key } from "./arguments.ts";
import type { Encoded } from "./codec.ts";

/** What came of a flight. */
export interface Landing {
  /** undefined when the loader had none. */
  readonly value: Encoded | undefined;
  /** Whether the value was loaded here, not found. */
  readonly isLoaded: boolean;
}

/** One key on its way, and who waits for it here. */
export class Flight {
  readonly key: Key;
  readonly keyName: string;
  isLoading = false;
  settled!: Promise<Landing>;
  readonly #abort = new AbortController();
  #waiters = 0;
  #isOver = false;

  constructor(key: Key) {
    this.key = key;
    this.keyName = keyName(key);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  start(settled: Promise<Landing>): void {
    this.settled = settled;
    const over = () => {
      this.#isOver = true;
    };
    // A failure is told to those who wait, and there may be none left.
    settled.then(over, over);
  }

  /** Waits for it; when all who do so have given up, so does the flight. */
  async join(signal: AbortSignal | undefined): Promise<Landing> {
    this.#waiters++;
    // Without a signal it never gives up, and so keeps the flight going.
    if (signal === undefined) return this.settled;
    try {
      return await unlessAborted(this.settled, signal);
    } finally {
      if (--this.#waiters === 0 && signal.aborted) this.giveUp(signal.reason);
    }
  }

  giveUp(reason: unknown): void {
    if (!this.#isOver) this.#abort.abort(reason);
  }
}

/** Settles as `promise` does, or rejects with the signal's reason if that comes first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}

/** The same for text and bytes that stand for the same key. */
export function keyName(key: Key): string {
  if (typeof key === "string") return `t${key}`;
  const text = fromStrictUtf8(key);
  return text === undefined ? `b${latin1(key)}` : `t${text}`;
}
