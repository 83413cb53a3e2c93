import { toldKey } from "../instruments/told-key.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Log } from "../lib/log.ts";

/** How each message begins. */
export const BROKEN_PROMISE = "a promise is broken";
/** Keys are cut to this length. */
const SHOWN_KEY_BYTES = 128;
/** Between two messages. */
const INTERVAL_MS = 1000;

/** Logs stale values that audits have found: the first one at once, then at most one a second. */
export class BrokenPromiseLog {
  readonly #log: Log;
  readonly #nowMs: () => number;
  #loggedMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(log: Log, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  add(key: KeyRef): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#loggedMs < INTERVAL_MS) {
      this.#unlogged++;
      return;
    }
    const more = this.#unlogged === 0 ? "" : ` (and ${this.#unlogged} more since the last message)`;
    this.#loggedMs = nowMs;
    this.#unlogged = 0;
    this.#log.error(
      `${BROKEN_PROMISE}: the cache served an old value of ${shownKey(key)}, which the origin had changed without ` +
        `an invalidation${more}; the key is dropped`,
    );
  }
}

/** Returns the key as quoted text, or in base64. */
function shownKey({ bytes, start, end }: KeyRef): string {
  const isCut = end - start > SHOWN_KEY_BYTES;
  const told = toldKey(bytes.subarray(start, isCut ? start + SHOWN_KEY_BYTES : end), isCut);
  if ("base64" in told) return `the key ${told.base64} (base64${isCut ? ", its beginning" : ""})`;
  // Controls beyond ASCII could change what a terminal shows; JSON escapes the others.
  return JSON.stringify(told.text).replace(/[\u007f-\u009f]/g, "\ufffd");
}
