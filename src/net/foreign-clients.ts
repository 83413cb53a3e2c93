import type { Log } from "../lib/log.ts";

const MESSAGES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

const MESSAGES = {
  HTTP: "it sent HTTP; a web page may have tried to send requests of its own (cross-protocol scripting)",
  TLS: "it began with TLS, which this port does not speak",
};

/** Tells the operator of clients whose connections ended because they spoke another protocol: a few a minute. */
export class ForeignClients {
  readonly #log: Log;
  readonly #clock: { monotonicMs(): number };
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #told = 0;
  #untold = 0;

  constructor(log: Log, clock: { monotonicMs(): number }) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param client its address and port */
  closed(protocol: "HTTP" | "TLS", client: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#minuteBegan >= MINUTE_MS) {
      this.#minuteBegan = nowMs;
      this.#told = 0;
    }
    if (this.#told === MESSAGES_PER_MINUTE) {
      this.#untold++;
      return;
    }
    this.#told++;
    const others = this.#untold === 0 ? "" : `; ${this.#untold} more were closed since the last such message`;
    this.#untold = 0;
    this.#log.warn(`closed the connection of ${client}: ${MESSAGES[protocol]}${others}`);
  }
}
