import type { KeyRef } from "../lib/key-ref.ts";
import type { Ticket } from "../net/ticket.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import { CopySink } from "../store/copy-sink.ts";
import type { ProxyContext } from "./context.ts";
import { DescribedValue, describedHit } from "./described-value.ts";
import type { Lanes } from "./lanes.ts";
import { ManyValues } from "./many-values.ts";
import { OneValue } from "./one-value.ts";
import { PendingRequest } from "./pending-request.ts";
import { GET_QUESTION, type Question } from "./question.ts";
import { writeWholeReply } from "./reply-downgrade.ts";
import type { RequestMeter } from "./request-meter.ts";
import { writeSource } from "./source-attribute.ts";

/**
 * One client's reads through the cache. A hit is answered at once, a miss when the origin has answered. The client
 * has entered the main lane.
 */
export class CachedReads {
  readonly #client: ProxyContext;
  readonly #lanes: Lanes;
  readonly #requests: RequestMeter;

  constructor(client: ProxyContext, lanes: Lanes) {
    this.#client = client;
    this.#lanes = lanes;
    this.#requests = client.proxy.stats.requests;
  }

  /** Reads one key, the first argument. */
  get(request: Request, question: Question, reply: ReplyWriter): void {
    const { proxy, connection, namesSources } = this.#client;
    const { readThrough } = proxy;
    const key = proxy.keyOf(request, 1);
    // One time for both steps: an entry must not expire between its announcement and its delivery.
    const nowMs = connection.executingSinceMs;
    const mayHit = this.#lanes.mayHit(key);
    if (mayHit && namesSources && reply.version === 3) {
      const entry = readThrough.peek(key, question, nowMs);
      if (entry !== undefined) writeSource(reply, "hit", entry.ageMs, entry.remainingMs);
    }
    const isBytes = question.form === "bytes";
    if (
      mayHit &&
      (isBytes
        ? readThrough.lookup(key, question, reply, nowMs)
        : this.#wholeHit(key, question, reply, nowMs))
    ) {
      this.#requests.hit();
      return;
    }
    this.load(request, key, question, connection.defer(), mayHit);
  }

  /** Answers with a whole reply from the cache. @returns false where it is not there */
  #wholeHit(key: KeyRef, question: Question, reply: ReplyWriter, nowMs: number): boolean {
    const sink = new CopySink();
    if (!this.#client.proxy.readThrough.lookup(key, question, sink, nowMs)) return false;
    writeWholeReply(reply as RespWriter, sink.copy, 0, sink.copy.length);
    return true;
  }

  /** Executes GLASS.GET. */
  getDescribed(request: Request, reply: ReplyWriter): void {
    const key = this.#client.proxy.keyOf(request, 1);
    const mayHit = this.#lanes.mayHit(key);
    if (mayHit && describedHit(this.#client, key, reply)) {
      this.#requests.hit();
      return;
    }
    this.load(request, key, GET_QUESTION, this.#client.connection.defer(), mayHit, DescribedValue);
  }

  /** Executes MGET. */
  getMany(request: Request, reply: ReplyWriter): void {
    const { proxy, connection, namesSources } = this.#client;
    const lanes = this.#lanes;
    const { mayHit } = lanes;
    const nowMs = connection.executingSinceMs;
    const many = new ManyValues(proxy, request, { namesSources, mayHit, nowMs });
    if (many.isComplete) this.#requests.hit();
    if (many.isComplete && !many.hasLarge) {
      many.write(reply);
      return;
    }
    const ticket = connection.defer();
    if (many.isComplete) {
      many.write(ticket.reply);
      ticket.done();
      return;
    }
    let isHeld = false;
    const pending = new PendingRequest(proxy.stats, connection, request, "mget");
    lanes.beginMain();
    const awaitsPeer = many.load(request, pending, () => {
      pending.ended(many.result);
      many.write(ticket.reply);
      ticket.done();
      if (isHeld) connection.release();
      lanes.mainDone();
    });
    for (const index of many.missing) lanes.awaitKey(proxy.keyOf(request, index));
    if (awaitsPeer) {
      isHeld = true;
      connection.hold();
    }
  }

  /** Asks the origin for the key. */
  load(
    request: Request,
    key: KeyRef,
    question: Question,
    ticket: Ticket,
    mayHit: boolean,
    Waiting = OneValue,
  ): void {
    const { proxy, connection } = this.#client;
    const pending = new PendingRequest(proxy.stats, connection, request, "get");
    this.#lanes.beginMain();
    this.#lanes.awaitKey(key);
    const waiter = new Waiting(this.#client, ticket, this.#lanes.mainDone, question, pending);
    if (proxy.readThrough.load(key, question, waiter, mayHit, connection.executingSinceMs)) waiter.hold();
  }
}
