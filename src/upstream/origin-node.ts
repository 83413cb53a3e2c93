import { formatOrigin } from "./address.ts";
import { Channel, type ChannelEvents, type ChannelOptions } from "./channel.ts";
import type { UpstreamConnection, UpstreamEvents } from "./connection.ts";
import { type ConnectionCounts, ConnectionPool } from "./connection-pool.ts";
import type { Fenced } from "./fenced.ts";
import { wireLost } from "./probe.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";
import type { Upstream } from "./upstream-request.ts";

const SHUTTING_DOWN = new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true);

/**
 * One server of an origin, and the connections to it. Data and invalidations share the *main* connection, which is
 * the channel's, so an invalidation never overtakes the reply it concerns. Replies that RESP2 clients need in RESP2,
 * and commands with unknown effects, use *side* connections. Their replies wait behind a *fence*: a round trip on the
 * main connection, behind which every invalidation that the command caused has been received.
 */
export class OriginNode implements Fenced {
  /** Its address for messages. */
  readonly name: string;
  readonly host: string;
  readonly channel: Channel;
  readonly #options: ChannelOptions;
  readonly #pool: ConnectionPool;

  constructor(options: ChannelOptions, events: ChannelEvents) {
    this.name = formatOrigin(options.address);
    this.host = options.address.host;
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

  /** Whether a client has a connection of its own, or a reply is outstanding. */
  get isBusy(): boolean {
    return (this.channel.connection?.outstandingCount ?? 0) > 0 || this.#pool.isBusy;
  }

  /**
   * Returns the tracked connection.
   * @throws UpstreamError if the node is down or takes no more requests
   */
  main(): UpstreamConnection {
    const { connection } = this.channel;
    if (connection === undefined) throw this.channel.lastError;
    return this.#accepting(connection);
  }

  /**
   * Returns a shared connection without tracking, for replies in this RESP version.
   * @throws UpstreamError if the node is down or takes no more requests
   */
  side(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#accepting(this.#pool.shared(version));
  }

  /**
   * Returns a connection for one client, until it is given back or closed.
   * @throws UpstreamError if the node is down
   */
  dedicated(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    this.#checkThere();
    return this.#pool.dedicated(version, events);
  }

  /**
   * Returns a connection for one request, also for one that a server answers while it is busy with a script. The
   * caller closes it.
   * @throws UpstreamError if the node is down
   */
  single(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#pool.single(version);
  }

  /** Gives a dedicated connection back. Its state must be that of a new one. */
  giveBack(connection: UpstreamConnection, version: 2 | 3): void {
    this.#pool.giveBack(connection, version);
  }

  fence(then: () => void): void {
    this.channel.fence(then);
  }

  /**
   * Ends all connections.
   * @param error why
   * @param heir the connection that takes over the main one's reads without a reply; without it they fail
   */
  close(error: UpstreamError = SHUTTING_DOWN, heir?: Upstream): void {
    this.channel.close(error, heir);
    this.#pool.close(error);
  }

  /** Returns the error for a connection that takes no more requests. */
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

  /** Checks that the server is there. Even while it is busy, it answers some commands over other connections. */
  #checkThere(): void {
    const { connection, isClosed, lastError } = this.channel;
    if (connection === undefined && (isClosed || !isPassingCode(lastError.code))) throw lastError;
  }
}
