import type { Log } from "../lib/log.ts";

const MESSAGES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** Logs connections that were closed because the client spoke another protocol; at most a few messages a minute. */
export class ForeignClients {
  readonly #http: Messages;
  readonly #tls: Messages;

  constructor(log: Log, clock: { monotonicMs(): number }) {
    this.#http = new Messages(
      "it sent HTTP; a web page may have tried to send requests of its own (cross-protocol scripting)",
      log,
      clock,
    );
    this.#tls = new Messages("it began with TLS, which this port does not speak", log, clock);
  }

  /** @param client `address:port` */
  closed(protocol: "HTTP" | "TLS", client: string): void {
    (protocol === "HTTP" ? this.#http : this.#tls).log(client);
  }
}

/** Messages of one kind, at most MESSAGES_PER_MINUTE. */
class Messages {
  readonly #reason: string;
  readonly #log: Log;
  readonly #clock: { monotonicMs(): number };
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #logged = 0;
  #unlogged = 0;

  constructor(reason: string, log: Log, clock: { monotonicMs(): number }) {
    this.#reason = reason;
    this.#log = log;
    this.#clock = clock;
  }

  log(client: string): void {
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
    this.#log.warn(`closed the connection of ${client}: ${this.#reason}${others}`);
  }
}
