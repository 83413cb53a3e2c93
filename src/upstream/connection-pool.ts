import { systemTimers, type Timer } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "./callback-request.ts";
import { UpstreamConnection, type UpstreamEvents, type UpstreamOptions } from "./connection.ts";
import { introduce, logIn } from "./handshake.ts";
import { notNeeded, type UpstreamError } from "./upstream-error.ts";

/** The number of idle dedicated connections kept, for each RESP version. */
const IDLE_CONNECTIONS = 64;

/** Connections by use. A connection that was given back is idle until another client needs it. */
export interface ConnectionCounts {
  readonly shared: number;
  readonly dedicated: number;
  readonly idle: number;
}

/**
 * The connections to a node besides its channel. Each is shared by all clients, or dedicated to one client for a
 * while.
 */
export class ConnectionPool {
  readonly #options: UpstreamOptions;
  /** Shared connections, by RESP version. */
  readonly #shared = new Map<2 | 3, UpstreamConnection>();
  readonly #dedicated = new Set<UpstreamConnection>();
  /** Idle dedicated connections, by RESP version. */
  readonly #idle = new Map<2 | 3, UpstreamConnection[]>();
  /** Connections that were shared, until their last reply has come. */
  readonly #retired = new Set<UpstreamConnection>();
  /** Timers that end connections without an answer. */
  readonly #verifications = new Set<Timer>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  get counts(): ConnectionCounts {
    let idle = 0;
    for (const connections of this.#idle.values()) idle += connections.length;
    const shared = this.#shared.size + this.#retired.size;
    return { shared, dedicated: this.#dedicated.size, idle };
  }

  /** Whether a client has a connection, or a reply is outstanding. */
  get isBusy(): boolean {
    const shared = [...this.#shared.values(), ...this.#retired];
    return this.#dedicated.size > 0 || shared.some(({ outstandingCount }) => outstandingCount > 0);
  }

  /** Returns the shared connection for replies in this RESP version. */
  shared(version: 2 | 3): UpstreamConnection {
    let connection = this.#shared.get(version);
    if (connection === undefined) {
      const opened = this.#open(version, {
        closed: () => {
          if (this.#shared.get(version) === opened) this.#shared.delete(version);
          this.#retired.delete(opened);
        },
      });
      introduce(opened, ["CLIENT", "NO-EVICT", "ON"], () => {});
      this.#shared.set(version, opened);
      connection = opened;
    }
    return connection;
  }

  /** Returns a connection for one client, until it is given back or closed. */
  dedicated(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    const connection = this.#idle.get(version)?.pop() ?? this.#open(version, events);
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

  /**
   * Returns a connection for one request. It selects no database, since a Redis that is busy with a script refuses
   * SELECT. It is never given back.
   */
  single(version: 2 | 3): UpstreamConnection {
    const connection = new UpstreamConnection(this.#options, {
      closed: () => this.#dedicated.delete(connection),
    });
    logIn(connection, { address: this.#options.address, version, selects: false });
    this.#dedicated.add(connection);
    return connection;
  }

  /** Gives a dedicated connection back. Its state must be that of a new one. */
  giveBack(connection: UpstreamConnection, version: 2 | 3): void {
    this.#dedicated.delete(connection);
    const idle = this.#idle.get(version) ?? [];
    this.#idle.set(version, idle);
    // A reply that is still to come does not belong to the next client.
    if (connection.isClosed || connection.outstandingCount > 0 || idle.length >= IDLE_CONNECTIONS) {
      connection.close(notNeeded());
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
   * Stops using these connections for new requests: the channel was lost, so they may be lost, too. Connections with
   * outstanding requests stay open.
   */
  retire(): void {
    for (const connection of this.#shared.values()) {
      if (connection.outstandingCount === 0) connection.close(notNeeded());
      else this.#retired.add(connection);
    }
    this.#shared.clear();
    for (const connection of [...this.#idle.values()].flat()) connection.close(notNeeded());
  }

  /**
   * Ends the connections that do not answer in time. The origin answers over a new connection, so these have lost
   * their wire.
   */
  verify(withinMs: number, error: UpstreamError): void {
    const { clock, timers = systemTimers } = this.#options;
    const askedAtMs = clock.monotonicMs();
    const asked = [...this.#retired, ...this.#dedicated].filter(
      (connection) => connection.events.mayBeAsked?.() !== false,
    );
    for (const connection of asked) {
      writeCommand(connection.out, ["PING"]);
      connection.enqueue(new CallbackRequest(() => this.#endIfDone(connection)));
    }
    if (asked.length === 0) return;
    const timer = timers.after(withinMs, () => {
      this.#verifications.delete(timer);
      for (const connection of asked) if (connection.lastReceivedMs < askedAtMs) connection.close(error);
    });
    this.#verifications.add(timer);
  }

  close(error: UpstreamError): void {
    for (const timer of this.#verifications) timer.stop();
    const idle = [...this.#idle.values()].flat();
    const all = [...this.#shared.values(), ...this.#retired, ...this.#dedicated, ...idle];
    for (const connection of all) connection.close(error);
  }

  #endIfDone(connection: UpstreamConnection): void {
    if (this.#retired.has(connection) && connection.outstandingCount === 0) connection.close(notNeeded());
  }

  #open(version: 2 | 3, events: UpstreamEvents): UpstreamConnection {
    const connection = new UpstreamConnection(this.#options, events);
    logIn(connection, { address: this.#options.address, version, selects: true });
    return connection;
  }
}
