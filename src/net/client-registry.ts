import type { Clients } from "../commands/client.ts";
import type { Connection } from "./connection.ts";
import type { ServiceTotals } from "./connection-host.ts";
import { Throughput } from "./throughput.ts";

/**
 * The connections of all listeners of a service. CLIENT LIST, CLIENT KILL, limits and counters use it. Its counters never
 * go back.
 */
export class ClientRegistry implements ServiceTotals, Clients {
  /** Connections accepted since the start. */
  acceptedCount = 0;
  /** Connections refused because there were too many. */
  rejectedCount = 0;
  /** Connections cut off because their clients left too many reply bytes unread. */
  outputLimitCount = 0;
  /** Requests executed. */
  requestCount = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Sampled by the listener. */
  readonly throughput = new Throughput();
  readonly #connections = new Map<number, Connection>();
  #nextId = 1;

  get size(): number {
    return this.#connections.size;
  }

  /** Open connections that count towards the limit; threads of one proxy share a limit. */
  get openCount(): number {
    return this.size;
  }

  nextId(): number {
    return this.#nextId++;
  }

  add(connection: Connection): void {
    this.acceptedCount++;
    this.#connections.set(connection.id, connection);
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection.id);
  }

  get(id: number): Connection | undefined {
    return this.#connections.get(id);
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#connections.values();
  }
}
