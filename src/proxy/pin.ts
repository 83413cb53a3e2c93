import { parseDecimal } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { INTEGER } from "../protocol/reply-types.ts";
import { writeCommand, writeRequest } from "../protocol/request-writer.ts";
import { CallbackRequest } from "../upstream/callback-request.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { isErrorReply } from "../upstream/error-reply.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { UpstreamRequest } from "../upstream/upstream-request.ts";
import { Arrivals } from "./arrivals.ts";
import { type Change, ClientState, type Effect } from "./client-state.ts";
import type { Fence } from "./fence.ts";
import { failureMessage } from "./forwarded-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import type { ReadOnlyScripts } from "./read-only-scripts.ts";
import { type Redirection, withOwnId } from "./redirection.ts";
import { calledFunction, replicates } from "./replicates.ts";
import { mayWrite, type Route, staysInDatabase } from "./routes.ts";
import { countSubscriptions } from "./subscriptions.ts";

export interface PinHost {
  readonly connection: Connection;
  readonly node: OriginNode;
  /** The database that the connection is in at first. */
  readonly database: number;
  readonly fence: Fence;
  readonly scripts: ReadOnlyScripts;
  readonly stats: ProxyStats;
  readonly timeoutMs: number;
  /** The client is about to be shown a reply: it may be about any key, and newer than what is cached. */
  shows(): void;
  /** Every key may have changed, and no invalidation tells. */
  changedAll(): void;
  /** Every reply asked for so far has come. */
  idle(): void;
  /** The client needs no connection of its own any longer. */
  unpinned(): void;
}

const NO_CHANGE: Change = { effect: "none", redirection: undefined, database: undefined, broadcasts: false };

/** How a request ended. */
type Outcome = "replied" | "null" | "error" | "failed";

const SUBSCRIBING = new Set(["subscribe", "psubscribe", "ssubscribe"]);
const UNSUBSCRIBING = new Set(["unsubscribe", "punsubscribe", "sunsubscribe"]);

/**
 * One client bound to an upstream connection of its own, for as long as its state there (a transaction, watched
 * keys, a blocking command, a database other than 0, tracking) needs it; a subscriber for good. Everything
 * it asks goes there and comes back through a fence, so that what it has written or read is never contradicted by
 * the cache.
 */
export class Pin {
  readonly #host: PinHost;
  #version: 2 | 3;
  readonly #upstream: UpstreamConnection;
  readonly #arrivals: Arrivals;
  /** Whether what is sent now will be queued for EXEC, should all that was sent before succeed. */
  #queues = false;
  /** The same as of the replies that have come. */
  #inTransaction = false;
  #watching = false;
  #tracking = false;
  /** Whether another database than the first one is selected. */
  #elsewhere = false;
  /** What a SELECT within the transaction will make of that. */
  #queuedElsewhere: boolean | undefined;
  /** Messages arrive that answer no request. */
  #listening = false;
  /** What to do here once EXEC has run the commands queued for it, in their order. */
  #atExec: (() => void)[] = [];
  /** A command queued for EXEC is one that replicas are told of. */
  queuedReplicates = false;
  /** Functions that commands queued for EXEC call. */
  queuedFunctions: string[] = [];
  /** Blocking commands that have begun at the origin. */
  #blockedThere = 0;
  /** The connection's id at the origin, and who waits for it. */
  #originId: number | undefined;
  #idWaiters: ((id: number | undefined) => void)[] | undefined;
  readonly #state: ClientState;
  /** Things about the connection have changed that are not followed here: it is never given back. */
  #isPeculiar = false;
  #outstanding = 0;
  /** Blocking commands outstanding. */
  #blocking = 0;
  #ended = false;
  /** Nobody wants messages any longer. */
  #isDeaf = false;

