import type { Log } from "../lib/log.ts";

const MESSAGES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** Logs messages of one kind that foreigners can cause: at most ten a minute, with the number of those left out. */
export class LimitedMessages {
  readonly #log: Log;
  readonly #clock: { monotonicMs(): number };
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #logged = 0;
  #unlogged = 0;

  constructor(log: Log, clock: { monotonicMs(): number }) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(message: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#minuteBegan >= MINUTE_MS) {
      this.#minuteBegan = nowMs;
      this.#logged = 0;
    }
    if (this.#logged === MESSAGES_PER_MINUTE) {
      this.#unlogged++;
      return;
    }
    this.#logged++;
    const others =
      this.#unlogged === 0 ? "" : `; ${this.#unlogged} others were closed for the same reason and not logged`;
    this.#unlogged = 0;
    this.#log.warn(`${message}${others}`);
  }
}
