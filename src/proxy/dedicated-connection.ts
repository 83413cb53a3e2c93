import type { ByteSlab } from "../lib/byte-slab.ts";
import { parseDecimal } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import { INTEGER } from "../protocol/reply-types.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import { writeCommand, writeRequest } from "../protocol/request-writer.ts";
import { CallbackRequest } from "../upstream/callback-request.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { isErrorReply } from "../upstream/error-reply.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { Arrivals } from "./arrivals.ts";
import { type Change, ClientState, type Effect } from "./client-state.ts";
import { DedicatedRequest, type Outcome, type RequestHost } from "./dedicated-request.ts";
import { failureMessage } from "./forwarded-request.ts";
import { PendingRequest } from "./pending-request.ts";
import type { ReadOnlyScripts } from "./read-only-scripts.ts";
import { type Redirection, withOwnId } from "./redirection.ts";
import { calledFunction, replicates } from "./replicates.ts";
import { ERROR, FORWARDED } from "./request-results.ts";
import { mayWrite, type Route, staysInDatabase } from "./routes.ts";
import { countSubscriptions } from "./subscriptions.ts";

export interface DedicatedConnectionHost extends RequestHost {
  readonly connection: Connection;
  readonly node: OriginNode;
  /** The database that the connection is in at first. */
  readonly database: number;
  readonly scripts: ReadOnlyScripts;
  readonly timeoutMs: number;
  /** The bytes of requests, in case a node sends them on to another one; undefined: no node does. */
  readonly sentRequests: ByteSlab | undefined;
  /** Every key may have changed, and no invalidation tells. */
  changedAll(): void;
  /** All outstanding replies have come. */
  idle(): void;
  /** The client no longer needs its own connection. */
  released(): void;
}

/** A request of a transaction. */
export interface QueuedRequest {
  readonly request: Request;
  readonly route: Route | undefined;
}

/** A transaction with more requests before its first key stays where it has begun. */
const MOST_MOVABLE = 64;

const NO_CHANGE: Change = { effect: "none", redirection: undefined, database: undefined, broadcasts: false };

const SUBSCRIBING = new Set(["subscribe", "psubscribe", "ssubscribe"]);
const UNSUBSCRIBING = new Set(["unsubscribe", "punsubscribe", "sunsubscribe"]);

/**
 * A client's own connection to the origin. The client keeps it as long as its state there requires it: a transaction,
 * watched keys, a blocking command, another database, tracking. A subscriber keeps it for good. All the client's
 * requests go over it. Replies come back through a fence, so that the cache never contradicts what the client has
 * written or read.
 */
export class DedicatedConnection {
  readonly #host: DedicatedConnectionHost;
  #version: 2 | 3;
  readonly #upstream: UpstreamConnection;
  readonly #arrivals: Arrivals;
  /** Whether the next request will be queued for EXEC, if all requests sent before succeed. */
  #queues = false;
  /** Whether the client is in a transaction, as of the replies that have come. */
  #inTransaction = false;
  #watching = false;
  #tracking = false;
  /** Whether another database than the first one is selected. */
  #elsewhere = false;
  /** Whether it will be after EXEC, if a SELECT was queued. */
  #queuedElsewhere: boolean | undefined;
  /** Whether messages arrive that answer no request. */
  #listening = false;
  /** What the proxy does once EXEC has run the queued commands, in their order. */
  #atExec: (() => void)[] = [];
  /** Whether replicas are told of a command queued for EXEC. */
  queuedReplicates = false;
  /** The requests of a transaction that may yet begin again at another node, because none of them has keys. */
  #movable: QueuedRequest[] | undefined;
  /** Functions that commands queued for EXEC call. */
  queuedFunctions: string[] = [];
  /** Blocking commands that have begun at the origin. */
  #blockedThere = 0;
  /** The connection's id at the origin, and the callbacks that wait for it. */
  #originId: number | undefined;
  #idWaiters: ((id: number | undefined) => void)[] | undefined;
  readonly #state: ClientState;
  /** Whether the connection's state has changed in a way that is not tracked here. It is then never given back. */
  #isPeculiar = false;
  #outstanding = 0;
  /** Outstanding blocking commands. */
  #blocking = 0;
  #ended = false;
  /** Closes the connections of requests that were sent on to other nodes. */
  readonly #elsewhereAlone = new Set<() => void>();
  /** Whether the client wants no more messages. */
  #isDeaf = false;

