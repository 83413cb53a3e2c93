import type { OriginFailure } from "../coherence/waiter.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK, INTEGER } from "../protocol/reply-types.ts";
import { writeRequest } from "../protocol/request-writer.ts";
import { isErrorReply, readErrorReply } from "../upstream/error-reply.ts";
import type { Fenced } from "../upstream/fenced.ts";
import type { LargeReplySink } from "../upstream/large-reply.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import {
  type ConnectionKind,
  type Redirected,
  type Upstream,
  UpstreamRequest,
} from "../upstream/upstream-request.ts";
import type { ProxyParts } from "./context.ts";
import type { Fence } from "./fence.ts";
import { IncomingValue } from "./incoming-value.ts";
import { PendingRequest } from "./pending-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { downgradeReply } from "./reply-downgrade.ts";
import { ERROR, FORWARDED } from "./request-results.ts";

interface ForwardedRequestOptions {
  readonly ticket: Ticket;
  readonly pending: PendingRequest;
  /** The client's RESP version; 0 for the text protocol. */
  readonly version: 0 | 2 | 3;
  /** Whether the request may change something at the origin. */
  readonly mayWrite: boolean;
  readonly stats: ProxyStats;
  readonly fence: Fence;
  /** What the reply's fence is of; set for requests over a side connection. */
  readonly behind?: Fenced | undefined;
  /** The kind of connection that it was sent over. */
  readonly sentOver: ConnectionKind;
  /** Whether the reply comes in the client's own RESP version. */
  readonly isRaw?: boolean;
  /** Called before the client gets the reply. */
  readonly beforeReply?: (() => void) | undefined;
  /**
   * Called with the bytes of the request when a node has sent it on or put it off.
   * @returns what to do, then, before the client gets the reply
   */
  readonly sentOn?: ((bytes: Uint8Array, start: number, end: number) => () => void) | undefined;
  /** Called once, when the reply has been written. */
  readonly done: () => void;
}

/** A request passed on unchanged; so is its reply. */
export class ForwardedRequest extends UpstreamRequest implements LargeReplySink {
  readonly #options: ForwardedRequestOptions;
  /** A large reply that is arriving, and how many steps are left before the client may have all of it. */
  #incoming: IncomingValue | undefined = undefined;
  #awaited = 0;
  /** What the reply's fence is of. */
  #behind: Fenced | undefined;
  /** What to do before the client gets the reply, because a node had sent the request on. */
  #beforeLateReply: (() => void) | undefined = undefined;
  /** Closes the connection that the request was sent on over, if it is the request's own. */
  #closeOwn: (() => void) | undefined = undefined;
  /** The bytes of the request, if they were kept: bytes[start, end). */
  #again: { readonly bytes: Uint8Array; readonly start: number; readonly end: number } | undefined =
    undefined;

  constructor(options: ForwardedRequestOptions) {
    super();
    this.#options = options;
    this.#behind = options.behind;
  }

