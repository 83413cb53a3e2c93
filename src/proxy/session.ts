import type { Command } from "../commands/command.ts";
import { wrongArity } from "../commands/command-errors.ts";
import { commandName } from "../commands/command-name.ts";
import { arityFits, NameTable } from "../commands/command-table.ts";
import { utf8 } from "../lib/bytes.ts";
import { admit } from "../net/admission.ts";
import type { Connection, ReplyMode, Ticket } from "../net/connection.ts";
import { helloVersion } from "../net/hello-version.ts";
import type { Session } from "../net/session.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import {
  writeArgument,
  writeArgumentCount,
  writeRequest,
  writeTextArgument,
} from "../protocol/request-writer.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { AloneLane } from "./alone-lane.ts";
import type { LateAnswer, ProxyContext, ProxyParts } from "./context.ts";
import { DescribedValue, describedHit, NOT_THROUGH_CACHE } from "./described-value.ts";
import { dumpOrigin } from "./dump.ts";
import type { Fence } from "./fence.ts";
import { ForwardedRequest, failureMessage } from "./forwarded-request.ts";
import { HoldUp } from "./hold-up.ts";
import { passesOnLarge, writeLargeRequest } from "./large-request.ts";
import { ManyValues } from "./many-values.ts";
import { OneValue } from "./one-value.ts";
import { OutstandingKeys } from "./outstanding-keys.ts";
import { changesConnection, Pin } from "./pin.ts";
import { type OriginClient, redirectionAt, redirectTracking } from "./redirection.ts";
import { refusePassing } from "./refusals.ts";
import { asksOrigin, isPause, isTracking, tellsOfClients } from "./request-kinds.ts";
import { isUrgent, mayWrite, type Route, TEXT_DELETE, TEXT_PUT } from "./routes.ts";
import { writeSource } from "./source-attribute.ts";
import { runLater } from "./threads/answer-peer.ts";
import { askAll, concernsAllThreads, runApart } from "./threads/ask-all.ts";
import type { Peers } from "./threads/peers.ts";
import { touchKeys, touchUses } from "./touched-keys.ts";
import { Tunnel } from "./tunnel.ts";

const FROM_PROXY = utf8("{Proxy Server} : ");
const FROM_BACKEND = utf8("{Backend Server} : ");

/** Where a request's upstream part goes; each keeps order within itself, so a client waits when it changes over. */
type Lane = "main" | "side" | "alone" | "own";

/** A request that waits for the replies to those before it. Its ticket keeps its place among them. */
interface Postponed {
  readonly request: Request;
  readonly ticket: Ticket;
  /** Whether its reply is wanted (CLIENT REPLY). */
  readonly replyMode: ReplyMode;
}

/** How a request goes over the main connection; see `Forwarding`. */
interface Sending {
  readonly version: 0 | 2 | 3;
  readonly mayWrite: boolean;
  readonly fence?: Fence | undefined;
  readonly settled?: (() => void) | undefined;
}

/** The verbs of the text protocol; its parser lets no others through. */
const VERBS = new NameTable(["get", "put", "delete", "dump"].map((name) => ({ name })));

/** One client of the proxy: decides for each request whether it is answered here, from the cache, or by the origin. */
export class ProxySession implements Session, ProxyContext, OriginClient {
  readonly connection: Connection;
  readonly proxy: ProxyParts;
  /** Each cached read is answered with where it came from (GLASS.SOURCE). */
  namesSources = false;
  #pin: Pin | undefined;
  #mainOutstanding = 0;
  /** The keys that those of them concern, where threads share the cache. */
  readonly #outstandingKeys = new OutstandingKeys();
  #sideOutstanding = 0;
  readonly #alone: AloneLane;
  #tunnel: Tunnel | undefined;
  #postponed: Postponed | undefined;
  /** What is executed has been put off before. */
  #isPostponed = false;
  readonly #holdUp: HoldUp;

