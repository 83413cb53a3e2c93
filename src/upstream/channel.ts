import type { Random } from "../lib/random.ts";
import { systemTimers, type Timer } from "../lib/timers.ts";
import { formatOrigin } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { Greeting } from "./server-version.ts";
import { TrackedConnection, type TrackedOptions } from "./tracked-connection.ts";
import { UpstreamError } from "./upstream-error.ts";

export interface ChannelOptions extends TrackedOptions {
  /** For the delays before another connection is opened. */
  readonly random: Random;
}

export interface ChannelEvents {
  /** The origin says that bytes[start, end) changed. */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** Anything may have changed. */
  allInvalidated(): void;
  /** Monotonic time up to which no invalidation is missing, as `provenUntilMs`. */
  proven(untilMs: number): void;
  /** The connection broke: nothing fetched over it can be trusted any longer. */
  lost(error: UpstreamError): void;
  /** `tracking` tells whether the origin sends invalidations; told at each connection, and again when it begins to. */
  ready(tracking: boolean): void;
  /** The connection has been silent for so long. What was asked waits. */
  silent(silentMs: number): void;
  /** It is not silent any longer. */
  answers(): void;
}

/** How it stands with a channel. */
export type LinkStatus = "up" | "silent" | "down";

/**
 * The way that data and invalidations of one server come: a tracked connection, and another one when that is lost. Where
 * its wire is dead, the next one is opened at once, and reads are asked again over it. Otherwise it is opened after a
 * while, which grows with each failure.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #events: ChannelEvents;
  #tracked: TrackedConnection | undefined;
  #isReady = false;
  #isSilent = false;
  #isClosed = false;
  /** Of the connection before, until another one says so. */
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

  /** Undefined while it is lost. */
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

  /** Why the origin could not be reached last. */
  get lastError(): UpstreamError {
    return this.#lastError;
  }

  /** Whether the origin sends invalidations; undefined until it has said so. */
  get tracking(): boolean | undefined {
    return this.#tracking;
  }

  /** Why it does not. */
  get trackingRefusal(): string {
    return this.#tracked?.refusal ?? "";
  }

  /** What the server says of itself; undefined before it was reached, and while it cannot be. */
  get greeting(): Greeting | undefined {
    return this.#isReady ? this.#tracked?.greeting : undefined;
  }

  /** How many keys the server remembers for all its clients; 0: no limit. Undefined: it does not say. */
  get trackedKeysLimit(): number | undefined {
    return this.#tracked?.trackedKeysLimit;
  }

  /**
   * Monotonic time up to which cached entries are known not to have missed an invalidation. Infinity while there are none
   * that one could concern: a loss has ended them.
   */
  get provenUntilMs(): number {
    return this.#tracked?.provenUntilMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Runs `then` once every invalidation that the server has caused so far has been received. All that wait within one
   * turn of the event loop share one round trip. Runs in the order of the calls.
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
      if (this.#tracked === undefined || this.tracking === false) pass();
      else this.#tracked.fence(pass);
    });
  }

  close(error: UpstreamError): void {
    this.#isClosed = true;
    this.#reconnect?.stop();
    this.#lose(error);
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

  /** What was fetched over the connection goes with it; then another one is opened, after a while. */
  #lose(error: UpstreamError): void {
    const tracked = this.#takeDown(error);
    tracked?.connection.close(error);
    if (this.#isClosed || tracked === undefined) return;
    this.#failedAttempts++;
    const { random, timers = systemTimers } = this.#options;
    this.#reconnect = timers.after(backoffMs(this.#failedAttempts, random), () => this.#open());
  }

  /** The server is there: another connection takes the place of one whose wire is dead, and reads are asked again. */
  #changeOver(error: UpstreamError): void {
    const tracked = this.#takeDown(error);
    this.#open();
    tracked?.connection.close(error, this.#tracked?.connection);
  }

  /** @returns the connection that there was */
  #takeDown(error: UpstreamError): TrackedConnection | undefined {
    const tracked = this.#tracked;
    if (tracked === undefined) return undefined;
    this.#tracked = undefined;
    this.#isReady = false;
    this.#isSilent = false;
    this.#lastError = new UpstreamError(error.code, error.message, false);
    this.#events.lost(error);
    return tracked;
  }
}
