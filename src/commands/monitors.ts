import type { Request } from "../protocol/protocol.ts";
import { admit } from "./admission.ts";
import type { Client } from "./client.ts";
import { factsOfRequest } from "./command-facts.ts";
import { arityFits } from "./command-table.ts";
import { monitorLine } from "./monitor-line.ts";

/** Redis's refusal, which it gives when the transaction is executed. */
export const MONITOR_IN_MULTI = "ERR MONITOR isn't allowed for DENY BLOCKING client";

/** Other threads of the same service, whose clients are told of, too. */
export interface MonitoringThreads {
  /** Whether a client of any thread monitors: asked for each request. */
  readonly hasMonitors: boolean;
  /** A client of this thread has begun, or ended, to monitor. */
  changed(by: 1 | -1): void;
  /** Gives a line to the clients of all other threads that monitor. */
  tell(line: Uint8Array): void;
}

/** MONITOR: shows some clients what all clients ask. */
export class Monitors {
  readonly #clients = new Set<Client>();
  readonly #threads: MonitoringThreads | undefined;
  readonly #ended: (() => void) | undefined;

  /** @param ended called when the last client of this thread monitors no longer */
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

  /** The client has gone, or is reset. */
  remove(connection: Client): void {
    if (!this.#clients.delete(connection)) return;
    this.#threads?.changed(-1);
    connection.exemptFromIdleTimeout = false;
    if (!this.hasOwn) this.#ended?.();
  }

  /**
   * Shows a request that is about to be executed: not one that is about the server rather than its data, nor one that
   * is refused by what is known of its command.
   */
  show(request: Request, connection: Client, wallMs: number): void {
    const isText = connection.protocol === "text";
    const facts = isText ? undefined : factsOfRequest(request);
    if (
      !isText &&
      (facts === undefined || facts.flags.includes("admin") || !arityFits(facts, request.count))
    ) {
      return;
    }
    if (admit(connection, facts) !== undefined) return;
    // Whoever resets itself monitors no longer.
    if (facts?.name === "reset") this.remove(connection);
    const line = monitorLine(request, facts?.name ?? "", connection, wallMs);
    this.shown(line);
    this.#threads?.tell(line);
  }

  /** Gives a line to the clients of this thread that monitor. */
  shown(line: Uint8Array): void {
    for (const client of this.#clients) client.pushBytes(line, 0, line.length);
  }
}
