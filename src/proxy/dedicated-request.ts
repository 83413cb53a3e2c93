import type { Ticket } from "../net/ticket.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { isErrorReply } from "../upstream/error-reply.ts";
import type { Fenced } from "../upstream/fenced.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import { type ConnectionKind, type Redirected, UpstreamRequest } from "../upstream/upstream-request.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Fence } from "./fence.ts";
import { failureMessage } from "./forwarded-request.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { type Redirection, withOwnId } from "./redirection.ts";
import { ERROR, FORWARDED } from "./request-results.ts";
import { textOfMoved } from "./several-nodes/moved-text.ts";

/** How a request ended. */
export type Outcome = "replied" | "null" | "error" | "failed";

export interface RequestHost {
  readonly fence: Fence;
  readonly stats: ProxyStats;
  /** The client is about to be shown a reply. It may be about any key, and newer than the cache. */
  shows(): void;
}

/** A request that a node may send on: its bytes[start, end), and what is needed to send them. */
export interface Again {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly version: 2 | 3;
  readonly isExec: boolean;
  /** Whether another node may execute it. */
  isFree(): boolean;
  /** What closes the connections of requests that were sent on. */
  readonly connections: Set<() => void>;
}

/** The way of a reply to its client. */
interface ReplyPath {
  readonly ticket: Ticket;
  /** undefined: the request is counted only. */
  readonly pending: PendingRequest | undefined;
  readonly host: RequestHost;
  readonly arrivals: Arrivals;
  /** Asked when the reply comes: whether it needs no fence. */
  isApart(): boolean;
  /** Whether the command may wait at the origin. */
  readonly blocks: boolean;
}

/** One request over a client's own connection. Its reply is shown behind a fence. */
export class DedicatedRequest extends UpstreamRequest {
  readonly #ticket: Ticket;
  readonly #host: RequestHost;
  readonly #arrivals: Arrivals;
  readonly #isApart: () => boolean;
  readonly #blocks: boolean;
  readonly #pending: PendingRequest | undefined;
  readonly #command: number;
  readonly #mayWrite: boolean;
  readonly #ended: (outcome: Outcome) => void;
  /** Returns the client that invalidations go to; set if the reply may name it. */
  readonly #redirection: (() => Redirection | undefined) | undefined;
  /** Set if a node may send the request on. */
  #again: Again | undefined = undefined;
  /** The node that the request was sent on to. */
  #behind: Fenced | undefined = undefined;
  #closeOwn: (() => void) | undefined = undefined;

  constructor(
    { ticket, pending, host, arrivals, isApart, blocks }: ReplyPath,
    mayHaveWritten: boolean,
    ended: (outcome: Outcome) => void,
    redirection: (() => Redirection | undefined) | undefined,
  ) {
    super();
    this.#ticket = ticket;
    this.#host = host;
    this.#arrivals = arrivals;
    this.#isApart = isApart;
    this.#blocks = blocks;
    this.#command = host.stats.requests.command;
    this.#pending = blocks ? undefined : pending;
    this.#mayWrite = mayHaveWritten;
    this.#ended = ended;
    this.#redirection = redirection;
  }

  /** Notes what is needed if a node sends the request on to another one. */
  mayGoElsewhere(again: Again): void {
    this.#again = again;
  }

  override get redirectsTo(): ConnectionKind | undefined {
    return this.#again?.isFree() === true ? { alone: this.#again.version } : undefined;
  }

  override redirect({ to, node, end: close }: Redirected): void {
    const { bytes, start, end, connections } = this.#again!;
    this.#leave();
    this.#behind = node;
    if (close !== undefined) connections.add(close);
    this.#closeOwn = close;
    to.out.append(bytes, start, end);
    this.repliesAwaited = 1;
    to.enqueue(this, this.#blocks ? Number.POSITIVE_INFINITY : undefined);
  }

  /** Closes the connection that the request was sent on over. */
  #leave(): void {
    const close = this.#closeOwn;
    if (close === undefined) return;
    this.#closeOwn = undefined;
    this.#again!.connections.delete(close);
    close();
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const outcome = isErrorReply(reader) ? "error" : reader.isNull ? "null" : "replied";
    const { stats } = this.#host;
    stats.origin.answered(outcome === "error", this.#blocks ? undefined : this.roundTripMs);
    this.#pending?.answered(this, "fence");
    const redirection = this.#redirection;
    const kept = redirection === undefined ? undefined : new Uint8Array(bytes.subarray(start, end));
    const moved = this.#again === undefined ? undefined : textOfMoved(bytes, reader, this.#again.isExec);
    if (moved !== undefined) this.#ticket.reply.error(moved);
    else if (kept === undefined) this.#ticket.buffer.append(bytes, start, end);
    const show = (): void => {
      // An earlier reply may have changed the redirection.
      if (kept !== undefined) this.#writeTranslated(kept, redirection!());
      this.#host.shows();
      this.#finished(FORWARDED);
      this.#ticket.done();
      this.#ended(outcome);
    };
    const behind = this.#behind;
    this.#leave();
    if (behind !== undefined) this.#host.fence.pass(behind, () => this.#arrivals.add(show));
    else if (this.#isApart()) this.#arrivals.addUnfenced(show);
    else this.#arrivals.add(show);
  }

  #finished(result: number): void {
    if (this.#pending === undefined) this.#host.stats.requests.count(result, this.#command);
    else this.#pending.ended(result);
  }

  #writeTranslated(bytes: Uint8Array, redirection: Redirection | undefined): void {
    const { buffer } = this.#ticket;
    buffer.append(redirection === undefined ? bytes : withOwnId(bytes, 0, bytes.length, redirection));
  }

  override failed(error: UpstreamError): void {
    const { stats } = this.#host;
    stats.origin.failed();
    this.#leave();
    this.#finished(ERROR);
    this.#ticket.reply.error(failureMessage(error, this.#mayWrite, stats));
    this.#ticket.done();
    this.#ended("failed");
  }
}
