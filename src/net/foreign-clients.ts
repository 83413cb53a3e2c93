import type { Log } from "../lib/log.ts";
import { LimitedMessages } from "./limited-messages.ts";

const REASONS = {
  HTTP: "it sent HTTP; a web page may have tried to send requests of its own (cross-protocol scripting)",
  TLS: "it began with TLS, which this port does not speak",
} as const;
type ForeignProtocol = keyof typeof REASONS;

/** Logs connections that were closed because the client spoke another protocol; at most a few messages a minute. */
export class ForeignClients {
  readonly #messages: Readonly<Record<ForeignProtocol, LimitedMessages>>;

  constructor(log: Log, clock: { monotonicMs(): number }) {
    this.#messages = { HTTP: new LimitedMessages(log, clock), TLS: new LimitedMessages(log, clock) };
  }

  /** @param client `address:port` */
  closed(protocol: ForeignProtocol, client: string): void {
    this.#messages[protocol].warn(`closed the connection of ${client}: ${REASONS[protocol]}`);
  }
}
