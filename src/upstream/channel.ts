import type { Random } from "../lib/random.ts";
import { systemTimers, type Timer } from "../lib/timers.ts";
import { formatOrigin } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { Greeting } from "./server-version.ts";
import { TrackedConnection, type TrackedOptions } from "./tracked-connection.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { Upstream } from "./upstream-request.ts";

export interface ChannelOptions extends TrackedOptions {
  /** For the delays before a new connection is opened. */
  readonly random: Random;
}

export interface ChannelEvents {
  /** The origin has changed the key bytes[start, end). */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** Anything may have changed. */
  allInvalidated(): void;
  /** The monotonic time up to which no invalidation is missing has changed; see `provenUntilMs`. */
  proven(untilMs: number): void;
  /** The connection broke: nothing fetched over it can be trusted. */
  lost(error: UpstreamError): void;
  /**
   * The handshake is complete. `tracking`: whether the origin sends invalidations. Told for each connection, and
   * again if the origin begins to send them.
   */
  ready(tracking: boolean): void;
  /** The connection has been silent for `silentMs`. Requests wait. */
  silent(silentMs: number): void;
  /** The connection is no longer silent. */
  answers(): void;
}

/** The state of a channel. */
export type LinkStatus = "up" | "silent" | "down";

/**
 * The source of data and invalidations of one server: a tracked connection, replaced when it is lost. If only its
 * wire is dead, the next connection is opened at once, and takes over the reads. Otherwise it is opened after a
 * delay, which grows with each failure.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #events: ChannelEvents;
  #tracked: TrackedConnection | undefined;
  #isReady = false;
  #isSilent = false;
  #isClosed = false;
  /** The answer of the last connection, until the next one has its own. */
  #tracking: boolean | undefined;
  #lastError: UpstreamError;
  #failedAttempts = 0;
  #reconnect: Timer | undefined;
  #fenceWaiters: (() => void)[] = [];

  constructor(options: ChannelOptions, events: ChannelEvents) {
    this.#options = options;
    this.#events = events;
    const name = formatOrigin(options.address);
    this.#lastError = new UpstreamError("ORIGINDOWN", `origin ${name} is not connected`, false);
    this.#open();
  }

  /** The present connection; undefined while there is none. */
  get connection(): UpstreamConnection | undefined {
    return this.#tracked?.connection;
  }

  get status(): LinkStatus {
    if (!this.#isReady) return "down";
    return this.#isSilent ? "silent" : "up";
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why the origin could not be reached last time. */
  get lastError(): UpstreamError {
    return this.#lastError;
  }

  /** Whether the origin sends invalidations; undefined while unknown. */
  get tracking(): boolean | undefined {
    return this.#tracking;
  }

  /** Why the origin sends no invalidations. */
  get trackingRefusal(): string {
    return this.#tracked?.refusal ?? "";
  }

  /** The server's description of itself; undefined before the first connection, and while there is none. */
  get greeting(): Greeting | undefined {
    return this.#isReady ? this.#tracked?.greeting : undefined;
  }

  /** How many keys the server tracks for all its clients; 0: no limit; undefined: unknown. */
  get trackedKeysLimit(): number | undefined {
    return this.#tracked?.trackedKeysLimit;
  }

  /**
   * The monotonic time up to which no cached entry has missed an invalidation. Infinity while no cached entry depends
   * on one: when a connection is lost, its entries go.
   */
  get provenUntilMs(): number {
    return this.#tracked?.provenUntilMs ?? Number.POSITIVE_INFINITY;
  }

  /** How long the last heartbeat's answer took, in milliseconds; undefined: there was none yet. */
  get roundTripMs(): number | undefined {
    return this.#tracked?.roundTripMs;
  }

  /**
   * Runs `then` once every invalidation that the server has caused so far has been received. Fences begun within one
   * turn of the event loop share a round trip, and pass in order.
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
      // No cached value depends on an invalidation. (Before the origin has said whether it sends any, values that
      // depend on them may be on their way, so the fence waits.)
      if (this.#tracked === undefined || this.tracking === false) pass();
      else this.#tracked.fence(pass);
    });
  }

  /** @param heir the connection that takes over the reads without a reply; without it they fail */
  close(error: UpstreamError, heir?: Upstream): void {
    this.#isClosed = true;
    this.#reconnect?.stop();
    this.#takeDown(error)?.connection.close(error, heir);
  }

  #open(): void {
    const events = this.#events;
    const tracked: TrackedConnection = new TrackedConnection(this.#options, {
      invalidated: events.invalidated,
      allInvalidated: events.allInvalidated,
      proven: events.proven,
      tracks: (tracking) => this.#ready(tracking),
      silent: (silentMs) => {
        this.#isSilent = true;
        events.silent(silentMs);
      },
      answers: () => {
        this.#isSilent = false;
        events.answers();
      },
      wireLost: (error) => this.#changeOver(error),
      closed: (error) => {
        if (this.#tracked === tracked) this.#lose(error);
      },
    });
    this.#tracked = tracked;
    this.#tracking = undefined;
  }

  #ready(tracking: boolean): void {
    this.#failedAttempts = 0;
    this.#isReady = true;
    this.#tracking = tracking;
    this.#events.ready(tracking);
  }

  /** Drops what was fetched over the connection, and opens another one after a delay. */
  #lose(error: UpstreamError): void {
    const tracked = this.#takeDown(error);
    tracked?.connection.close(error);
    if (this.#isClosed || tracked === undefined) return;
    this.#failedAttempts++;
    const { random, timers = systemTimers } = this.#options;
    this.#reconnect = timers.after(backoffMs(this.#failedAttempts, random), () => this.#open());
  }

  /** Replaces a connection whose wire is dead, although the server answers. Reads are sent again over the new one. */
  #changeOver(error: UpstreamError): void {
    const tracked = this.#takeDown(error);
    this.#open();
    tracked?.connection.close(error, this.#tracked?.connection);
  }

  /** Forgets the connection. @returns the connection there was */
  #takeDown(error: UpstreamError): TrackedConnection | undefined {
    const tracked = this.#tracked;
    if (tracked === undefined) return undefined;
    // The host's name may stand for another address at the next attempt.
    this.#options.hosts?.lost();
    this.#tracked = undefined;
    this.#isReady = false;
    this.#isSilent = false;
    this.#lastError = new UpstreamError(error.code, error.message, false);
    this.#events.lost(error);
    return tracked;
  }
}
