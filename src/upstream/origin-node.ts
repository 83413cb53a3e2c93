import { formatOrigin } from "./address.ts";
import { Channel, type ChannelOptions, type LinkStatus } from "./channel.ts";
import type { UpstreamConnection, UpstreamEvents } from "./connection.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { stalenessBoundMs, wireLost } from "./heartbeat.ts";
import type { Greeting } from "./server-version.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";

export interface OriginEvents {
  /** The origin says that bytes[start, end) changed. */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** Anything may have changed. */
  allInvalidated(): void;
  /** Monotonic time up to which no invalidation is missing, as `provenUntilMs`; the channel works. */
  proven?(untilMs: number): void;
  /** The channel for invalidations broke: nothing fetched over it can be trusted any longer. */
  lost(error: UpstreamError): void;
  /** `tracking` tells whether the origin sends invalidations; told at each connection, and again when it begins to. */
  ready(tracking: boolean): void;
  /** The channel has been silent for so long. What was asked waits; nothing is served from the cache. */
  silent?(silentMs: number): void;
  /** It is not silent any longer. */
  answers?(): void;
}

/**
 * An origin as the proxy sees it. Data and invalidations share the *main* connection, the channel, so an invalidation
 * never overtakes the reply it concerns. What cannot go there (replies that RESP2 clients need in RESP2, commands with
 * unknown effects) goes over *side* connections, and comes back through a *fence*: a round trip on the main
 * connection, behind which every invalidation the command caused has been received.
 */
export class Origin {
  readonly #options: ChannelOptions;
  readonly #pool: ConnectionPool;
  readonly #channel: Channel;

  constructor(options: ChannelOptions, events: OriginEvents) {
    this.#options = options;
    this.#pool = new ConnectionPool(options);
    let isUp = false;
    this.#channel = new Channel(options, {
      invalidated: events.invalidated,
      allInvalidated: events.allInvalidated,
      proven: (untilMs) => events.proven?.(untilMs),
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
      silent: (silentMs) => events.silent?.(silentMs),
      answers: () => events.answers?.(),
    });
  }

  get name(): string {
    return formatOrigin(this.#options.address);
  }

  /** The database that clients are in until they select another one. */
  get database(): number {
    return this.#options.address.database ?? 0;
  }

  get linkStatus(): LinkStatus {
    return this.#channel.status;
  }

  get tracking(): boolean | undefined {
    return this.#channel.tracking;
  }

  get trackingRefusal(): string {
    return this.#channel.trackingRefusal;
  }

  get greeting(): Greeting | undefined {
    return this.#channel.greeting;
  }

  get trackedKeysLimit(): number | undefined {
    return this.#channel.trackedKeysLimit;
  }

  get provenUntilMs(): number {
    return this.#channel.provenUntilMs;
  }

  get lastError(): UpstreamError {
    return this.#channel.lastError;
  }

  /** Longest time a cached entry can be served after an invalidation was lost on a silently dead channel. */
  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.#options);
  }

  /** Connections by use; those given back wait for the next client that needs one of its own. */
  get connectionCounts(): { shared: number; dedicated: number; idle: number } {
    const { shared, dedicated, idle } = this.#pool.counts;
    return { shared: shared + (this.#channel.connection === undefined ? 0 : 1), dedicated, idle };
  }

  /**
   * The tracked connection.
   * @throws UpstreamError when the origin is down or takes no more requests
   */
  main(): UpstreamConnection {
    const { connection } = this.#channel;
    if (connection === undefined) throw this.lastError;
    return this.#accepting(connection);
  }

  /**
   * A shared connection for replies in this RESP version, without tracking.
   * @throws UpstreamError when the origin is down or takes no more requests
   */
  side(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#accepting(this.#pool.shared(version));
  }

  /**
   * A connection for one client alone, until it is given back or closed.
   * @throws UpstreamError when the origin is down
   */
  dedicated(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    this.#checkThere();
    return this.#pool.dedicated(version, events);
  }

  /**
   * A connection for one request that an origin answers while it is busy with a script. It is to be closed.
   * @throws UpstreamError when the origin is down
   */
  urgent(version: 2 | 3): UpstreamConnection {
    this.#checkThere();
    return this.#pool.urgent(version);
  }

  /** Gives a dedicated connection back for the next client; its state must be that of a new one. */
  giveBack(connection: UpstreamConnection, version: 2 | 3): void {
    this.#pool.giveBack(connection, version);
  }

  /** Runs `then` once every invalidation that the origin has caused so far has been received. */
  fence(then: () => void): void {
    this.#channel.fence(then);
  }

  close(): void {
    const error = new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true);
    this.#channel.close(error);
    this.#pool.close(error);
  }

  /** What is wrong when a connection takes no more requests. */
  overloaded(): UpstreamError {
    const message = `origin ${this.name} does not keep up: ${this.#options.pendingBytes} bytes of requests wait`;
    return new UpstreamError("ORIGINDOWN", message, false);
  }

  /** @throws UpstreamError */
  #accepting(connection: UpstreamConnection): UpstreamConnection {
    if (connection.isClosed) throw this.lastError;
    if (!connection.accepts) throw this.overloaded();
    return connection;
  }

  /** A server that is there, but busy, can still be asked over other connections: it answers some commands. */
  #checkThere(): void {
    const { connection, isClosed, lastError } = this.#channel;
    if (connection === undefined && (isClosed || !isPassingCode(lastError.code))) throw lastError;
  }
}