  constructor(proxy: ProxyParts, connection: Connection) {
    this.proxy = proxy;
    this.connection = connection;
    this.#alone = new AloneLane(proxy, connection, () => this.#runPostponed());
    this.#holdUp = new HoldUp(proxy, () => this.#runPostponed());
    const monitors = (): string => (proxy.monitors.has(connection) ? "O" : "");
    connection.flags = () => `${monitors()}${this.#pin?.flags ?? ""}${this.#holdUp.isPaused ? "b" : ""}`;
    connection.database = proxy.origin.database;
  }

  get host(): ProxyParts["host"] {
    return this.proxy.host;
  }

  request(request: Request, reply: ReplyWriter): void {
    try {
      const isText = this.connection.protocol === "text";
      if (this.proxy.monitors.isOn && !this.#isPostponed) {
        this.proxy.monitors.show(request, this.connection, this.host.clock.wallMs());
      }
      if (this.proxy.pause.isOn && this.#holdUp.pauses(request, isText, this.#pin)) this.#postpone(request);
      else if (isText) this.#textRequest(request, reply as TextWriter);
      else this.#respRequest(request, reply);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (this.connection.protocol === "text") (reply as TextWriter).prefix = FROM_BACKEND;
      reply.error(failureMessage(error, false, this.proxy.stats));
    }
  }

  takesLarge(request: Request): boolean {
    if (this.connection.protocol === "text" || this.#pin !== undefined) return false;
    return this.connection.isUnrestricted && passesOnLarge(request, this.proxy.routes.find(request));
  }

  settle(): undefined {
    return undefined;
  }

  closed(): void {
    this.#alone.end();
    this.#holdUp.end();
    this.proxy.monitors.remove(this.connection);
    this.#pin?.end();
    this.#pin = undefined;
    this.#tunnel?.end();
    this.#postponed = undefined;
  }

  /** The client's own connection to the origin, while it has one. */
  get pin(): Pin | undefined {
    return this.#pin;
  }

  /** The client's own connection to the origin, which it keeps from now on. @throws UpstreamError */
  keepPin(): Pin {
    this.#pin ??= this.#openPin();
    this.#pin.keep();
    return this.#pin;
  }

  /** RESET: the client is as it was when it connected. */
  reset(): void {
    this.#pin?.end();
    this.#pin = undefined;
    this.connection.forgetState(this.proxy.origin.database);
    this.namesSources = false;
    this.proxy.monitors.remove(this.connection);
    this.connection.exemptFromIdleTimeout = false;
  }

  // ---- RESP

  #respRequest(request: Request, reply: ReplyWriter): void {
    const { proxy, connection } = this;
    const ownRoute = proxy.routes.find(request);
    // The usual cases first. No command of the proxy's own has such a route.
    if (ownRoute !== undefined && this.#pin === undefined && connection.isUnrestricted) {
      if (ownRoute.kind === "cached") {
        this.#cachedRead(request, ownRoute, reply);
        return;
      }
      if (ownRoute.kind === "write" || ownRoute.kind === "read") {
        connection.lastCommand = ownRoute.name;
        this.#forward(request, ownRoute);
        return;
      }
    }
    const local = proxy.commands.find(request);
    const rejection = admit(connection, local);
    if (rejection !== undefined) {
      reply.error(rejection);
      return;
    }
    if (local !== undefined && this.#isLocal(local, request)) {
      this.#runLocal(local, request, reply);
      return;
    }
    const route = ownRoute ?? proxy.learnedRoute(request);
    const name = request.text(0).toLowerCase();
    connection.lastCommand = commandName(name, request);
    if (route === undefined || name === "script") proxy.scripts.note(name, request);
    const isQueued = this.#pin?.queues === true;
    const refusal = refusePassing(proxy, name, request, { route, isQueued });
    if (refusal !== undefined && isQueued) this.#pin!.refuse(refusal);
    else if (refusal !== undefined) reply.error(refusal);
    else if (route?.kind === "refuse") this.#openTunnel(request);
    else if (isQueued && isPause(name, request)) this.#pin!.queue(runLater(proxy, request));
    else if (name === "client" && redirectionAt(request) > 0) this.#redirectTracking(request);
    else if (this.#pin !== undefined) {
      if (this.#enter("own", request)) this.#pin.request(request, route);
    } else if (route?.kind === "pin" || this.#needsPin(name, request)) this.#pinned(request, route);
    else this.#forward(request, route);
  }

  /** The origin takes part in replication with the client, which is none of the proxy's any longer. */
  #openTunnel(request: Request): void {
    if (!this.#enter("own", request)) return;
    this.#pin?.end();
    this.#pin = undefined;
    this.#tunnel = new Tunnel(this.proxy, this.connection, request);
  }

  /** CLIENT TRACKING with an id of one of the proxy's clients, which the origin knows by another one. */
  #redirectTracking(request: Request): void {
    if (!this.#enter("own", request)) return;
    redirectTracking(this, copyRequest(request), (translated, redirection) => {
      this.#pin ??= this.#openPin();
      this.#pin.request(translated, undefined, redirection);
    });
  }

  /** Whether a command about the client or the proxy is answered here, or is part of the client's state upstream. */
  #isLocal(local: Command<ProxyContext>, request: Request): boolean {
    const { name } = local;
    if (name === "reset" || name === "hello" || name === "auth") return true;
    // To who gets messages they show that all those before them have come.
    if ((name === "quit" || name === "echo") && this.#pin?.listens === true) return false;
    // A client with a connection of its own hears from the origin whether that answers.
    if (name === "ping" && this.#pin !== undefined) return false;
    if (name === "quit") return true;
    if (this.#pin?.queues === true || this.#pin?.answersByMessages === true) return false;
    if (name === "select") return this.#pin === undefined && !this.#needsPin(name, request);
    if (name === "client") return !isTracking(request);
    return true;
  }

  /** Commands that bind a client only with certain arguments. */
  #needsPin(name: string, request: Request): boolean {
    if (name === "select")
      return request.count === 2 && request.text(1) !== String(this.proxy.origin.database);
    return name === "client" ? isTracking(request) : changesConnection(name, request);
  }

  #runLocal(local: Command<ProxyContext>, request: Request, reply: ReplyWriter): void {
    const { connection } = this;
    const pin = this.#pin;
    const { name } = local;
    connection.lastCommand = commandName(name, request);
    if (!arityFits(local, request.count)) {
      reply.error(wrongArity(name));
    } else if (name === "hello" && this.#holdUp.awaitsOrigin()) {
      this.#postpone(request);
    } else if (pin?.isBusy === true && (asksOrigin(name) || tellsOfClients(name, request))) {
      this.#postpone(request);
    } else if (asksOrigin(name) && !this.#enter("side", request)) {
      return;
    } else if (this.proxy.peers !== undefined && concernsAllThreads(request)) {
      this.#runEverywhere(this.proxy.peers, local, request);
    } else if (pin === undefined || (name !== "hello" && name !== "reset")) {
      local.run(this, request, reply);
    } else if (name === "hello" && pin.answersByMessages) {
      pin.refuseHello();
    } else if (name === "hello" && pin.queues) {
      reply.error("ERR HELLO cannot be queued in a transaction here");
    } else if (pin.isBusy) {
      // Both change what the replies outstanding depend on.
      this.#postpone(request);
    } else {
      const version = connection.respVersion;
      local.run(this, request, reply);
      if (name === "hello" && connection.respVersion !== version) pin.speak(connection.respVersion);
    }
  }

  #runEverywhere(peers: Peers, local: Command<ProxyContext>, request: Request): void {
    const { heartbeatTimeoutMs, originTimeoutMs } = this.proxy.settings;
    const withinMs = local.name === "glass.health" ? heartbeatTimeoutMs : originTimeoutMs;
    const how = { answer: this.answerLater(), withinMs };
    void askAll(peers, copyRequest(request), runApart(this, local, request), how);
  }

  answerLater(): LateAnswer {
    const ticket = this.connection.defer();
    this.#sideOutstanding++;
    return (write) => {
      write(ticket.reply);
      ticket.done();
      this.#sideDone();
    };
  }

  #cachedRead(request: Request, route: Route, reply: ReplyWriter): void {
    if (route.onlyWithCount !== undefined ? request.count !== route.onlyWithCount : request.count < 2) {
      // The origin says what is wrong with it.
      this.#forward(request, route);
    } else if (this.#enter("main", request)) {
      if (request.count === 2 && route.name === "get") this.#get(request, reply);
      else this.#getMany(request, reply);
    }
  }

  getDescribed(request: Request, reply: ReplyWriter): void {
    const { bytes, starts, ends } = request;
    if (this.#pin?.isBusy === true) this.#postpone(request);
    else if (this.#pin !== undefined) reply.error(NOT_THROUGH_CACHE);
    else if (this.#enter("main", request)) {
      const mayHit = this.#mayHit(bytes, starts[1]!, ends[1]!);
      if (mayHit && describedHit(this, request, reply)) return;
      this.#load(request, this.connection.defer(), mayHit, DescribedValue);
    }
  }

  #get(request: Request, reply: ReplyWriter): void {
    const { readThrough } = this.proxy;
    const start = request.starts[1]!;
    const end = request.ends[1]!;
    // One moment for both: an entry must not expire between being announced and being delivered.
    const nowMs = this.connection.executingSinceMs;
    const mayHit = this.#mayHit(request.bytes, start, end);
    if (mayHit && this.namesSources && reply.version === 3) {
      const entry = readThrough.peek(request.bytes, start, end, nowMs);
      if (entry !== undefined) writeSource(reply, "hit", entry.ageMs, entry.remainingMs);
    }
    if (mayHit && readThrough.lookup(request.bytes, start, end, reply, nowMs)) return;
    this.#load(request, this.connection.defer(), mayHit);
  }

  #load(request: Request, ticket: Ticket, mayHit: boolean, Waiting = OneValue): void {
    const { bytes } = request;
    const start = request.starts[1]!;
    const end = request.ends[1]!;
    this.#mainOutstanding++;
    this.#awaitKey(bytes, start, end);
    const waiter = new Waiting(this, ticket, this.#mainDone);
    const { executingSinceMs } = this.connection;
    if (this.proxy.readThrough.load(bytes, start, end, waiter, mayHit, executingSinceMs)) waiter.hold();
  }

  /**
   * A client that awaits a reply about a key must see in what it reads of it next its own write, and nothing older
   * than what it reads. Another thread may cache an older value in between; asked over the same connection, the
   * origin answers with what comes after.
   */
  readonly #mayHit = (bytes: Uint8Array, start: number, end: number): boolean => {
    const { cache } = this.proxy;
    return (
      this.#mainOutstanding === 0 ||
      !cache.isShared ||
      !this.#outstandingKeys.mayHave(cache.store.hash(bytes, start, end))
    );
  };

  #awaitKey(bytes: Uint8Array, start: number, end: number): void {
    const { cache } = this.proxy;
    if (cache.isShared) this.#outstandingKeys.add(cache.store.hash(bytes, start, end));
  }

