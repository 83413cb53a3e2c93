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
import { UpstreamError } from "../upstream/upstream-error.ts";
import { CachedReads } from "./cached-reads.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { changesConnection, type DedicatedConnection } from "./dedicated-connection.ts";
import { NOT_THROUGH_CACHE } from "./described-value.ts";
import { failureMessage } from "./forwarded-request.ts";
import { Forwarding } from "./forwarding.ts";
import { HeardNames } from "./heard-names.ts";
import { Lanes, type LanesClient } from "./lanes.ts";
import { passesOnLarge } from "./large-request.ts";
import { OwnConnections } from "./own-connections.ts";
import { type OriginClient, redirectionAt, redirectTracking } from "./redirection.ts";
import { refusePassing } from "./refusals.ts";
import { RequestDelay } from "./request-delay.ts";
import { asksOrigin, isPause, isTracking, tellsOfClients } from "./request-kinds.ts";
import type { RequestMeter } from "./request-meter.ts";
import { ERROR, FORWARDED, LOCAL } from "./request-results.ts";
import type { Route } from "./routes.ts";
import { CROSS_SLOT } from "./several-nodes/moved-text.ts";
import { refuseInCluster } from "./several-nodes/refusals.ts";
import { answerSubscriber } from "./several-nodes/shard-subscriber.ts";
import { isAboutShardChannels } from "./several-nodes/shard-subscriptions.ts";
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
  readonly #own: OwnConnections;
  #tunnel: Tunnel | undefined;
  /** The version of the users when the client's transaction began. */
  #usersAtMulti = 0;
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
    this.#own = new OwnConnections(proxy, connection, lanes);
    this.#reads = new CachedReads(this, lanes);
    this.#forwarding = new Forwarding(proxy, connection, lanes);
    this.#text = new TextRequests(proxy, connection, lanes, this.#reads, this.#forwarding);
    this.#delay = new RequestDelay(proxy, () => lanes.resume());
    const monitors = (): string => (proxy.monitors.has(connection) ? "O" : "");
    connection.flags = () => `${monitors()}${this.#own.flags}${this.#delay.isPaused ? "b" : ""}`;
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
      if (this.proxy.pause.isOn && this.#delay.pauses(request, isText, this.#own.dedicated))
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
    if (this.#own.dedicated !== undefined || this.#own.holdsMulti) return false;
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
    this.#own.end();
    this.#tunnel?.end();
  }

  get isDelayed(): boolean {
    return this.#own.dedicated?.isBusy === true || this.#delay.isActive || this.#awaitsFacts;
  }

  /** The client's own connection to the origin, while it has one. */
  get dedicated(): DedicatedConnection | undefined {
    return this.#own.dedicated;
  }

  /** Returns the client's own connection to the origin, which it keeps from now on. @throws UpstreamError */
  keepDedicated(): DedicatedConnection {
    const dedicated = this.#own.atAnyNode();
    dedicated.keep();
    return dedicated;
  }

  /** Executes RESET: restores the state of a new connection. */
  reset(): void {
    this.#own.end();
    this.connection.forgetState(this.proxy.origin.database);
    this.namesSources = false;
    this.proxy.monitors.remove(this.connection);
    this.connection.exemptFromIdleTimeout = false;
  }

  #respRequest(request: Request, reply: ReplyWriter): void {
    const { proxy, connection } = this;
    const requests = this.#requests;
    if (this.#own.holdsMulti && !this.#own.beginHeld(request)) return;
    const ownRoute = proxy.routes.find(request);
    requests.command = ownRoute?.number ?? OTHER_COMMAND;
    // Before the cache is looked into: a hit never shows what its reader may not read.
    if (!connection.isUnrestricted && !this.#mayRun(request, ownRoute, reply)) return;
    const { shards } = this.#own;
    if (shards !== undefined) {
      if (shards.isBusy) {
        this.#lanes.postpone(request);
        return;
      }
      const result = answerSubscriber(connection, this.#own.dedicated, request, reply);
      if (result !== undefined) {
        requests.count(result);
        return;
      }
    }
    // The most frequent cases first. No command of the proxy's own has such a route.
    if (ownRoute !== undefined && this.#own.dedicated === undefined) {
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
    const { dedicated } = this.#own;
    const isQueued = dedicated?.queues === true;
    const refusal =
      refusePassing(proxy, name, request, { route, isQueued }) ??
      refuseInCluster(proxy, name, request, isQueued);
    if (refusal !== undefined && isQueued) dedicated.refuse(refusal);
    else if (refusal !== undefined) this.#refuse(refusal, reply);
    else if (route?.kind === "refuse") this.#openTunnel(request);
    else if (isQueued && isPause(name, request)) dedicated.queue(runLater(proxy, request));
    else if (name === "client" && redirectionAt(request) > 0) this.#redirectTracking(request);
    else if (isAboutShardChannels(name) && usesHashSlots(proxy.origin))
      this.#overShards(name, request, reply);
    else if (name === "multi" && dedicated === undefined && usesHashSlots(proxy.origin))
      this.#holdMulti(request, reply);
    else if (dedicated !== undefined && usesHashSlots(proxy.origin)) this.#beside(request, route, reply);
    else if (dedicated !== undefined || route?.kind === "dedicated" || this.#needsDedicated(name, request))
      this.#overDedicated(dedicated, request, route);
    else this.#forwarding.forward(request, route);
  }

  /** Asks whether a client that may not do everything may do this. @returns false if it has been answered */
  #mayRun(request: Request, route: Route | undefined, reply: ReplyWriter): boolean {
    const { connection } = this;
    const name = route?.name ?? request.text(0).toLowerCase();
    const facts = this.#factsOf(name, request, route);
    if (facts === "asked") return false;
    connection.lastCommand = facts === route?.facts ? name : commandName(name, request);
    const isQueued = this.#own.dedicated?.queues === true;
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
    else if (isExec) this.#own.dedicated!.abandon(refusal);
    else this.#own.dedicated!.refuse(refusal);
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
    this.#own.end();
    this.#tunnel = new Tunnel(this.proxy, this.connection, request);
    this.#requests.count(FORWARDED);
  }

  /** Executes a CLIENT TRACKING that names one of the proxy's clients, which the origin knows by another id. */
  #redirectTracking(request: Request): void {
    if (!this.#lanes.enter("dedicated", request)) return;
    redirectTracking(this, copyRequest(request), (translated, redirection) => {
      this.#own.atAnyNode().request(translated, undefined, redirection);
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
    if ((name === "quit" || name === "echo") && this.#own.dedicated?.listens === true) return false;
    // PING goes over a client's own connection, to show whether that connection answers.
    if (name === "ping" && this.#own.dedicated !== undefined) return false;
    if (name === "quit") return true;
    if (this.#own.dedicated?.queues === true || this.#own.dedicated?.answersByMessages === true) return false;
    if (name === "select") return this.#own.dedicated === undefined && !this.#needsDedicated(name, request);
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
    const dedicated = this.#own.dedicated;
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
    if (this.#own.dedicated?.isBusy === true) this.#lanes.postpone(request);
    else if (this.#own.dedicated !== undefined) this.#refuse(NOT_THROUGH_CACHE, reply);
    else if (this.#lanes.enter("main", request)) this.#reads.getDescribed(request, reply);
  }

  /** Executes MULTI: no node is known for the transaction yet. */
  #holdMulti(request: Request, reply: ReplyWriter): void {
    if (request.count > 1) {
      this.#refuse(wrongArity("multi"), reply);
      return;
    }
    this.#own.holdMulti();
    this.#requests.count(LOCAL);
    reply.ok();
  }

  /** Executes a request of a client with a connection of its own to one node of a cluster. */
  #beside(request: Request, route: Route | undefined, reply: ReplyWriter): void {
    const isSplit = (): boolean => this.#forwarding.needsSeveral(request, route);
    const whereabouts = this.#own.whereabouts(request, route, isSplit);
    const dedicated = this.#own.dedicated!;
    if (whereabouts === "own") this.#overDedicated(dedicated, request, route);
    else if (whereabouts === "later") this.#lanes.postpone(request);
    else if (whereabouts === "cross-slot" && dedicated.queues) dedicated.refuse(CROSS_SLOT);
    else if (whereabouts === "cross-slot") this.#refuse(CROSS_SLOT, reply);
    else if (dedicated.isBusy) this.#lanes.postpone(request);
    else if (route?.kind === "cached") this.#cachedRead(request, route, reply);
    else this.#forwarding.forward(request, route);
  }

  /** Executes SSUBSCRIBE and SUNSUBSCRIBE. */
  #overShards(name: string, request: Request, reply: ReplyWriter): void {
    if (this.#own.dedicated?.isBusy === true) {
      this.#lanes.postpone(request);
      return;
    }
    // Messages overtake outstanding replies. They must not overtake the reply that announces them.
    if (!this.#lanes.enter("dedicated", request)) return;
    const shards = this.#own.shardChannels();
    if (name === "sunsubscribe") shards.unsubscribe(request, reply as RespWriter);
    else if (request.count === 1) this.#refuse(wrongArity(name), reply);
    else shards.subscribe(request, this.answerLater());
  }

  #overDedicated(
    dedicated: DedicatedConnection | undefined,
    request: Request,
    route: Route | undefined,
  ): void {
    if (!this.#lanes.enter("dedicated", request)) return;
    (dedicated ?? this.#own.openFor(request, route)).request(request, route);
  }
}
