import type { NoValue, OriginFailure, Source, Waiter } from "../coherence/waiter.ts";
import type { LargeValue } from "../lib/byte-buffer.ts";
import type { Ticket } from "../net/ticket.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { ProxyContext } from "./context.ts";
import { failureMessage, NOT_A_STRING } from "./forwarded-request.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { Question } from "./question.ts";
import { writeWholeReply } from "./reply-downgrade.ts";
import { COALESCED, ERROR, MISS } from "./request-results.ts";
import { writeSource } from "./source-attribute.ts";

/** A cached read of one key that waits for the origin. */
export class OneValue implements Waiter {
  readonly #session: ProxyContext;
  readonly #ticket: Ticket;
  readonly #done: () => void;
  readonly #form: Question["form"];
  readonly #pending: PendingRequest;
  isCoalesced = false;
  #holds = false;

  constructor(
    session: ProxyContext,
    ticket: Ticket,
    done: () => void,
    { form }: Question,
    pending: PendingRequest,
  ) {
    this.#session = session;
    this.#ticket = ticket;
    this.#done = done;
    this.#form = form;
    this.#pending = pending;
  }

  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void {
    const reply = this.#ticket.begin();
    this.announce(reply, source, remainingMs);
    if (this.#form === "bytes") reply.bulk(bytes, start, end);
    else writeWholeReply(reply as RespWriter, bytes, start, end);
    this.#finish(this.#result, this.#answered());
  }

  without(reason: NoValue): void {
    const reply = this.#ticket.begin();
    switch (reason.kind) {
      case "missing":
        this.writeMissing(reply);
        break;
      case "refused":
        reply.error(reason.message);
        break;
      case "failed":
        reply.error(failureMessage(reason.error, false, this.#session.proxy.stats));
        break;
      case "odd":
        if (reply.version === 0) reply.error(NOT_A_STRING);
        else writeWholeReply(reply as RespWriter, reason.bytes, reason.start, reason.end);
    }
    if (reason.kind === "failed") this.#finish(ERROR);
    else this.#finish(this.#result, this.#answered());
  }

  arriving(value: LargeValue, source: Source, remainingMs: number): void {
    const reply = this.#ticket.begin();
    this.announce(reply, source, remainingMs);
    reply.takeLarge(value);
    this.#answered("transfer");
    this.#ticket.done();
  }

  arrived(error?: OriginFailure): void {
    // The client's connection ends when it finds the value lost: a part of it may have been sent.
    if (error !== undefined) this.#session.proxy.stats.originErrors++;
    this.#ended(error === undefined ? this.#result : ERROR);
  }

  /** Writes where a value came from, in front of it. */
  protected announce(reply: ReplyWriter, source: Source, remainingMs: number): void {
    if (this.#session.namesSources && reply.version === 3) writeSource(reply, source, 0, remainingMs);
  }

  protected writeMissing(reply: ReplyWriter): void {
    reply.null();
  }

  /** Executes nothing more for the client until the value has come. */
  hold(): void {
    this.#holds = true;
    this.#session.connection.hold();
  }

  get #result(): number {
    return this.isCoalesced ? COALESCED : MISS;
  }

  /** @returns when the answer came; undefined: to another read's question */
  #answered(rest?: "transfer"): number | undefined {
    if (this.isCoalesced) return undefined;
    const { latestMiss } = this.#session.proxy.stats.origin;
    this.#pending.answered(latestMiss, rest);
    return latestMiss.answeredMs;
  }

  #finish(result: number, nowMs?: number): void {
    this.#ticket.done();
    this.#ended(result, nowMs);
  }

  #ended(result: number, nowMs?: number): void {
    this.#pending.ended(result, nowMs);
    if (this.#holds) this.#session.connection.release();
    this.#done();
  }
}