  #getMany(request: Request, reply: ReplyWriter): void {
    const many = new ManyValues(this.proxy, request, this.namesSources, this.#mayHit);
    if (many.isComplete && !many.hasLarge) {
      many.write(reply);
      return;
    }
    const { connection } = this;
    const ticket = connection.defer();
    if (many.isComplete) {
      many.write(ticket.reply);
      ticket.done();
      return;
    }
    let isHeld = false;
    this.#mainOutstanding++;
    const awaitsPeer = many.load(request, () => {
      many.write(ticket.reply);
      ticket.done();
      if (isHeld) connection.release();
      this.#mainDone();
    });
    for (let index = 1; index < request.count; index++) {
      this.#awaitKey(request.bytes, request.starts[index]!, request.ends[index]!);
    }
    if (awaitsPeer) {
      isHeld = true;
      connection.hold();
    }
  }

  #forward(request: Request, route: Route | undefined): void {
    const { proxy, connection } = this;
    const version = connection.respVersion;
    const countFits = route?.onlyWithCount === undefined || route.onlyWithCount === request.count;
    const goesOverMain =
      route !== undefined && (route.kind === "read" || route.kind === "write") && countFits;
    const isKnown = route !== undefined && !isUrgent(route, request);
    if (!this.#enter(goesOverMain ? "main" : isKnown ? "side" : "alone", request)) return;
    if (!isKnown) {
      if (route === undefined) this.#alone.forward(request);
      else this.#alone.forwardUrgently(request);
      return;
    }
    if (goesOverMain) {
      if (proxy.cache.isShared && route.kind === "read" && route.all === true) {
        // It sees keys that other threads may have cached and not been told about yet.
        this.#outstandingKeys.addAll();
        this.#send(proxy.origin.main(), request, { version, mayWrite: false, fence: proxy.fence });
        return;
      }
      const upstream = proxy.origin.main();
      const touched = touchKeys(proxy, this.#outstandingKeys, request, route);
      this.#send(upstream, request, { version, mayWrite: route.kind === "write", settled: touched });
      return;
    }
    const upstream = proxy.origin.side(version);
    const ticket = connection.defer();
    const settled = touchUses(proxy, request, proxy.usesOf(route, request));
    writeRequest(upstream.out, request);
    proxy.stats.forwarded++;
    this.#sideOutstanding++;
    upstream.enqueue(
      new ForwardedRequest({
        ticket,
        version,
        mayWrite: mayWrite(route),
        isRaw: true,
        stats: proxy.stats,
        fence: proxy.fence,
        done: () => {
          settled();
          this.#sideDone();
        },
      }),
    );
  }

  #send(upstream: UpstreamConnection, request: Request, how: Sending): void {
    const { out } = upstream;
    const start = out.length;
    if (request.large !== undefined) writeLargeRequest(upstream, request, request.large);
    else writeRequest(out, request);
    if (!how.mayWrite) this.proxy.sentReads.keep(out.bytes, start, out.length);
    this.#await(upstream, this.connection.defer(), how, out.length - start);
  }

