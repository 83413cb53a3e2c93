import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../protocol/reply-types.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin, type OriginAddress } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import { UpstreamConnection, type UpstreamEvents, UpstreamRequest } from "./connection.ts";
import { readInvalidation } from "./invalidation.ts";
import { UpstreamError } from "./upstream-error.ts";

export interface OriginOptions {
  readonly address: OriginAddress;
  readonly clock: Clock;
  readonly random: Random;
  /** For connecting, and for each reply. */
  readonly timeoutMs: number;
  /** How often the tracked connection is asked for a sign of life. */
  readonly heartbeatMs: number;
  /** Without that sign for so long, the connection counts as silently dead. */
  readonly heartbeatTimeoutMs: number;
  readonly pendingBytes: number;
}

export interface OriginEvents {
  /** The origin says that bytes[start, end) changed. */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** The origin says that anything may have changed. */
  allInvalidated(): void;
  /** Monotonic time up to which no invalidation is missing, as `provenUntilMs`; the channel works. */
  proven?(untilMs: number): void;
  /** The channel for invalidations broke: nothing fetched over it can be trusted any longer. */
  lost(error: UpstreamError): void;
  /** Connected; `tracking` tells whether the origin will send invalidations. */
  ready(tracking: boolean): void;
}

/** Dedicated connections kept for the next client, for each RESP version. */
const IDLE_CONNECTIONS = 64;

/**
 * An origin as the proxy sees it. Data and invalidations share the *main* connection, so an invalidation never
 * overtakes the reply it concerns. What cannot go there (replies that RESP2 clients need in RESP2, commands with
 * unknown effects) goes over *side* connections, and comes back through a *fence*: a round trip on the main
 * connection, behind which every invalidation the command caused has been received.
 */
export class Origin {
  /** Monotonic time up to which cached entries are known not to have missed an invalidation. */
  provenUntilMs = Number.NEGATIVE_INFINITY;
  /** Whether the origin sends invalidations; undefined until it has said so. */
  tracking: boolean | undefined;
  readonly #options: OriginOptions;
  readonly #events: OriginEvents;
  #main: UpstreamConnection | undefined;
  #mainReady = false;
  readonly #sides = new Map<2 | 3, UpstreamConnection>();
  readonly #dedicated = new Set<UpstreamConnection>();
  /** Dedicated connections that were given back, by RESP version. */
  readonly #idle = new Map<2 | 3, UpstreamConnection[]>();
  #failedAttempts = 0;
  #lastError: UpstreamError;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setTimeout> | undefined;
  #fenceWaiters: (() => void)[] = [];
  #closed = false;

  constructor(options: OriginOptions, events: OriginEvents) {
    this.#options = options;
    this.#events = events;
    this.#lastError = new UpstreamError("ORIGINDOWN", `origin ${this.name} is not connected`, false);
    this.#openMain();
  }

