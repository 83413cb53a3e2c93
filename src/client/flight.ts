/** Single flight: callers in one process that wait for the value of one key. */

import { fromStrictUtf8, latin1 } from "../lib/bytes.ts";
import type { Key } from "./arguments.ts";
import type { Encoded } from "./codec.ts";

/** The result of a flight. */
export interface Landing {
  /** undefined if the loader returned undefined. */
  readonly value: Encoded | undefined;
  /** Whether the value was loaded here, rather than found. */
  readonly isLoaded: boolean;
}

/** The load of one key, and the callers in this process that wait for it. */
export class Flight {
  readonly key: Key;
  readonly keyName: string;
  isLoading = false;
  landing!: Promise<Landing>;
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

  start(landing: Promise<Landing>): void {
    this.landing = landing;
    const over = () => {
      this.#isOver = true;
    };
    // The waiters get a failure; if there are none left, it must not count as unhandled.
    landing.then(over, over);
  }

  /** Waits for the flight. When all waiters have cancelled, the flight is cancelled. */
  async join(signal: AbortSignal | undefined): Promise<Landing> {
    this.#waiters++;
    // A waiter without a signal never cancels, so it keeps the flight going.
    if (signal === undefined) return this.landing;
    try {
      return await unlessAborted(this.landing, signal);
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

/** Returns a name that is the same for text and bytes of the same key. */
export function keyName(key: Key): string {
  if (typeof key === "string") return `t${key}`;
  const text = fromStrictUtf8(key);
  return text === undefined ? `b${latin1(key)}` : `t${text}`;
}