  /** @throws UpstreamError when the origin is down */
  constructor(host: PinHost, version: 2 | 3) {
    this.#host = host;
    this.#state = new ClientState(host.connection);
    this.#version = version;
    this.#upstream = host.node.dedicated(version, {
      pushed: (bytes, start, end) => this.#relay(bytes, start, end),
      stray: (bytes, start, end) => this.#relay(bytes, start, end),
      closed: () => this.#lost(),
      mayBeAsked: () => this.#mayBeAsked,
    });
    this.#arrivals = new Arrivals(host.fence, host.node);
  }

  /** Whether replies are outstanding (messages aside). */
  get isBusy(): boolean {
    return this.#outstanding > 0;
  }

  /** Whether messages arrive that answer no request: a subscriber's, or invalidations. */
  get listens(): boolean {
    return this.#listening || this.#tracking;
  }

  /** Whether the next request will be queued in a transaction. */
  get queues(): boolean {
    return this.#queues;
  }

  /** Whether all that this RESP2 client is sent are messages: it may then ask only for what a subscriber may. */
  get answersByMessages(): boolean {
    return this.#listening && this.#version === 2;
  }

  /** Whether a PING of the proxy's own is answered apart from what the client has asked, and at once. */
  get #mayBeAsked(): boolean {
    const areMessagesReplies = this.#version === 2 && this.#listening;
    return !(areMessagesReplies || this.#queues || this.#inTransaction || this.#blocking > 0);
  }

  /** Flags of CLIENT LIST. */
  get flags(): string {
    const { channels, patterns, shardChannels } = this.#host.connection;
    const subscribed = channels + patterns + shardChannels > 0 ? "P" : "";
    const blocked = this.#blockedThere > 0 ? "b" : "";
    return `${subscribed}${this.#inTransaction ? "x" : ""}${blocked}${this.#tracking ? "t" : ""}${this.#state.broadcasts ? "B" : ""}`;
  }

  /** The connection's id at the origin while it waits there in a blocking command. */
  get blockedOriginId(): number | undefined {
    return this.#blockedThere > 0 ? this.#originId : undefined;
  }

  /** Finds out which id the origin knows the connection by; undefined where it does not say, or cannot be asked now. */
  withOriginId(then: (id: number | undefined) => void): void {
    const mayAsk = !this.#queues && !this.answersByMessages && this.#blocking === 0;
    if (this.#originId !== undefined || (this.#idWaiters === undefined && !mayAsk)) then(this.#originId);
    else if (this.#idWaiters !== undefined) this.#idWaiters.push(then);
    else {
      const waiters = [then];
      this.#idWaiters = waiters;
      this.#askId(() => {
        this.#idWaiters = undefined;
        for (const waiter of waiters) waiter(this.#originId);
      });
    }
  }

  /** The connection stays the client's, whatever it asks. */
  keep(): void {
    this.#isPeculiar = true;
  }

  /** What is queued is refused here: the origin is asked for what it refuses, so that EXEC fails there, too. */
  refuse(message: string): void {
    const { connection } = this.#host;
    writeCommand(this.#upstream.out, ["GLASSCACHE.REFUSED"]);
    this.#outstanding++;
    const ticket = connection.defer();
    const ended = (): void => {
      this.#outstanding--;
      this.#apply("none", "error");
    };
    const show = (): void =>
      this.#arrivals.add(() => {
        ticket.reply.error(message);
        ticket.done();
        ended();
      });
    this.#upstream.enqueue(new CallbackRequest(show, show), this.#host.timeoutMs);
  }

  /** @param redirection where invalidations are to go if this succeeds */
  request(request: Request, route: Route | undefined, redirection?: Redirection): void {
    const { connection, database, stats, timeoutMs } = this.#host;
    const name = request.text(0).toLowerCase();
    if (!this.#upstream.accepts) {
      this.#overflow();
      return;
    }
    stats.forwarded++;
    const blocks = route?.blocks === true && !this.#queues;
    if (blocks) this.#announceBlocking();
    const subscribesFirst = SUBSCRIBING.has(name) && !this.#queues && !this.#listening;
    if (subscribesFirst && this.#originId === undefined && this.#blocking === 0) this.withOriginId(() => {});
    writeRequest(this.#upstream.out, request);
    const subscribes = SUBSCRIBING.has(name) ? request.count > 1 : UNSUBSCRIBING.has(name);
    if (subscribes) {
      this.#listening = true;
      connection.exemptFromIdleTimeout = true;
    }
    // A subscriber's replies are messages: RESP3 pushes them, and to a RESP2 client they are all that is sent.
    const repliesAreMessages = !this.#queues && (this.#version === 2 ? this.#listening : subscribes);
    if (repliesAreMessages) {
      this.#upstream.queueFlush();
      return;
    }
    const effect = effectOf(name, request, database);
    const change: Change = {
      ...{ effect, redirection },
      database: effect.startsWith("select") ? Number(request.text(1)) : undefined,
      broadcasts: effect === "tracking-on" && isBroadcast(request),
    };
    if (this.#queues) this.#noteQueued(name, request, route);
    if (effect === "multi") this.#queues = true;
    const atExec = effect === "exec" || effect === "discard" ? this.#takeQueued() : [];
    if (blocks) {
      this.#blocking++;
      connection.exemptFromIdleTimeout = true;
    }
    this.#outstanding++;
    const ended = (outcome: Outcome): void => {
      this.#outstanding--;
      if (blocks) {
        this.#blocking--;
        this.#blockedThere = Math.max(0, this.#blockedThere - 1);
      }
      connection.exemptFromIdleTimeout = this.#listening || this.#blocking > 0;
      this.#follow(change, outcome, atExec);
    };
    const mayBeApart = staysInDatabase(route);
    // What another database holds is not cached, so the cache cannot contradict it.
    const isApart = (): boolean => mayBeApart && this.#elsewhere && !this.#inTransaction;
    this.#upstream.enqueue(
      new PinnedRequest(
        { ticket: connection.defer(), host: this.#host, arrivals: this.#arrivals, isApart },
        mayWrite(route),
        ended,
        name === "client" ? () => this.#state.redirection : undefined,
      ),
      // What stands behind a blocking command waits as long as that does.
      this.#blocking > 0 ? Number.POSITIVE_INFINITY : timeoutMs,
    );
  }

  /**
   * Queues something that the proxy does itself: the origin is asked for what changes nothing and answers OK in its
   * place, which says whether it was queued, and whether EXEC ran it.
   */
  queue(act: () => void): void {
    writeCommand(this.#upstream.out, ["CLIENT", "REPLY", "ON"]);
    const { connection, stats, timeoutMs } = this.#host;
    stats.forwarded++;
    this.#outstanding++;
    this.#atExec.push(act);
    const ended = (outcome: Outcome): void => {
      this.#outstanding--;
      this.#follow(NO_CHANGE, outcome, []);
    };
    const to = {
      ticket: connection.defer(),
      host: this.#host,
      arrivals: this.#arrivals,
      isApart: () => false,
    };
    this.#upstream.enqueue(new PinnedRequest(to, false, ended, undefined), timeoutMs);
  }

  /**
   * In one packet with a blocking command: when it has been answered, that one has begun. So CLIENT UNBLOCK finds it
   * blocked, under this id.
   */
  #announceBlocking(): void {
    this.#askId(() => {
      this.#blockedThere++;
    });
  }

  #askId(then: () => void): void {
    writeCommand(this.#upstream.out, ["CLIENT", "ID"]);
    const question = new CallbackRequest((bytes, _start, _end, { type, valueStart, valueEnd }) => {
      const id = type === INTEGER ? parseDecimal(bytes, valueStart, valueEnd) : undefined;
      this.#originId = id ?? this.#originId;
      then();
    }, then);
    this.#upstream.enqueue(question, this.#blocking > 0 ? Number.POSITIVE_INFINITY : this.#host.timeoutMs);
  }

  /** HELLO: replies come in this version from now on. Only while not busy. */
  speak(version: 2 | 3): void {
    this.#version = version;
    writeCommand(this.#upstream.out, ["HELLO", String(version)]);
    // The reply says nothing. Should none come, requests behind it lack theirs, too.
    this.#upstream.enqueue(new CallbackRequest(() => {}), this.#host.timeoutMs);
  }

  /**
   * HELLO of a RESP2 subscriber. The origin refuses it in its place among the messages: as it does for subscribers,
   * or, should it take the client for none any more, because there is no such version.
   */
  refuseHello(): void {
    writeCommand(this.#upstream.out, ["HELLO", "1"]);
    this.#upstream.queueFlush();
  }

  /** The client has gone, or starts afresh. */
  end(): void {
    this.#isDeaf = true;
    this.#close();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#upstream.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
  }

  #noteQueued(name: string, request: Request, route: Route | undefined): void {
    const called = calledFunction(name, request);
    if (called !== undefined) this.queuedFunctions.push(called);
    else if (replicates(name, request, this.#host.scripts)) this.queuedReplicates = true;
    // No invalidation tells of it (SWAPDB).
    if (route?.kind === "write" && route.all === true) this.#atExec.push(this.#host.changedAll);
    if (name === "client") this.#isPeculiar = true;
  }

  /** EXEC or DISCARD is sent: what is asked for behind it is not part of the transaction. */
  #takeQueued(): (() => void)[] {
    const atExec = this.#atExec;
    this.#atExec = [];
    this.#queues = false;
    this.queuedReplicates = false;
    this.queuedFunctions = [];
    return atExec;
  }

  /** A request has ended: what it has changed about the client, and what is to be done here. */
  #follow(change: Change, outcome: Outcome, atExec: readonly (() => void)[]): void {
    if (outcome === "failed") {
      this.#lost();
      return;
    }
    if (outcome === "error") this.#state.failed(change, this.#inTransaction);
    else this.#state.succeeded(change, outcome === "null", this.#inTransaction);
    this.#apply(change.effect, outcome, atExec);
  }

  #apply(effect: Effect, outcome: Exclude<Outcome, "failed">, atExec: readonly (() => void)[] = []): void {
    if (effect === "exec" && this.#inTransaction) {
      this.#endTransaction(outcome === "replied");
      if (outcome === "replied") for (const act of atExec) act();
    } else if (outcome !== "error") this.#succeeded(effect);
    if (this.#ended || this.#outstanding > 0) return;
    this.#queues = this.#inTransaction;
    const isNeeded =
      this.#inTransaction ||
      this.#watching ||
      this.#tracking ||
      this.#elsewhere ||
      this.#listening ||
      this.#isPeculiar;
    if (isNeeded) {
      this.#host.idle();
      return;
    }
    this.#ended = true;
    this.#host.node.giveBack(this.#upstream, this.#version);
    this.#host.unpinned();
  }

  #succeeded(effect: Effect): void {
    if (effect === "multi") this.#inTransaction = true;
    else if (effect === "peculiar") this.#isPeculiar = true;
    else if (effect === "discard") this.#endTransaction(false);
    else if (effect === "select-first" || effect === "select-other") {
      if (this.#inTransaction) this.#queuedElsewhere = effect === "select-other";
      else this.#elsewhere = effect === "select-other";
    } else if (this.#inTransaction) return;
    else if (effect === "watch") this.#watching = true;
    else if (effect === "unwatch") this.#watching = false;
    else if (effect === "tracking-on") this.#tracking = true;
    else if (effect === "tracking-off") this.#tracking = false;
  }

  /** An EXEC that fails ends the transaction, too, and forgets the watched keys. */
  #endTransaction(executed: boolean): void {
    if (executed) this.#elsewhere = this.#queuedElsewhere ?? this.#elsewhere;
    this.#queuedElsewhere = undefined;
    this.#inTransaction = false;
    this.#watching = false;
  }

  /** One request less might be a transaction that lacks a command: the client cannot go on. */
  #overflow(): void {
    const { connection, node, stats } = this.#host;
    const ticket = connection.defer();
    ticket.reply.error(failureMessage(node.overloaded(), false, stats));
    ticket.done();
    this.#lost();
  }

  /** No answer in time, or the connection is gone, and with it the client's state: the client cannot go on. */
  #lost(): void {
    if (this.#ended) return;
    this.#close();
    const { connection, unpinned } = this.#host;
    connection.hold();
    unpinned();
    // What came before is still on its way.
    this.#arrivals.add(() => connection.closeAfterReplies());
  }

  #relay(bytes: Uint8Array, start: number, end: number): void {
    const { connection } = this.#host;
    countSubscriptions(connection, bytes, start, end);
    const { redirection } = this.#state;
    const message =
      redirection === undefined
        ? new Uint8Array(bytes.subarray(start, end))
        : withOwnId(bytes, start, end, redirection);
    this.#arrivals.add(() => {
      // In front of the replies outstanding: those that the origin sent before it have been shown already.
      if (!this.#isDeaf) connection.pushAhead(message, 0, message.length);
    });
  }
}