  #await(upstream: UpstreamConnection, ticket: Ticket, how: Sending, requestBytes: number): void {
    const { stats, sentReads } = this.proxy;
    stats.forwarded++;
    this.#mainOutstanding++;
    const done = this.#mainDone;
    const request = new ForwardedRequest({ ticket, stats, done, ...how });
    if (!how.mayWrite) request.mayBeResent(sentReads.bytes, sentReads.start, sentReads.start + requestBytes);
    upstream.enqueue(request);
  }

  #pinned(request: Request, route: Route | undefined): void {
    if (!this.#enter("own", request)) return;
    this.#pin = this.#openPin();
    this.#pin.request(request, route);
  }

  /** @throws UpstreamError when the origin is down */
  #openPin(): Pin {
    const { proxy, connection } = this;
    return new Pin(
      {
        connection,
        origin: proxy.origin,
        fence: proxy.fence,
        scripts: proxy.scripts,
        stats: proxy.stats,
        timeoutMs: proxy.settings.originTimeoutMs,
        // Without tracking nobody will tell what has changed.
        shows: () => {
          if (proxy.origin.tracking !== true) proxy.cache.invalidateAll();
        },
        changedAll: () => proxy.cache.invalidateAll(),
        idle: () => this.#runPostponed(),
        unpinned: () => {
          this.#pin = undefined;
          connection.forgetState(proxy.origin.database);
          this.#runPostponed();
        },
      },
      connection.respVersion,
    );
  }

  // ---- order between lanes

  readonly #mainDone = (): void => {
    this.#mainOutstanding--;
    if (this.#mainOutstanding > 0) return;
    this.#outstandingKeys.clear();
    this.#runPostponed();
  };

  #sideDone(): void {
    this.#sideOutstanding--;
    if (this.#sideOutstanding === 0) this.#runPostponed();
  }

  /**
   * A client's requests take effect in the order they were sent. Within a lane the connection keeps it; a request
   * for another lane waits until the replies of the one before have come.
   * @returns false when the request was put off: it is run again then
   */
  #enter(lane: Lane, request: Request): boolean {
    const mayEnter =
      (lane === "main" || this.#mainOutstanding === 0) &&
      (lane === "side" || this.#sideOutstanding === 0) &&
      (lane === "alone" ? !this.#alone.speaksOtherwise : !this.#alone.isBusy);
    if (!mayEnter) this.#postpone(request);
    return mayEnter;
  }

  #postpone(request: Request): void {
    const { connection } = this;
    const { replyMode } = connection;
    this.#postponed = { request: copyRequest(request), ticket: connection.defer(), replyMode };
    connection.hold();
  }

  #runPostponed(): void {
    const { connection } = this;
    const postponed = this.#postponed;
    if (postponed === undefined || connection.isClosed) return;
    if (this.#mainOutstanding + this.#sideOutstanding > 0 || this.#alone.isBusy) return;
    if (this.#pin?.isBusy === true || this.#holdUp.isActive) return;
    this.#postponed = undefined;
    const { request, ticket, replyMode } = postponed;
    // HELLO is answered in the version it asks for, and the ticket was taken before.
    const version = helloVersion(request);
    if (version !== undefined) (ticket.reply as RespWriter).version = version;
    const modeSince = connection.replyMode;
    connection.replyMode = replyMode;
    connection.executingSinceMs = this.proxy.nowMs();
    this.#isPostponed = true;
    try {
      this.request(request, ticket.reply);
    } catch (error) {
      ticket.reply.error(`ERR ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#isPostponed = false;
    if (connection.replyMode === replyMode) connection.replyMode = modeSince;
    ticket.done();
    connection.release();
  }

  // ---- the text protocol

  #textRequest(request: Request, reply: TextWriter): void {
    const { connection } = this;
    const verb = VERBS.find(request)!.name;
    connection.lastCommand = verb;
    const rejection = admit(connection, undefined);
    if (rejection !== undefined) reply.error(rejection);
    else if (!this.#enter(verb === "dump" ? "side" : "main", request)) return;
    else if (verb === "get") this.#textGet(request, reply);
    else if (verb === "dump") this.#dump();
    else this.#textWrite(request, verb === "put");
  }

  #dump(): void {
    const { origin, stats } = this.proxy;
    this.#sideOutstanding++;
    void dumpOrigin(origin, this.connection, this.connection.defer(), stats).finally(() => this.#sideDone());
  }

  #textGet(request: Request, reply: TextWriter): void {
    const { readThrough } = this.proxy;
    const start = request.starts[1]!;
    const end = request.ends[1]!;
    reply.prefix = FROM_PROXY;
    const { executingSinceMs } = this.connection;
    const mayHit = this.#mayHit(request.bytes, start, end);
    if (mayHit && readThrough.lookup(request.bytes, start, end, reply, executingSinceMs)) return;
    this.#load(request, this.#backendTicket(), mayHit);
  }

  #textWrite(request: Request, isPut: boolean): void {
    const { proxy } = this;
    const upstream = proxy.origin.main();
    const { bytes } = request;
    const settled = touchKeys(proxy, this.#outstandingKeys, request, isPut ? TEXT_PUT : TEXT_DELETE);
    const { out } = upstream;
    writeArgumentCount(out, request.count);
    writeTextArgument(out, isPut ? "SET" : "DEL");
    for (let index = 1; index < request.count; index++) {
      writeArgument(out, bytes, request.starts[index]!, request.ends[index]!);
    }
    this.#await(upstream, this.#backendTicket(), { version: 0, mayWrite: true, settled }, 0);
  }

  #backendTicket(): Ticket {
    const ticket = this.connection.defer();
    (ticket.reply as TextWriter).prefix = FROM_BACKEND;
    return ticket;
  }
}
