import type { Request } from "../protocol/protocol.ts";
import type { Access } from "./acl/access.ts";
import type { Client } from "./client.ts";
import { factsOfRequest } from "./command-facts.ts";
import { arityFits } from "./command-table.ts";
import { monitorLine } from "./monitor-line.ts";

/** Redis's error, which it replies when the transaction is executed. */
export const MONITOR_IN_MULTI = "ERR MONITOR isn't allowed for DENY BLOCKING client";

/** MONITOR in the other threads of the same service. */
export interface MonitoringThreads {
  /** Whether a client of any thread monitors. Every request asks this. */
  readonly hasMonitors: boolean;
  /** A client of this thread has begun (1) or stopped (-1) to monitor. */
  changed(by: 1 | -1): void;
  /** Sends a line to the monitoring clients of all other threads. */
  tell(line: Uint8Array): void;
}

/** MONITOR: sends the requests of all clients to the clients that monitor. */
export class Monitors {
  readonly #clients = new Set<Client>();
  readonly #threads: MonitoringThreads | undefined;
  readonly #ended: (() => void) | undefined;

  /** @param ended called when the last monitoring client of this thread has stopped */
  constructor(threads?: MonitoringThreads, ended?: () => void) {
    this.#threads = threads;
    this.#ended = ended;
  }

  /** Whether a client of this thread monitors. */
  get hasOwn(): boolean {
    return this.#clients.size > 0;
  }

  get isOn(): boolean {
    return this.#threads === undefined ? this.#clients.size > 0 : this.#threads.hasMonitors;
  }

  has(connection: Client): boolean {
    return this.#clients.has(connection);
  }

  add(connection: Client): void {
    if (this.#clients.has(connection)) return;
    this.#clients.add(connection);
    this.#threads?.changed(1);
    connection.exemptFromIdleTimeout = true;
  }

  /** Call when the client has gone or was reset. */
  remove(connection: Client): void {
    if (!this.#clients.delete(connection)) return;
    this.#threads?.changed(-1);
    connection.exemptFromIdleTimeout = false;
    if (!this.hasOwn) this.#ended?.();
  }

  /**
   * Sends a request to the monitoring clients, before it is executed. Leaves out administrative commands, and requests
   * that are refused: unknown, with a wrong number of arguments, or not admitted.
   */
  show(request: Request, connection: Client, access: Access, wallMs: number): void {
    const isText = connection.protocol === "text";
    const facts = isText ? undefined : factsOfRequest(request);
    if (
      !isText &&
      (facts === undefined || facts.flags.includes("admin") || !arityFits(facts, request.count))
    ) {
      return;
    }
    if (!access.may(connection, facts, request)) return;
    // RESET ends monitoring.
    if (facts?.name === "reset") this.remove(connection);
    const line = monitorLine(request, facts?.name ?? "", connection, wallMs);
    this.shown(line);
    this.#threads?.tell(line);
  }

  /** Sends a line to the monitoring clients of this thread. */
  shown(line: Uint8Array): void {
    for (const client of this.#clients) client.pushBytes(line, 0, line.length);
  }
}