/** Where the reply to a pinned request goes. */
interface PinnedReply {
  readonly ticket: Ticket;
  readonly host: PinHost;
  readonly arrivals: Arrivals;
  /** Asked when the reply comes: whether it needs no fence. */
  isApart(): boolean;
}

class PinnedRequest extends UpstreamRequest {
  readonly #ticket: Ticket;
  readonly #host: PinHost;
  readonly #arrivals: Arrivals;
  readonly #isApart: () => boolean;
  readonly #mayWrite: boolean;
  readonly #ended: (outcome: Outcome) => void;
  /** The reply may name the client that invalidations go to. */
  readonly #redirection: (() => Redirection | undefined) | undefined;

  constructor(
    { ticket, host, arrivals, isApart }: PinnedReply,
    mayHaveWritten: boolean,
    ended: (outcome: Outcome) => void,
    redirection: (() => Redirection | undefined) | undefined,
  ) {
    super();
    this.#ticket = ticket;
    this.#host = host;
    this.#arrivals = arrivals;
    this.#isApart = isApart;
    this.#mayWrite = mayHaveWritten;
    this.#ended = ended;
    this.#redirection = redirection;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const outcome = isErrorReply(reader) ? "error" : reader.isNull ? "null" : "replied";
    const redirection = this.#redirection;
    const kept = redirection === undefined ? undefined : new Uint8Array(bytes.subarray(start, end));
    if (kept === undefined) this.#ticket.buffer.append(bytes, start, end);
    const show = (): void => {
      // Who it is about may have been settled by the reply before.
      if (kept !== undefined) this.#writeTranslated(kept, redirection!());
      this.#host.shows();
      this.#ticket.done();
      this.#ended(outcome);
    };
    if (this.#isApart()) this.#arrivals.addUnfenced(show);
    else this.#arrivals.add(show);
  }

  #writeTranslated(bytes: Uint8Array, redirection: Redirection | undefined): void {
    const { buffer } = this.#ticket;
    buffer.append(redirection === undefined ? bytes : withOwnId(bytes, 0, bytes.length, redirection));
  }