  /** Notes the bytes of the request, in case it must be sent again. They must stay unchanged. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    this.#again = { bytes, start, end };
  }

  /** A request that may change something is not sent again: the origin may have executed it. */
  override resend(to: Upstream): boolean {
    if (this.#again === undefined || this.#incoming !== undefined || this.#options.mayWrite) return false;
    this.#send(to);
    return true;
  }

  /** A request whose bytes were not kept gets the error. */
  override get redirectsTo(): ConnectionKind | undefined {
    return this.#again === undefined ? undefined : this.#options.sentOver;
  }

  override redirect({ to, node, end }: Redirected): void {
    const { bytes, start, end: bytesEnd } = this.#again!;
    this.#beforeLateReply ??= this.#options.sentOn?.(bytes, start, bytesEnd);
    if (this.#behind !== undefined) this.#behind = node;
    this.#closeOwn?.();
    this.#closeOwn = end;
    this.#send(to);
  }

  #send(to: Upstream): void {
    const { bytes, start, end } = this.#again!;
    to.out.append(bytes, start, end);
    this.repliesAwaited = 1;
    to.enqueue(this);
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const { ticket, pending, version, fence, stats } = this.#options;
    const behind = this.#behind;
    stats.origin.answered(isErrorReply(reader), this.roundTripMs);
    pending.answered(this, behind === undefined ? undefined : "fence");
    const reply = behind === undefined ? ticket.begin() : ticket.reply;
    if (version === 0) writeTextReply(reply, bytes, reader);
    else if (version === 2 && !this.#options.isRaw) downgradeReply(bytes, start, reply.out);
    else reply.out.append(bytes, start, end);
    // The packet's time: a clock takes time to read.
    if (behind === undefined) this.#finish(FORWARDED, this.answeredMs);
    else fence.pass(behind, () => this.#finish(FORWARDED));
  }

  /** A byte string is the same in every version of RESP. */
  override takeLarge(lengthBytes: number): LargeReplySink {
    const { ticket, pending, fence, stats } = this.#options;
    const behind = this.#behind;
    stats.origin.answered(false, this.roundTripMs);
    pending.answered(this, "transfer");
    this.#incoming = new IncomingValue(lengthBytes, undefined);
    ticket.reply.takeLarge(this.#incoming.reader());
    this.#awaited = behind === undefined ? 1 : 2;
    if (behind === undefined) {
      ticket.done();
    } else {
      fence.pass(behind, () => {
        ticket.done();
        this.#largeStep();
      });
    }
    return this;
  }

  append(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#incoming!.append(bytes, start, end);
  }

  complete(): void {
    this.#largeStep();
    this.#options.pending.ended(FORWARDED);
  }

  /** The reply is complete, or its fence has passed. After both the client may have all of it. */
  #largeStep(): void {
    if (--this.#awaited > 0) return;
    this.#voidKeys();
    this.#incoming!.complete();
    this.#closeOwn?.();
    this.#options.done();
  }

  override failed(error: UpstreamError): void {
    if (this.#incoming !== undefined) {
      this.#options.stats.originErrors++;
      this.#options.pending.ended(ERROR);
      this.#incoming.lose();
      this.#largeStep();
      return;
    }
    const { ticket, mayWrite, stats } = this.#options;
    stats.origin.failed();
    ticket.begin().error(failureMessage(error, mayWrite, stats));
    this.#finish(ERROR);
  }

  /** Does what has to be done before the client gets the reply. */
  #voidKeys(): void {
    this.#options.beforeReply?.();
    this.#beforeLateReply?.();
  }

  #finish(result: number, nowMs?: number): void {
    const { ticket, pending, done } = this.#options;
    pending.ended(result, nowMs);
    this.#voidKeys();
    ticket.done();
    this.#closeOwn?.();
    done();
  }
}

interface FencedForwarding {
  readonly node: OriginNode;
  readonly upstream: Upstream;
  /** The kind of connection that `upstream` is. */
  readonly sentOver: ConnectionKind;
  readonly mayWrite: boolean;
  /** Called once, when the reply has been written. */
  readonly done: () => void;
}

/**
 * Forwards a client's request over a connection without invalidations that speaks the client's RESP version. The
 * reply waits behind a fence of the node.
 */
export function forwardFenced(
  { stats, fence, origin, sentRequests }: ProxyParts,
  client: Connection,
  request: Request,
  { node, upstream, sentOver, mayWrite, done }: FencedForwarding,
): void {
  const ticket = client.defer();
  const { out } = upstream;
  const start = out.length;
  writeRequest(out, request);
  stats.forwarded++;
  const pending = new PendingRequest(stats, client, request, request.text(0).toLowerCase());
  const version = client.respVersion as 2 | 3;
  const how = { version, mayWrite, isRaw: true, behind: node, sentOver };
  const forwarded = new ForwardedRequest({ ticket, pending, ...how, stats, fence, done });
  if (origin.redirects) {
    const length = out.length - start;
    sentRequests.keep(out.bytes, start, out.length);
    forwarded.keep(sentRequests.bytes, sentRequests.start, sentRequests.start + length);
  }
  upstream.enqueue(forwarded);
}

/** The error for a client whose protocol or command has no form for the origin's answer to GET. */
export const NOT_A_STRING = "ORIGINPROTOCOL the origin answered GET with something that is not a string";

/**
 * Returns the error that the client gets if the origin did not answer. It says when the outcome of a write is
 * unknown.
 */
export function failureMessage(error: OriginFailure, mayWrite: boolean, stats: ProxyStats): string {
  stats.originErrors++;
  if (mayWrite && error.maybeExecuted) {
    stats.unknownOutcomes++;
    return `OUTCOMEUNKNOWN ${error.message}; the write may or may not have happened`;
  }
  return `${error.code} ${error.message}`;
}

function writeTextReply(reply: ReplyWriter, bytes: Uint8Array, reader: ReplyReader): void {
  const { type, valueStart, valueEnd } = reader;
  const error = readErrorReply(bytes, reader);
  if (error !== undefined) {
    reply.error(error.text);
  } else if (reader.isNull) {
    reply.null();
  } else if (type === INTEGER) {
    // DEL answers with the number of keys removed.
    if (valueEnd - valueStart === 1 && bytes[valueStart] === 0x30) reply.null();
    else reply.ok();
  } else if (type === BULK) {
    reply.bulk(bytes, valueStart, valueEnd);
  } else {
    reply.ok();
  }
}
