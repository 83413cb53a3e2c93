import type { Connection } from "../net/connection.ts";

/** Clients and the names they are subscribed to, indexed both ways. */
export class Subscriptions {
  readonly #subscribers = new Map<string, Set<Connection>>();
  /** The names of each client, in the order of its subscriptions. */
  readonly #names = new Map<Connection, Set<string>>();

  /** Number of names with a subscriber. */
  get count(): number {
    return this.#subscribers.size;
  }

  add(connection: Connection, name: string): void {
    const names = this.#names.get(connection) ?? new Set();
    this.#names.set(connection, names.add(name));
    const subscribers = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, subscribers.add(connection));
  }

  remove(connection: Connection, name: string): void {
    const names = this.#names.get(connection);
    if (names?.delete(name) !== true) return;
    const subscribers = this.#subscribers.get(name)!;
    subscribers.delete(connection);
    if (subscribers.size === 0) this.#subscribers.delete(name);
    if (names.size === 0) this.#names.delete(connection);
  }

  /** Returns all names with a subscriber, the oldest first. */
  names(): Iterable<string> {
    return this.#subscribers.keys();
  }

  /** Returns the subscribers of a name; undefined when there are none. */
  subscribers(name: string): ReadonlySet<Connection> | undefined {
    return this.#subscribers.get(name);
  }

  /** Returns a copy of a client's names. */
  of(connection: Connection): string[] {
    return [...(this.#names.get(connection) ?? [])];
  }

  countOf(connection: Connection): number {
    return this.#names.get(connection)?.size ?? 0;
  }
}
