import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import type { ProxyParts } from "./context.ts";
import { DedicatedConnection, type QueuedRequest } from "./dedicated-connection.ts";
import { nodeFor, nodeOfKeys } from "./destination.ts";
import type { Lanes } from "./lanes.ts";
import type { Route } from "./routes.ts";
import { ShardSubscriptions } from "./several-nodes/shard-subscriptions.ts";

/**
 * Who executes a request of a client with a connection of its own to one node of a cluster: that node, any other
 * client's way, or nobody, because the client's state at its node concerns keys of this node alone. `later`: it is
 * to be asked again when the connection is not busy.
 */
export type Whereabouts = "own" | "shared" | "cross-slot" | "later";

/**
 * What one client has at the origin for itself: a connection, its shard channels at the nodes of a cluster, and a
 * transaction that it was told has begun. At a cluster that begins at the node of its first key.
 */
export class OwnConnections {
  dedicated: DedicatedConnection | undefined;
  /** Present once the client has asked for a shard channel of a cluster. */
  shards: ShardSubscriptions | undefined;
  holdsMulti = false;
  readonly #proxy: ProxyParts;
  readonly #connection: Connection;
  readonly #lanes: Lanes;

  constructor(proxy: ProxyParts, connection: Connection, lanes: Lanes) {
    this.#proxy = proxy;
    this.#connection = connection;
    this.#lanes = lanes;
  }

  /** The client's flags for CLIENT LIST. */
  get flags(): string {
    const subscribed = this.#connection.isSubscribed ? "P" : "";
    return this.dedicated?.flags ?? `${subscribed}${this.holdsMulti ? "x" : ""}`;
  }

  /** Returns the client's connection; opens one to any node if there is none. @throws UpstreamError */
  atAnyNode(): DedicatedConnection {
    this.dedicated ??= this.#open(this.#proxy.origin.anyNode());
    return this.dedicated;
  }

  /** Opens a connection to the node that the request is for. @throws UpstreamError if it is down */
  openFor(request: Request, route: Route | undefined): DedicatedConnection {
    this.dedicated = this.#open(nodeFor(this.#proxy, request, route));
    return this.dedicated;
  }

  /** Notes that the client was told that its transaction has begun. */
  holdMulti(): void {
    this.holdsMulti = true;
    this.#connection.queuedCommands = 0;
  }

  /**
   * Begins the transaction at the node of its first request.
   * @returns false if the request was postponed
   * @throws UpstreamError if the node is down; the client is then ended, since its transaction is lost
   */
  beginHeld(request: Request): boolean {
    if (!this.#lanes.enter("dedicated", request)) return false;
    const proxy = this.#proxy;
    this.holdsMulti = false;
    const route = proxy.routes.find(request) ?? proxy.learnedRoute(request);
    this.#beginAt(() => nodeFor(proxy, request, route), []);
    return true;
  }

  /**
   * Begins the transaction at a node.
   * @param queued its requests so far
   * @throws UpstreamError as `beginHeld` does
   */
  #beginAt(node: () => OriginNode, queued: readonly QueuedRequest[]): void {
    try {
      const dedicated = this.#open(node());
      this.dedicated = dedicated;
      dedicated.begin(queued);
    } catch (error) {
      this.#connection.closeAfterReplies();
      throw error;
    }
  }

  /**
   * Finds out who executes a request. A transaction without keys so far begins again at the node of the request.
   * @param isSplit whether several nodes execute the request
   * @throws UpstreamError as `beginHeld` does
   */
  whereabouts(request: Request, route: Route | undefined, isSplit: () => boolean): Whereabouts {
    const dedicated = this.dedicated!;
    // Of a client that has ended its subscriptions, the connection is kept nevertheless.
    if (dedicated.answersByMessages && this.#connection.isSubscribed) return "own";
    const node = nodeOfKeys(this.#proxy, request, route);
    const isElsewhere = node !== undefined && node !== dedicated.node;
    if (dedicated.queues) return node === undefined ? "own" : this.#inTransaction(dedicated, node);
    if (route?.kind === "dedicated") {
      if (!isElsewhere) return "own";
      // Another node knows nothing of what the client watches. Other requests the node sends on.
      if (dedicated.isBound) return "cross-slot";
      if (route.name !== "watch") return "own";
      // A subscriber keeps its connection.
      return dedicated.isBusy ? "later" : "cross-slot";
    }
    // The keys of an MGET are asked for one by one.
    return isElsewhere || route?.name === "mget" || isSplit() ? "shared" : "own";
  }

  #inTransaction(dedicated: DedicatedConnection, node: OriginNode): Whereabouts {
    const { movable } = dedicated;
    if (node !== dedicated.node) {
      if (movable === undefined) return "cross-slot";
      if (dedicated.isBusy) return "later";
      dedicated.end();
      this.#beginAt(() => node, movable);
    }
    this.dedicated!.stay();
    return "own";
  }

  /** Returns the client's shard channels. */
  shardChannels(): ShardSubscriptions {
    this.shards ??= new ShardSubscriptions(this.#proxy, this.#connection);
    return this.shards;
  }

  /** Ends everything: the client has gone, or starts afresh. */
  end(): void {
    this.dedicated?.end();
    this.dedicated = undefined;
    this.shards?.end();
    this.shards = undefined;
    this.holdsMulti = false;
  }

  /** @throws UpstreamError if the node is down */
  #open(node: OriginNode): DedicatedConnection {
    const { origin, cache, fence, scripts, stats, settings, sentRequests } = this.#proxy;
    const connection = this.#connection;
    return new DedicatedConnection(
      {
        ...{ connection, node, fence, scripts, stats },
        database: origin.database,
        timeoutMs: settings.originTimeoutMs,
        sentRequests: origin.redirects ? sentRequests : undefined,
        // Without tracking the origin does not tell what has changed.
        shows: () => {
          if (origin.tracking !== true) cache.invalidateAll("caution");
        },
        changedAll: () => cache.invalidateAll("flush"),
        idle: () => this.#lanes.resume(),
        released: () => {
          this.dedicated = undefined;
          const { shardChannels } = connection;
          connection.forgetState(origin.database);
          if (this.shards !== undefined) connection.shardChannels = shardChannels;
          this.#lanes.resume();
        },
      },
      connection.respVersion,
    );
  }
}