  get name(): string {
    return formatOrigin(this.#options.address);
  }

  get isReady(): boolean {
    return this.#mainReady;
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
    let idle = 0;
    for (const connections of this.#idle.values()) idle += connections.length;
    const main = this.#main === undefined ? 0 : 1;
    return { shared: main + this.#sides.size, dedicated: this.#dedicated.size, idle };
  }

  /**
   * The tracked connection.
   * @throws UpstreamError when the origin is down or takes no more requests
   */
  main(): UpstreamConnection {
    if (this.#main === undefined) throw this.#lastError;
    if (!this.#main.accepts) throw this.overloaded();
    return this.#main;
  }

  /**
   * A shared connection for replies in this RESP version, without tracking.
   * @throws UpstreamError when the origin is down or takes no more requests
   */
  side(version: 2 | 3): UpstreamConnection {
    let connection = this.#sides.get(version);
    if (connection === undefined) {
      connection = this.#openPlain(version, {
        closed: () => this.#sides.delete(version),
      });
      this.#sides.set(version, connection);
    }
    if (!connection.accepts) throw this.overloaded();
    return connection;
  }

  /**
   * A connection for one client alone, until it is given back or closed.
   * @throws UpstreamError when the origin is down
   */
  dedicated(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    if (this.#main === undefined) throw this.#lastError;
    const connection = this.#idle.get(version)?.pop() ?? this.#openPlain(version, events);
    this.#dedicated.add(connection);
    connection.events = {
      ...events,
      closed: (error) => {
        this.#dedicated.delete(connection);
        events.closed(error);
      },
    };
    return connection;
  }

  /** Gives a dedicated connection back for the next client; its state must be that of a new one. */
  giveBack(connection: UpstreamConnection, version: 2 | 3): void {
    this.#dedicated.delete(connection);
    const idle = this.#idle.get(version) ?? [];
    this.#idle.set(version, idle);
    if (connection.isClosed || idle.length >= IDLE_CONNECTIONS) {
      connection.close(new UpstreamError("ORIGINDOWN", "not needed any more", false));
      return;
    }
    idle.push(connection);
    connection.events = {
      closed: () => {
        const at = idle.indexOf(connection);
        if (at >= 0) idle.splice(at, 1);
      },
    };
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
      const main = this.#main;
      if (main === undefined || this.tracking === false) {
        // Nothing is cached that an invalidation could concern. (While it is not known yet whether there will be
        // any, values may be under way that one will concern.)
        for (const waiter of waiters) waiter();
        return;
      }
      writeCommand(main.out, ["PING"]);
      main.enqueue(
        new Callback(
          () => {
            for (const waiter of waiters) waiter();
          },
          (error) => {
            this.#loseMain(error);
            for (const waiter of waiters) waiter();
          },
        ),
      );
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    this.#loseMain(new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true));
  }

  /** What is wrong when a connection takes no more requests. */
  overloaded(): UpstreamError {
    const message = `origin ${this.name} does not keep up: ${this.#options.pendingBytes} bytes of requests wait`;
    return new UpstreamError("ORIGINDOWN", message, false);
  }

  #openMain(): void {
    let isThis = true;
    const main = new UpstreamConnection(this.#options, {
      pushed: (bytes, _start, _end, reader) => {
        readInvalidation(bytes, reader, this.#events.invalidated, this.#events.allInvalidated);
      },
      closed: (error) => {
        isThis = false;
        if (this.#main === main) this.#loseMain(error);
      },
    });
    this.#main = main;
    this.#logIn(main, 3);
    // Ignored by an origin that does not know it.
    this.#handshake(main, ["CLIENT", "SETNAME", "glasscache-proxy"], () => {});
    // NOLOOP: what goes over this connection itself is invalidated by the proxy when it is sent.
    this.#handshake(main, ["CLIENT", "TRACKING", "ON", "NOLOOP"], (error, sentAtMs) => {
      if (!isThis) return;
      if (error?.startsWith("NOAUTH") === true) {
        main.close(new UpstreamError("ORIGINAUTH", `origin ${this.name} asks for a password`, false));
        return;
      }
      this.#failedAttempts = 0;
      this.#mainReady = true;
      this.tracking = error === undefined;
      this.#prove(this.tracking ? sentAtMs + this.stalenessBoundMs : Number.POSITIVE_INFINITY);
      this.#events.ready(this.tracking);
      this.#scheduleHeartbeat(main);
    });
  }

  #handshake(
    connection: UpstreamConnection,
    command: readonly string[],
    done: (error: string | undefined, sentAtMs: number) => void,
  ): void {
    writeCommand(connection.out, command);
    connection.enqueue(new Handshake(done));
  }

  #openPlain(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    if (this.#main === undefined) throw this.#lastError;
    const connection = new UpstreamConnection(this.#options, events);
    this.#logIn(connection, version);
    return connection;
  }

  /**
   * Gives the password and agrees on the RESP version, all in the first packet. An origin that does not know HELLO
   * stays with RESP2, and takes the password by the AUTH that follows; where HELLO has taken it, that says nothing.
   */
  #logIn(connection: UpstreamConnection, version: 2 | 3): void {
    const { user, password } = this.#options.address;
    const refuse = (error: string) => {
      const message = `origin ${this.name} refused the credentials: ${error}`;
      connection.close(new UpstreamError("ORIGINAUTH", message, false));
    };
    let isLoggedIn = false;
    if (version === 3) {
      const login = password === undefined ? [] : ["AUTH", user ?? "default", password];
      this.#handshake(connection, ["HELLO", "3", ...login], (error) => {
        isLoggedIn = error === undefined;
        if (error !== undefined && isAuthError(error)) refuse(error);
      });
    }
    if (password === undefined) return;
    this.#handshake(
      connection,
      user === undefined ? ["AUTH", password] : ["AUTH", user, password],
      (error) => {
        if (error !== undefined && !isLoggedIn) refuse(error);
      },
    );
  }

  #prove(untilMs: number): void {
    this.provenUntilMs = untilMs;
    this.#events.proven?.(untilMs);
  }

  #scheduleHeartbeat(main: UpstreamConnection): void {
    this.#heartbeat = setTimeout(() => {
      writeCommand(main.out, ["PING"]);
      const beat = new Callback(
        () => {
          clearTimeout(this.#heartbeat);
          if (this.tracking === true) this.#prove(beat.sentAtMs + this.stalenessBoundMs);
          this.#scheduleHeartbeat(main);
        },
        () => {},
      );
      main.enqueue(beat);
      this.#awaitSignOfLife(main, this.#options.heartbeatTimeoutMs);
    }, this.#options.heartbeatMs);
  }

  /** Before the answer a large value may be coming in. That is a sign of life, too, though it proves nothing. */
  #awaitSignOfLife(main: UpstreamConnection, delayMs: number): void {
    const { clock, heartbeatTimeoutMs } = this.#options;
    this.#heartbeat = setTimeout(() => {
      const silentMs = clock.monotonicMs() - main.lastReceivedMs;
      if (main.isReceivingLarge && silentMs < heartbeatTimeoutMs) {
        this.#awaitSignOfLife(main, heartbeatTimeoutMs - silentMs);
        return;
      }
      const message = `origin ${this.name} gave no sign of life for ${heartbeatTimeoutMs} ms`;
      main.close(new UpstreamError("ORIGINTIMEOUT", message, true));
    }, delayMs);
  }

  /** Everything that depends on the main connection ends with it; then it is opened again, after a while. */
  #loseMain(error: UpstreamError): void {
    const main = this.#main;
    if (main === undefined) return;
    this.#main = undefined;
    this.#mainReady = false;
    clearTimeout(this.#heartbeat);
    if (this.tracking === true) this.provenUntilMs = Number.NEGATIVE_INFINITY;
    this.#lastError = new UpstreamError(error.code, error.message, false);
    this.#events.lost(error);
    main.close(error);
    const idle = [...this.#idle.values()].flat();
    for (const connection of [...this.#sides.values(), ...this.#dedicated, ...idle]) connection.close(error);
    if (this.#closed) return;
    this.#failedAttempts++;
    const delayMs = backoffMs(this.#failedAttempts, this.#options.random);
    this.#reconnect = setTimeout(() => this.#openMain(), delayMs);
  }
}

/** A request whose reply only has to have come. */
class Callback extends UpstreamRequest {
  readonly #replied: () => void;
  readonly #failed: (error: UpstreamError) => void;

  constructor(replied: () => void, failed: (error: UpstreamError) => void) {
    super();
    this.#replied = replied;
    this.#failed = failed;
  }

  override reply(): void {
    this.#replied();
  }

  override failed(error: UpstreamError): void {
    this.#failed(error);
  }
}

/** A request of the handshake: it succeeds or the origin gives an error text. */
class Handshake extends UpstreamRequest {
  readonly #done: (error: string | undefined, sentAtMs: number) => void;

  constructor(done: (error: string | undefined, sentAtMs: number) => void) {
    super();
    this.#done = done;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    const isError = reader.type === ERROR || reader.type === BULK_ERROR;
    const text = isError
      ? Buffer.from(bytes.subarray(reader.valueStart, reader.valueEnd)).toString()
      : undefined;
    this.#done(text, this.sentAtMs);
  }

  override failed(): void {
    // The connection has ended; its owner is told by `closed`.
  }
}

function isAuthError(error: string): boolean {
  return /^(WRONGPASS|NOAUTH|NOPERM)|invalid username-password|invalid password/i.test(error);
}
