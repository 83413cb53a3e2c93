import { formatOrigin } from "./address.ts";
import { Channel, type ChannelEvents, type ChannelOptions } from "./channel.ts";
import type { UpstreamConnection, UpstreamEvents } from "./connection.ts";
import { type ConnectionCounts, ConnectionPool } from "./connection-pool.ts";
import { wireLost } from "./heartbeat.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";

/**
 * One server of an origin, and the connections to it. Data and invalidations share the *main* connection, that of the
 * channel, so an invalidation never overtakes the reply it concerns. What cannot go there (replies that RESP2 clients
 * need in RESP2, commands with unknown effects) goes over *side* connections, and comes back through a *fence*: a round
 * trip on the main connection, behind which every invalidation the command caused has been received.
 */
export class OriginNode {
  readonly name: string;
  readonly channel: Channel;
  readonly #options: ChannelOptions;
  readonly #pool: ConnectionPool;

  constructor(options: ChannelOptions, events: ChannelEvents) {
    this.name = formatOrigin(options.address);
    this.#options = options;
    this.#pool = new ConnectionPool(options);
    let isUp = false;
    this.channel = new Channel(options, {
      ...events,
      lost: (error) => {
        isUp = false;
        events.lost(error);
        this.#pool.retire();
      },
      ready: (tracking) => {
        events.ready(tracking);
        if (!isUp) this.#pool.verify(options.heartbeatTimeoutMs, wireLost(options));
        isUp = true;
      },
    });
  }

  get connectionCounts(): ConnectionCounts {
    const { shared, dedicated, idle } = this.#pool.counts;
    return { shared: shared + (this.channel.connection === undefined ? 0 : 1), dedicated, idle };
  }

  /**
   * The tracked connection.
   * @throws UpstreamError when the node is down or takes no more requests
   */
  main(): UpstreamConnection {
    const { connection } = this.channel;
    if (connection === undefined) throw this.channel.lastError;
    return this.#accepting(connection);
  }

  /**
   * A shared connection for replies in this RESP version, without tracking.
   * @throws UpstreamError when the node is down or takes no more requests
   */
  side(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#accepting(this.#pool.shared(version));
  }

  /**
   * A connection for one client alone, until it is given back or closed.
   * @throws UpstreamError when the node is down
   */
  dedicated(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    this.#checkThere();
    return this.#pool.dedicated(version, events);
  }

  /**
   * A connection for one request that a server answers while it is busy with a script. It is to be closed.
   * @throws UpstreamError when the node is down
   */
  urgent(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#pool.urgent(version);
  }

  /** Gives a dedicated connection back for the next client; its state must be that of a new one. */
  giveBack(connection: UpstreamConnection, version: 2 | 3): void {
    this.#pool.giveBack(connection, version);
  }

  /** Runs `then` once every invalidation that the node has caused so far has been received. In the order of the calls. */
  fence(then: () => void): void {
    this.channel.fence(then);
  }

  close(): void {
    const error = new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true);
    this.channel.close(error);
    this.#pool.close(error);
  }

  /** What is wrong when a connection takes no more requests. */
  overloaded(): UpstreamError {
    const message = `origin ${this.name} does not keep up: ${this.#options.pendingBytes} bytes of requests wait`;
    return new UpstreamError("ORIGINDOWN", message, false);
  }

  /** @throws UpstreamError */
  #accepting(connection: UpstreamConnection): UpstreamConnection {
    if (connection.isClosed) throw this.channel.lastError;
    if (!connection.accepts) throw this.overloaded();
    return connection;
  }

  /** A server that is there, but busy, can still be asked over other connections: it answers some commands. */
  #checkThere(): void {
    const { connection, isClosed, lastError } = this.channel;
    if (connection === undefined && (isClosed || !isPassingCode(lastError.code))) throw lastError;
  }
}
