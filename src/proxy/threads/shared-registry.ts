import { ClientRegistry } from "../../net/client-registry.ts";
import type { Connection } from "../../net/connection.ts";
import type { ThreadTable } from "./thread-table.ts";

/** The clients of one thread. Their ids are unique among threads, and all threads know their number. */
export class SharedRegistry extends ClientRegistry {
  readonly #table: ThreadTable;
  readonly #index: number;

  constructor(table: ThreadTable, index: number) {
    super();
    this.#table = table;
    this.#index = index;
  }

  override nextId(): number {
    return (super.nextId() - 1) * this.#table.count + this.#index + 1;
  }

  override get openCount(): number {
    return this.#table.connections;
  }

  override add(connection: Connection): void {
    super.add(connection);
    this.#table.addConnections(this.#index, 1);
  }

  override remove(connection: Connection): void {
    super.remove(connection);
    this.#table.addConnections(this.#index, -1);
  }
}