  /** @throws UpstreamError if the origin is down */
  constructor(host: DedicatedConnectionHost, version: 2 | 3) {
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

  /** Whether messages arrive that answer no request: those of a subscriber, or invalidations. */
  get listens(): boolean {
    return this.#listening || this.#tracking;
  }

  get node(): OriginNode {
    return this.#host.node;
  }

  /** Whether the client's state at the node allows keys of this node alone: a transaction, or keys that it watches. */
  get isBound(): boolean {
    return this.#queues || this.#inTransaction || this.#watching;
  }

  /** Whether the next request will be queued in a transaction. */
  get queues(): boolean {
    return this.#queues;
  }

  /** Whether this RESP2 client gets all replies as messages. It may then send only a subscriber's commands. */
  get answersByMessages(): boolean {
    return this.#listening && this.#version === 2;
  }

  /** Whether the origin would answer a PING of the proxy's at once, apart from the client's requests. */
  get #mayBeAsked(): boolean {
    const areMessagesReplies = this.#version === 2 && this.#listening;
    return !(areMessagesReplies || this.#queues || this.#inTransaction || this.#blocking > 0);
  }

  /** The client's flags for CLIENT LIST. */
  get flags(): string {
    const { channels, patterns, shardChannels } = this.#host.connection;
    const subscribed = channels + patterns + shardChannels > 0 ? "P" : "";
    const blocked = this.#blockedThere > 0 ? "b" : "";
    return `${subscribed}${this.#inTransaction ? "x" : ""}${blocked}${this.#tracking ? "t" : ""}${this.#state.broadcasts ? "B" : ""}`;
  }

  /** The connection's id at the origin while a blocking command waits there. */
  get blockedOriginId(): number | undefined {
    return this.#blockedThere > 0 ? this.#originId : undefined;
  }

  /** Finds the connection's id at the origin; undefined if the origin does not say, or cannot be asked now. */
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

  /** Keeps the connection for this client, whatever it asks. */
  keep(): void {
    this.#isPeculiar = true;
  }

  /**
   * Refuses a command in a transaction. In its place the origin is sent a command that it refuses, so that EXEC fails
   * there.
   */
  refuse(message: string): void {
    this.stay();
    this.#answer(message, "GLASSCACHE.REFUSED", () => this.#apply("none", "error"));
  }

  /** Answers EXEC with an error. The origin is told to forget the transaction. */
  abandon(message: string): void {
    this.#takeQueued();
    this.#answer(message, "DISCARD", () => this.#apply("discard", "replied"));
  }

  /** @param instead what the origin is sent in place of the request */
  #answer(message: string, instead: string, then: () => void): void {
    const { connection, stats } = this.#host;
    stats.requests.count(ERROR);
    writeCommand(this.#upstream.out, [instead]);
    this.#outstanding++;
    const ticket = connection.defer();
    const ended = (): void => {
      this.#outstanding--;
      then();
    };
    const show = (): void =>
      this.#arrivals.add(() => {
        ticket.reply.error(message);
        ticket.done();
        ended();
      });
    this.#upstream.enqueue(new CallbackRequest(show, show), this.#host.timeoutMs);
  }

  /** The requests of a transaction without keys so far, which can begin again at another node; undefined: it cannot. */
  get movable(): readonly QueuedRequest[] | undefined {
    return this.#movable;
  }

  /** Notes that the transaction is for this node: one of its requests has keys here. */
  stay(): void {
    this.#movable = undefined;
  }

  /**
   * Begins the transaction that the client was told of before it was known which node it is for.
   * @param queued its requests so far, which another node has answered
   */
  begin(queued: readonly QueuedRequest[]): void {
    writeCommand(this.#upstream.out, ["MULTI"]);
    this.#queues = true;
    // Without the transaction, later commands would be executed one by one.
    this.#awaitUnseen({ ...NO_CHANGE, effect: "multi" }, "failed");
    this.#movable = [];
    for (const one of queued) this.#requeue(one);
  }

  /** Sends a request of the transaction again. Its reply, which the client has, is the same. */
  #requeue({ request, route }: QueuedRequest): void {
    writeRequest(this.#upstream.out, request);
    this.#noteQueued(request.text(0).toLowerCase(), request, route);
    this.#awaitUnseen(NO_CHANGE, "error");
  }

  /** Awaits a reply that the client does not see. @param atError how the request ends if it is an error */
  #awaitUnseen(change: Change, atError: Outcome): void {
    this.#outstanding++;
    const ended = (outcome: Outcome): void => {
      this.#outstanding--;
      this.#follow(change, outcome, []);
    };
    const request = new CallbackRequest(
      (_bytes, _start, _end, reader) => ended(isErrorReply(reader) ? atError : "replied"),
      () => ended("failed"),
    );
    this.#upstream.enqueue(request, this.#host.timeoutMs);
  }

  /** @param redirection where invalidations go if this succeeds */
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
    const { out } = this.#upstream;
    const startsAt = out.length;
    writeRequest(out, request);
    const subscribes = SUBSCRIBING.has(name) ? request.count > 1 : UNSUBSCRIBING.has(name);
    if (subscribes) {
      this.#listening = true;
      connection.exemptFromIdleTimeout = true;
    }
    // A subscriber's replies are messages: RESP3 pushes them, and a RESP2 subscriber is sent nothing else.
    const repliesAreMessages = !this.#queues && (this.#version === 2 ? this.#listening : subscribes);
    if (repliesAreMessages) {
      stats.requests.count(FORWARDED);
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
    if (this.#queues) this.#noteMovable(request, route);
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
      connection.exemptFromIdleTimeout =
        this.#listening || this.#blocking > 0 || connection.shardChannels > 0;
      this.#follow(change, outcome, atExec);
    };
    const pending = new PendingRequest(stats, connection, request, name);
    const isOfTransaction = this.#queues || effect === "exec";
    const mayBeApart = staysInDatabase(route);
    // Values of another database are never cached, so the cache cannot contradict the reply.
    const isApart = (): boolean => mayBeApart && this.#elsewhere && !this.#inTransaction;
    const sent = new DedicatedRequest(
      { ticket: connection.defer(), pending, host: this.#host, arrivals: this.#arrivals, isApart, blocks },
      mayWrite(route),
      ended,
      name === "client" ? () => this.#state.redirection : undefined,
    );
    const { sentRequests } = this.#host;
    if (sentRequests !== undefined) {
      sentRequests.keep(out.bytes, startsAt, out.length);
      const { bytes, start } = sentRequests;
      const end = start + out.length - startsAt;
      sent.mayGoElsewhere({
        ...{ bytes, start, end, version: this.#version, isExec: effect === "exec" },
        // What the client's state concerns can be asked of this node alone.
        isFree: () => effect === "none" && !(isOfTransaction || this.#inTransaction || this.#watching),
        connections: this.#elsewhereAlone,
      });
    }
    this.#upstream.enqueue(
      sent,
      // A request behind a blocking command may wait as long as that command.
      this.#blocking > 0 ? Number.POSITIVE_INFINITY : timeoutMs,
    );
  }

  /**
   * Queues an action of the proxy's own. In its place the origin is sent a command that changes nothing and answers
   * OK. The reply says whether the action was queued, and whether EXEC ran it.
   */
  queue(act: () => void): void {
    writeCommand(this.#upstream.out, ["CLIENT", "REPLY", "ON"]);
    const { connection, stats, timeoutMs } = this.#host;
    stats.forwarded++;
    this.#outstanding++;
    this.#atExec.push(act);
    this.stay();
    const ended = (outcome: Outcome): void => {
      this.#outstanding--;
      this.#follow(NO_CHANGE, outcome, []);
    };
    const to = {
      ticket: connection.defer(),
      pending: undefined,
      host: this.#host,
      arrivals: this.#arrivals,
      isApart: () => false,
      blocks: false,
    };
    this.#upstream.enqueue(new DedicatedRequest(to, false, ended, undefined), timeoutMs);
  }

  /**
   * Sends CLIENT ID in one packet with a blocking command. When it is answered, the command has begun, so that CLIENT
   * UNBLOCK finds the client blocked, under this id.
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

  /** Changes the RESP version of replies, for HELLO. Only while not busy. */
  speak(version: 2 | 3): void {
    this.#version = version;
    writeCommand(this.#upstream.out, ["HELLO", String(version)]);
    // The reply says nothing of interest. If none comes, later requests get none either.
    this.#upstream.enqueue(new CallbackRequest(() => {}), this.#host.timeoutMs);
  }

  /**
   * Sends the HELLO of a RESP2 subscriber, which the origin refuses in its place among the messages: because the
   * client is a subscriber, or, if it no longer is one, because there is no such version.
   */
  refuseHello(): void {
    this.#host.stats.requests.count(ERROR);
    writeCommand(this.#upstream.out, ["HELLO", "1"]);
    this.#upstream.queueFlush();
  }

  /** Ends the connection: the client has gone, or starts afresh. */
  end(): void {
    this.#isDeaf = true;
    this.#close();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#upstream.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
    for (const close of this.#elsewhereAlone) close();
  }

  #noteQueued(name: string, request: Request, route: Route | undefined): void {
    const called = calledFunction(name, request);
    if (called !== undefined) this.queuedFunctions.push(called);
    else if (replicates(name, request, this.#host.scripts)) this.queuedReplicates = true;
    // No invalidation tells of such a change (SWAPDB).
    if (route?.kind === "write" && route.all === true) this.#atExec.push(this.#host.changedAll);
    if (name === "client") this.#isPeculiar = true;
  }

  #noteMovable(request: Request, route: Route | undefined): void {
    if (this.#movable === undefined) return;
    if (this.#movable.length < MOST_MOVABLE) this.#movable.push({ request: copyRequest(request), route });
    else this.stay();
  }

  /** Notes that EXEC or DISCARD was sent: later requests are not part of the transaction. */
  #takeQueued(): (() => void)[] {
    const atExec = this.#atExec;
    this.#atExec = [];
    this.stay();
    this.#queues = false;
    this.queuedReplicates = false;
    this.queuedFunctions = [];
    return atExec;
  }

  /** Handles the end of a request: updates the client's state, and acts on it. */
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
    this.#host.released();
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

  /** Ends the transaction and forgets the watched keys. A failed EXEC does so, too. */
  #endTransaction(executed: boolean): void {
    if (executed) this.#elsewhere = this.#queuedElsewhere ?? this.#elsewhere;
    this.#queuedElsewhere = undefined;
    this.#inTransaction = false;
    this.#watching = false;
  }

  /** Ends the client: to drop one request could leave a transaction without a command. */
  #overflow(): void {
    const { connection, node, stats } = this.#host;
    stats.requests.count(ERROR);
    const ticket = connection.defer();
    ticket.reply.error(failureMessage(node.overloaded(), false, stats));
    ticket.done();
    this.#lost();
  }

  /** Ends the client: there was no answer in time, or the connection is gone, and with it the client's state. */
  #lost(): void {
    if (this.#ended) return;
    this.#close();
    const { connection, released } = this.#host;
    connection.hold();
    released();
    // Earlier arrivals still have to be shown.
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
      // In front of outstanding replies: those that the origin sent before this message have been shown.
      if (!this.#isDeaf) connection.pushAhead(message, 0, message.length);
    });
  }
}

/** Whether a command changes how the origin treats later ones on the same connection. */
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
      if (request.count !== 2) return "none";
      return request.text(1) === String(database) ? "select-first" : "select-other";
    case "client":
      if (request.count >= 3 && request.text(1).toLowerCase() === "tracking") {
        return request.text(2).toLowerCase() === "on" ? "tracking-on" : "tracking-off";
      }
      return "none";
    default:
      return "none";
  }
}
