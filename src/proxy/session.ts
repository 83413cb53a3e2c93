import { PUBSUB } from "../commands/acl/denial.ts";
import type { LateAnswer } from "../commands/client-context.ts";
import type { Command } from "../commands/command.ts";
import { wrongArity } from "../commands/command-errors.ts";
import { COMMAND_FACTS, factsOfRequest } from "../commands/command-facts.ts";
import { commandName } from "../commands/command-name.ts";
import { arityFits } from "../commands/command-table.ts";
import { OTHER_COMMAND, TEXT_COMMAND } from "../commands/counted-commands.ts";
import type { CommandFacts } from "../commands/facts.ts";
import type { Connection } from "../net/connection.ts";
import type { Session } from "../net/session.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import { usesHashSlots } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { CachedReads } from "./cached-reads.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { changesConnection, DedicatedConnection, type QueuedRequest } from "./dedicated-connection.ts";
import { NOT_THROUGH_CACHE } from "./described-value.ts";
import { nodeFor, nodeOfKeys } from "./destination.ts";
import { failureMessage } from "./forwarded-request.ts";
import { Forwarding } from "./forwarding.ts";
import { HeardNames } from "./heard-names.ts";
import { Lanes, type LanesClient } from "./lanes.ts";
import { passesOnLarge } from "./large-request.ts";
import { type OriginClient, redirectionAt, redirectTracking } from "./redirection.ts";
import { refusePassing } from "./refusals.ts";
import { RequestDelay } from "./request-delay.ts";
import { asksOrigin, isPause, isTracking, tellsOfClients } from "./request-kinds.ts";
import type { RequestMeter } from "./request-meter.ts";
import { ERROR, FORWARDED, LOCAL } from "./request-results.ts";
import type { Route } from "./routes.ts";
import { CROSS_SLOT } from "./several-nodes/moved-text.ts";
import { refuseInCluster } from "./several-nodes/refusals.ts";
import { TextRequests } from "./text-requests.ts";
import { FROM_BACKEND } from "./text-sources.ts";
import { runLater } from "./threads/answer-peer.ts";
import { askAll, concernsAllThreads, runApart } from "./threads/ask-all.ts";
import type { Peers } from "./threads/peers.ts";
import { Tunnel } from "./tunnel.ts";

const MINUS = 0x2d;
const RULES_CHANGED =
  "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call, so it is not run";

/** One client of the proxy. Decides for each request whether the proxy, the cache or the origin answers it. */
export class ProxySession implements Session, ProxyContext, OriginClient, LanesClient {
  readonly connection: Connection;
  readonly proxy: ProxyParts;
  /** Whether each cached read is answered with its source (GLASS.SOURCE). */
  namesSources = false;
  #dedicated: DedicatedConnection | undefined;
  #tunnel: Tunnel | undefined;
  /** The version of the users when the client's transaction began. */
  #usersAtMulti = 0;
  /** Whether the client was told that its transaction has begun. It begins at the node of its first key. */
  #holdsMulti = false;
  readonly #heard = new HeardNames();
  /** Whether the origin is being asked about the command of the postponed request. */
  #awaitsFacts = false;
  readonly #lanes: Lanes;
  readonly #reads: CachedReads;
  readonly #forwarding: Forwarding;
  readonly #text: TextRequests;
  readonly #delay: RequestDelay;
  readonly #requests: RequestMeter;

  constructor(proxy: ProxyParts, connection: Connection) {
    this.proxy = proxy;
    this.#requests = proxy.stats.requests;
    this.connection = connection;
    const lanes = new Lanes(proxy, connection, this);
    this.#lanes = lanes;
    this.#reads = new CachedReads(this, lanes);
    this.#forwarding = new Forwarding(proxy, connection, lanes);
    this.#text = new TextRequests(proxy, connection, lanes, this.#reads, this.#forwarding);
    this.#delay = new RequestDelay(proxy, () => lanes.resume());
    const monitors = (): string => (proxy.monitors.has(connection) ? "O" : "");
    const own = (): string => this.#dedicated?.flags ?? (this.#holdsMulti ? "x" : "");
    connection.flags = () => `${monitors()}${own()}${this.#delay.isPaused ? "b" : ""}`;
    connection.subscriptions = () => this.#heard.all;
    connection.database = proxy.origin.database;
  }

