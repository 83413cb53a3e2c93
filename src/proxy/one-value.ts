import type { LargeValue } from "../lib/byte-buffer.ts";
import type { Ticket } from "../net/connection.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyContext } from "./context.ts";
import type { Source, Waiter } from "./flight.ts";
import { failureMessage, NOT_A_STRING } from "./forwarded-request.ts";
import { downgradeReply } from "./reply-downgrade.ts";
import { writeSource } from "./source-attribute.ts";

/** A GET that waits for the origin. */
export class OneValue implements Waiter {
  readonly #session: ProxyContext;
  readonly #ticket: Ticket;
  readonly #done: () => void;
  #holds = false;

  constructor(session: ProxyContext, ticket: Ticket, done: () => void) {
    this.#session = session;
    this.#ticket = ticket;
    this.#done = done;
  }

  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void {
    const reply = this.#ticket.begin();
    if (this.#session.namesSources && reply.version === 3) writeSource(reply, source, 0, remainingMs);
    reply.bulk(bytes, start, end);
    this.#finish();
  }

  missing(): void {
    this.#ticket.begin().null();
    this.#finish();
  }

  refused(message: string): void {
    this.#ticket.begin().error(message);
    this.#finish();
  }

  odd(bytes: Uint8Array, start: number, end: number): void {
    const reply = this.#ticket.begin();
    if (reply.version === 3) reply.out.append(bytes, start, end);
    else if (reply.version === 2) downgradeReply(bytes, start, reply.out);
    else reply.error(NOT_A_STRING);
    this.#finish();
  }

  failed(error: UpstreamError): void {
    this.#ticket.begin().error(failureMessage(error, false, this.#session.proxy.stats));
    this.#finish();
  }

  arriving(value: LargeValue, source: Source, remainingMs: number): void {
    const reply = this.#ticket.begin();
    if (this.#session.namesSources && reply.version === 3) writeSource(reply, source, 0, remainingMs);
    reply.takeLarge(value);
    this.#ticket.done();
  }

  arrived(error?: UpstreamError): void {
    // The client is cut off when it finds the value lost: a part of it may have been sent.
    if (error !== undefined) this.#session.proxy.stats.originErrors++;
    this.#ended();
  }

  /** Nothing more is executed for the client until the value has come. */
  hold(): void {
    this.#holds = true;
    this.#session.connection.hold();
  }

  #finish(): void {
    this.#ticket.done();
    this.#ended();
  }

  #ended(): void {
    if (this.#holds) this.#session.connection.release();
    this.#done();
  }
}
