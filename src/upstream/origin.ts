import type { Random } from "../lib/random.ts";
import { systemTimers, type Timer } from "../lib/timers.ts";
import { formatOrigin } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { UpstreamConnection, UpstreamEvents } from "./connection.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Greeting } from "./server-version.ts";
import { TrackedConnection, type TrackedOptions, wireLost } from "./tracked-connection.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";

export interface OriginOptions extends TrackedOptions {
  readonly random: Random;
}

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

/** How it stands with the channel. */
export type LinkStatus = "up" | "silent" | "down";

/**
 * An origin as the proxy sees it. Data and invalidations share the *main* connection, the channel, so an invalidation
 * never overtakes the reply it concerns. What cannot go there (replies that RESP2 clients need in RESP2, commands with
 * unknown effects) goes over *side* connections, and comes back through a *fence*: a round trip on the main
 * connection, behind which every invalidation the command caused has been received.
 */
export class Origin {
  readonly #options: OriginOptions;
  readonly #events: OriginEvents;
  readonly #pool: ConnectionPool;
  #channel: TrackedConnection | undefined;
  #isReady = false;
  #isSilent = false;
  #failedAttempts = 0;
  #lastError: UpstreamError;
  #reconnect: Timer | undefined;
  #fenceWaiters: (() => void)[] = [];
  #closed = false;
  /** Of the channel before, until another one says so. */
  #tracking: boolean | undefined;

  constructor(options: OriginOptions, events: OriginEvents) {
    this.#options = options;
    this.#events = events;
    this.#pool = new ConnectionPool(options);
    this.#lastError = new UpstreamError("ORIGINDOWN", `origin ${this.name} is not connected`, false);
    this.#openChannel();
  }

  get name(): string {
    return formatOrigin(this.#options.address);
  }

  /** The database that clients are in until they select another one. */
  get database(): number {
    return this.#options.address.database ?? 0;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get linkStatus(): LinkStatus {
    if (!this.#isReady) return "down";
    return this.#isSilent ? "silent" : "up";
  }

  /** Whether the origin sends invalidations; undefined until it has said so. */
  get tracking(): boolean | undefined {
    return this.#tracking;
  }

  /** Why it does not. */
  get trackingRefusal(): string {
    return this.#channel?.refusal ?? "";
  }

  /** What it says of itself; empty before it was reached, and while it cannot be. */
  get greeting(): Greeting | undefined {
    return this.#isReady ? this.#channel?.greeting : undefined;
  }

  /** How many keys it remembers for all its clients; 0: no limit. Undefined: it does not say. */
  get trackedKeysLimit(): number | undefined {
    return this.#channel?.trackedKeysLimit;
  }

  /** Monotonic time up to which cached entries are known not to have missed an invalidation. */
  get provenUntilMs(): number {
    return this.#channel?.provenUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Why the origin could not be reached last. */
  get lastError(): UpstreamError {
    return this.#lastError;
  }

  /** Longest time a cached entry can be served after an invalidation was lost on a silently dead channel. */
  get stalenessBoundMs(): number {
    return this.#options.heartbeatMs + this.#options.heartbeatTimeoutMs;
  }

  /** Connections by use; those given back wait for the next client that needs one of its own. */
  get connectionCounts(): { shared: number; dedicated: number; idle: number } {
    const { shared, dedicated, idle } = this.#pool.counts;
    return { shared: shared + (this.#channel === undefined ? 0 : 1), dedicated, idle };
  }

  /**
   * The tracked connection.
   * @throws UpstreamError when the origin is down or takes no more requests
   */
  main(): UpstreamConnection {
    if (this.#channel === undefined) throw this.#lastError;
    return this.#accepting(this.#channel.connection);
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

  /**
   * Runs `then` once every invalidation that the origin has caused so far has been received. All that wait within
   * one turn of the event loop share one round trip. Runs in the order of the calls.
   */
  fence(then: () => void): void {
    this.#fenceWaiters.push(then);
    if (this.#fenceWaiters.length > 1) return;
    queueMicrotask(() => {
      const waiters = this.#fenceWaiters;
      this.#fenceWaiters = [];
      const pass = () => {
        for (const waiter of waiters) waiter();
      };
      // Nothing is cached that an invalidation could concern. (While it is not known yet whether there will be any,
      // values may be under way that one will concern.)
      if (this.#channel === undefined || this.tracking === false) pass();
      else this.#channel.fence(pass);
    });
  }

  close(): void {
    this.#closed = true;
    this.#reconnect?.stop();
    const error = new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true);
    this.#lose(error);
    this.#pool.close(error);
  }

  /** What is wrong when a connection takes no more requests. */
  overloaded(): UpstreamError {
    const message = `origin ${this.name} does not keep up: ${this.#options.pendingBytes} bytes of requests wait`;
    return new UpstreamError("ORIGINDOWN", message, false);
  }

  /** @throws UpstreamError */
  #accepting(connection: UpstreamConnection): UpstreamConnection {
    if (connection.isClosed) throw this.#lastError;
    if (!connection.accepts) throw this.overloaded();
    return connection;
  }

  /** An origin that is there, but busy, can still be asked over other connections: it answers some commands. */
  #checkThere(): void {
    if (this.#channel === undefined && (this.#closed || !isPassingCode(this.#lastError.code)))
      throw this.#lastError;
  }

  #openChannel(): void {
    const events = this.#events;
    const channel: TrackedConnection = new TrackedConnection(this.#options, {
      invalidated: events.invalidated,
      allInvalidated: events.allInvalidated,
      proven: (untilMs) => events.proven?.(untilMs),
      tracks: (tracking) => this.#ready(tracking),
      silent: (silentMs) => {
        this.#isSilent = true;
        events.silent?.(silentMs);
      },
      answers: () => {
        this.#isSilent = false;
        events.answers?.();
      },
      wireLost: (error) => this.#changeOver(error),
      closed: (error) => {
        if (this.#channel === channel) this.#lose(error);
      },
    });
    this.#channel = channel;
    this.#tracking = undefined;
  }

  #ready(tracking: boolean): void {
    const isFirst = !this.#isReady;
    this.#failedAttempts = 0;
    this.#isReady = true;
    this.#tracking = tracking;
    this.#events.ready(tracking);
    const { heartbeatTimeoutMs, clock } = this.#options;
    if (!isFirst) return;
    this.#pool.verify(heartbeatTimeoutMs, () => clock.monotonicMs(), wireLost(this.#options));
  }

  /** What was fetched over the channel goes with it; then it is opened again, after a while. */
  #lose(error: UpstreamError): void {
    const channel = this.#takeDown(error);
    channel?.connection.close(error);
    if (this.#closed || channel === undefined) return;
    this.#failedAttempts++;
    const delayMs = backoffMs(this.#failedAttempts, this.#options.random);
    const { timers = systemTimers } = this.#options;
    this.#reconnect = timers.after(delayMs, () => this.#openChannel());
  }

  /** The origin is there: another channel takes the place of one whose wire is dead, and whoever only reads asks again. */
  #changeOver(error: UpstreamError): void {
    const channel = this.#takeDown(error);
    this.#openChannel();
    channel?.connection.close(error, this.#channel?.connection);
  }

  /** @returns the channel that there was */
  #takeDown(error: UpstreamError): TrackedConnection | undefined {
    const channel = this.#channel;
    if (channel === undefined) return undefined;
    this.#channel = undefined;
    this.#isReady = false;
    this.#isSilent = false;
    this.#lastError = new UpstreamError(error.code, error.message, false);
    this.#events.lost(error);
    this.#pool.retire();
    return channel;
  }
}