  get host(): ProxyParts["host"] {
    return this.proxy.host;
  }

  request(request: Request, reply: ReplyWriter): void {
    try {
      const isText = this.connection.protocol === "text";
      if (this.proxy.monitors.isOn && !this.#lanes.isRunningPostponed) {
        const { access, clock } = this.host;
        this.proxy.monitors.show(request, this.connection, access, clock.wallMs());
      }
      if (this.proxy.pause.isOn && this.#delay.pauses(request, isText, this.#dedicated))
        this.#lanes.postpone(request);
      else if (isText) this.#text.request(request, reply as TextWriter);
      else this.#respRequest(request, reply);
    } catch (error) {
      this.#requests.count(ERROR);
      if (!(error instanceof UpstreamError)) throw error;
      if (this.connection.protocol === "text") (reply as TextWriter).prefix = FROM_BACKEND;
      reply.error(failureMessage(error, false, this.proxy.stats));
    }
  }

  takesLarge(request: Request): boolean {
    if (this.connection.protocol === "text") return false;
    if (this.#dedicated !== undefined || this.#holdsMulti) return false;
    return this.connection.isUnrestricted && passesOnLarge(request, this.proxy.routes.find(request));
  }

  refused(): void {
    const isText = this.connection.protocol === "text";
    this.#requests.count(ERROR, isText ? TEXT_COMMAND : OTHER_COMMAND);
  }

  settle(): undefined {
    return undefined;
  }

  closed(): void {
    this.#lanes.end();
    this.#delay.end();
    this.proxy.monitors.remove(this.connection);
    this.#dedicated?.end();
    this.#dedicated = undefined;
    this.#tunnel?.end();
  }

  get isDelayed(): boolean {
    return this.#dedicated?.isBusy === true || this.#delay.isActive || this.#awaitsFacts;
  }

  /** The client's own connection to the origin, while it has one. */
  get dedicated(): DedicatedConnection | undefined {
    return this.#dedicated;
  }

  /** Returns the client's own connection to the origin, which it keeps from now on. @throws UpstreamError */
  keepDedicated(): DedicatedConnection {
    this.#dedicated ??= this.#openDedicated(this.proxy.origin.anyNode());
    this.#dedicated.keep();
    return this.#dedicated;
  }

  /** Executes RESET: restores the state of a new connection. */
  reset(): void {
    this.#dedicated?.end();
    this.#dedicated = undefined;
    this.connection.forgetState(this.proxy.origin.database);
    this.namesSources = false;
    this.proxy.monitors.remove(this.connection);
    this.connection.exemptFromIdleTimeout = false;
  }

  #respRequest(request: Request, reply: ReplyWriter): void {
    const { proxy, connection } = this;
    const requests = this.#requests;
    if (this.#holdsMulti && !this.#beginHeld(request)) return;
    const ownRoute = proxy.routes.find(request);
    requests.command = ownRoute?.number ?? OTHER_COMMAND;
    // Before the cache is looked into: a hit never shows what its reader may not read.
    if (!connection.isUnrestricted && !this.#mayRun(request, ownRoute, reply)) return;
    // The most frequent cases first. No command of the proxy's own has such a route.
    if (ownRoute !== undefined && this.#dedicated === undefined) {
      if (ownRoute.kind === "cached") {
        this.#cachedRead(request, ownRoute, reply);
        return;
      }
      if (ownRoute.kind === "write" || ownRoute.kind === "read") {
        connection.lastCommand = ownRoute.name;
        this.#forwarding.forward(request, ownRoute);
        return;
      }
    }
    const local = proxy.commands.find(request);
    const name = request.text(0).toLowerCase();
    requests.command = (local ?? COMMAND_FACTS.get(name))?.number ?? OTHER_COMMAND;
    if (local !== undefined && this.#isLocal(local, request)) {
      this.#runLocal(local, request, reply);
      return;
    }
    const route = ownRoute ?? proxy.learnedRoute(request);
    connection.lastCommand = commandName(name, request);
    if (name === "multi") this.#usersAtMulti = this.host.access.users.revision;
    if (route?.kind === "dedicated" && connection.isUnrestricted) this.#heard.lose();
    if (route === undefined || name === "script") proxy.scripts.note(name, request);
    const isQueued = this.#dedicated?.queues === true;
    const refusal =
      refusePassing(proxy, name, request, { route, isQueued }) ??
      refuseInCluster(proxy, name, request, isQueued);
    if (refusal !== undefined && isQueued) this.#dedicated!.refuse(refusal);
    else if (refusal !== undefined) this.#refuse(refusal, reply);
    else if (route?.kind === "refuse") this.#openTunnel(request);
    else if (isQueued && isPause(name, request)) this.#dedicated!.queue(runLater(proxy, request));
    else if (name === "client" && redirectionAt(request) > 0) this.#redirectTracking(request);
    else if (name === "multi" && this.#dedicated === undefined && usesHashSlots(proxy.origin))
      this.#holdMulti(request, reply);
    else if (
      this.#dedicated !== undefined &&
      usesHashSlots(proxy.origin) &&
      this.#elsewhere(request, route, reply)
    )
      return;
    else if (this.#dedicated !== undefined) {
      if (this.#lanes.enter("dedicated", request)) this.#dedicated.request(request, route);
    } else if (route?.kind === "dedicated" || this.#needsDedicated(name, request))
      this.#overDedicated(request, route);
    else this.#forwarding.forward(request, route);
  }

  /** Asks whether a client that may not do everything may do this. @returns false if it has been answered */
  #mayRun(request: Request, route: Route | undefined, reply: ReplyWriter): boolean {
    const { connection } = this;
    const name = route?.name ?? request.text(0).toLowerCase();
    const facts = this.#factsOf(name, request, route);
    if (facts === "asked") return false;
    connection.lastCommand = facts === route?.facts ? name : commandName(name, request);
    const isQueued = this.#dedicated?.queues === true;
    const isExec = name === "exec" && isQueued;
    const { access } = this.host;
    const isChanged = isExec && access.users.revision !== this.#usersAtMulti;
    if (isChanged) access.noteRefusal(connection, { reason: "command", context: "multi", object: name });
    const refusal = isChanged ? RULES_CHANGED : access.admit(connection, facts, request, isQueued);
    if (refusal === undefined) {
      if (facts?.group === PUBSUB) this.#heard.note(name, request);
      return true;
    }
    if (!isQueued) this.#refuse(refusal, reply);
    else if (isExec) this.#dedicated!.abandon(refusal);
    else this.#dedicated!.refuse(refusal);
    return false;
  }

  /**
   * The facts of a request's command; undefined: nobody knows such a command.
   * @returns `asked` if the request has been postponed until the origin has told, which knows more than the tables
   */
  #factsOf(name: string, request: Request, route: Route | undefined): CommandFacts | "asked" | undefined {
    const { proxy } = this;
    const known = route?.facts ?? factsOfRequest(request);
    // The requests of a client that has not authenticated make the proxy ask nothing.
    if (known !== undefined || !this.connection.authenticated) return known;
    const learned = proxy.learnedFacts(name);
    if (learned !== undefined || this.#lanes.isRunningPostponed) return learned;
    const told = (): void => {
      this.#awaitsFacts = false;
      this.#lanes.resume();
    };
    if (!proxy.askCommand(name, told)) return undefined;
    this.#awaitsFacts = true;
    this.#lanes.postpone(request);
    return "asked";
  }

  #refuse(message: string, reply: ReplyWriter): void {
    this.#requests.count(ERROR);
    reply.error(message);
  }

  /** Connects the client with the origin for replication. The proxy no longer handles its requests. */
  #openTunnel(request: Request): void {
    if (!this.#lanes.enter("dedicated", request)) return;
    this.#dedicated?.end();
    this.#dedicated = undefined;
    this.#tunnel = new Tunnel(this.proxy, this.connection, request);
    this.#requests.count(FORWARDED);
  }

  /** Executes a CLIENT TRACKING that names one of the proxy's clients, which the origin knows by another id. */
  #redirectTracking(request: Request): void {
    if (!this.#lanes.enter("dedicated", request)) return;
    redirectTracking(this, copyRequest(request), (translated, redirection) => {
      this.#dedicated ??= this.#openDedicated(this.proxy.origin.anyNode());
      this.#dedicated.request(translated, undefined, redirection);
    });
  }

  /**
   * Whether the proxy answers a command about the client or the proxy. If not, it belongs to the client's state
   * upstream.
   */
  #isLocal(local: Command<ProxyContext>, request: Request): boolean {
    const { name } = local;
    if (name === "reset" || name === "hello" || name === "auth") return true;
    // A subscriber uses PING, ECHO and QUIT to learn that all earlier messages have arrived, so these go to the
    // origin.
    if ((name === "quit" || name === "echo") && this.#dedicated?.listens === true) return false;
    // PING goes over a client's own connection, to show whether that connection answers.
    if (name === "ping" && this.#dedicated !== undefined) return false;
    if (name === "quit") return true;
    if (this.#dedicated?.queues === true || this.#dedicated?.answersByMessages === true) return false;
    if (name === "select") return this.#dedicated === undefined && !this.#needsDedicated(name, request);
    if (name === "client") return !isTracking(request);
    return true;
  }

  /** Whether a command needs a connection of the client's own because of its arguments. */
  #needsDedicated(name: string, request: Request): boolean {
    if (name === "select")
      return request.count === 2 && request.text(1) !== String(this.proxy.origin.database);
    return name === "client" ? isTracking(request) : changesConnection(name, request);
  }

  #runLocal(local: Command<ProxyContext>, request: Request, reply: ReplyWriter): void {
    const { connection } = this;
    const dedicated = this.#dedicated;
    const { name } = local;
    connection.lastCommand = commandName(name, request);
    if (!arityFits(local, request.count)) {
      this.#refuse(wrongArity(name), reply);
    } else if (name === "hello" && this.#delay.awaitsOrigin()) {
      this.#lanes.postpone(request);
    } else if (dedicated?.isBusy === true && (asksOrigin(name) || tellsOfClients(name, request))) {
      this.#lanes.postpone(request);
    } else if (asksOrigin(name) && !this.#lanes.enter("side", request)) {
      return;
    } else if (this.proxy.peers !== undefined && concernsAllThreads(request)) {
      this.#runEverywhere(this.proxy.peers, local, request);
    } else if (dedicated === undefined || (name !== "hello" && name !== "reset")) {
      this.#runHere(local, request, reply);
    } else if (name === "hello" && dedicated.answersByMessages) {
      dedicated.refuseHello();
    } else if (name === "hello" && dedicated.queues) {
      this.#refuse("ERR HELLO cannot be queued in a transaction here", reply);
    } else if (dedicated.isBusy) {
      // Both change the form of outstanding replies.
      this.#lanes.postpone(request);
    } else {
      const version = connection.respVersion;
      this.#runHere(local, request, reply);
      if (name === "hello" && connection.respVersion !== version) dedicated.speak(connection.respVersion);
    }
  }

  #runHere(local: Command<ProxyContext>, request: Request, reply: ReplyWriter): void {
    const { out } = reply as RespWriter;
    const start = out.length;
    local.run(this, request, reply);
    // GLASS.GET reads through the cache, and is counted there.
    if (local.name === "glass.get") return;
    const isError = out.length > start && out.bytes[start] === MINUS;
    this.#requests.count(isError ? ERROR : LOCAL);
  }

  #runEverywhere(peers: Peers, local: Command<ProxyContext>, request: Request): void {
    const { heartbeatTimeoutMs, originTimeoutMs } = this.proxy.settings;
    this.#requests.count(LOCAL);
    const withinMs = local.name === "glass.health" ? heartbeatTimeoutMs : originTimeoutMs;
    const how = { answer: this.answerLater(), withinMs };
    void askAll(peers, copyRequest(request), runApart(this, local, request), how);
  }

  answerLater(): LateAnswer {
    const ticket = this.connection.defer();
    this.#lanes.beginSide();
    return (write) => {
      write(ticket.reply);
      ticket.done();
      this.#lanes.sideDone();
    };
  }

  #cachedRead(request: Request, route: Route, reply: ReplyWriter): void {
    if (route.onlyWithCount !== undefined ? request.count !== route.onlyWithCount : request.count < 2) {
      // The origin answers with the right error.
      this.#forwarding.forward(request, route);
    } else if (this.#lanes.enter("main", request)) {
      if (route.question !== undefined) this.#reads.get(request, route.question(request), reply);
      else this.#reads.getMany(request, reply);
    }
  }

  getDescribed(request: Request, reply: ReplyWriter): void {
    if (this.#dedicated?.isBusy === true) this.#lanes.postpone(request);
    else if (this.#dedicated !== undefined) this.#refuse(NOT_THROUGH_CACHE, reply);
    else if (this.#lanes.enter("main", request)) this.#reads.getDescribed(request, reply);
  }

  /** Executes MULTI: no node is known for the transaction yet. */
  #holdMulti(request: Request, reply: ReplyWriter): void {
    if (request.count > 1) {
      this.#refuse(wrongArity("multi"), reply);
      return;
    }
    this.#holdsMulti = true;
    this.connection.queuedCommands = 0;
    this.#requests.count(LOCAL);
    reply.ok();
  }

  /**
   * Begins the transaction at the node of its first request.
   * @returns false if the request was postponed
   * @throws UpstreamError if the origin is down; the client is then ended, since its transaction is lost
   */
  #beginHeld(request: Request): boolean {
    if (!this.#lanes.enter("dedicated", request)) return false;
    const { proxy } = this;
    this.#holdsMulti = false;
    const route = proxy.routes.find(request) ?? proxy.learnedRoute(request);
    this.#beginAt(() => nodeFor(proxy, request, route), []);
    return true;
  }

  /**
   * Begins the transaction at a node.
   * @param queued its requests so far
   * @throws UpstreamError as `#beginHeld` does
   */
  #beginAt(node: () => OriginNode, queued: readonly QueuedRequest[]): void {
    try {
      const dedicated = this.#openDedicated(node());
      this.#dedicated = dedicated;
      dedicated.begin(queued);
    } catch (error) {
      this.connection.closeAfterReplies();
      throw error;
    }
  }

  /**
   * Executes a request of a client with a connection of its own that is for other nodes than that connection's.
   * @returns false if it is for that connection
   */
  #elsewhere(request: Request, route: Route | undefined, reply: ReplyWriter): boolean {
    const dedicated = this.#dedicated!;
    if (dedicated.answersByMessages) return false;
    const node = nodeOfKeys(this.proxy, request, route);
    const isElsewhere = node !== undefined && node !== dedicated.node;
    if (dedicated.queues) {
      const { movable } = dedicated;
      if (node !== undefined && !isElsewhere) dedicated.stay();
      else if (isElsewhere && movable === undefined) dedicated.refuse(CROSS_SLOT);
      else if (isElsewhere && dedicated.isBusy) this.#lanes.postpone(request);
      else if (isElsewhere) {
        dedicated.end();
        this.#beginAt(() => node, movable!);
        this.#dedicated!.stay();
        return false;
      }
      return isElsewhere;
    }
    if (route?.kind === "dedicated") {
      // Another node knows nothing of what the client watches. Otherwise the node sends the request on.
      if (!isElsewhere || !dedicated.isBound) return false;
      this.#refuse(CROSS_SLOT, reply);
      return true;
    }
    if (!isElsewhere && !this.#forwarding.needsSeveral(request, route)) return false;
    if (dedicated.isBusy) this.#lanes.postpone(request);
    else if (route?.kind === "cached") this.#cachedRead(request, route, reply);
    else this.#forwarding.forward(request, route);
    return true;
  }

  #overDedicated(request: Request, route: Route | undefined): void {
    if (!this.#lanes.enter("dedicated", request)) return;
    this.#dedicated = this.#openDedicated(nodeFor(this.proxy, request, route));
    this.#dedicated.request(request, route);
  }

  /** @throws UpstreamError if the origin is down */
  #openDedicated(node: OriginNode): DedicatedConnection {
    const { proxy, connection } = this;
    return new DedicatedConnection(
      {
        connection,
        node,
        database: proxy.origin.database,
        fence: proxy.fence,
        scripts: proxy.scripts,
        stats: proxy.stats,
        timeoutMs: proxy.settings.originTimeoutMs,
        sentRequests: proxy.origin.redirects ? proxy.sentRequests : undefined,
        // Without tracking the origin does not tell what has changed.
        shows: () => {
          if (proxy.origin.tracking !== true) proxy.cache.invalidateAll("caution");
        },
        changedAll: () => proxy.cache.invalidateAll("flush"),
        idle: () => this.#lanes.resume(),
        released: () => {
          this.#dedicated = undefined;
          connection.forgetState(proxy.origin.database);
          this.#lanes.resume();
        },
      },
      connection.respVersion,
    );
  }
}