  override failed(error: UpstreamError): void {
    this.#ticket.reply.error(failureMessage(error, this.#mayWrite, this.#host.stats));
    this.#ticket.done();
    this.#ended("failed");
  }
}

/** Commands that make the origin treat what comes over the same connection otherwise. */
export function changesConnection(name: string, request: Request): boolean {
  if (name === "script") return request.count > 1 && request.text(1).toLowerCase() === "debug";
  return name === "readonly" || name === "readwrite" || name === "asking";
}

/** Whether a CLIENT TRACKING has the option BCAST. */
function isBroadcast(request: Request): boolean {
  for (let index = 3; index < request.count; index++) {
    const option = request.text(index).toLowerCase();
    if (option === "bcast") return true;
    if (option === "prefix" || option === "redirect") index++;
  }
  return false;
}

function effectOf(name: string, request: Request, database: number): Effect {
  switch (name) {
    // With more arguments these are errors that change nothing.
    case "multi":
    case "exec":
    case "discard":
    case "unwatch":
      return request.count === 1 ? name : "none";
    case "watch":
      return name;
    case "script":
    case "readonly":
    case "readwrite":
    case "asking":
      return changesConnection(name, request) ? "peculiar" : "none";
    case "select":
      return request.count === 2 && request.text(1) === String(database) ? "select-first" : "select-other";
    case "client":
      if (request.count >= 3 && request.text(1).toLowerCase() === "tracking") {
        return request.text(2).toLowerCase() === "on" ? "tracking-on" : "tracking-off";
      }
      return "none";
    default:
      return "none";
  }
}
