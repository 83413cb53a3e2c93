import type { Connection } from "../net/connection.ts";

/** A client that hears of every change of the keys with certain prefixes. */
export interface BroadcastClient {
  readonly connection: Connection;
  /** It does not want to hear of its own changes. */
  readonly noLoop: boolean;
}

interface Prefix {
  readonly clients: Set<BroadcastClient>;
  /** Keys changed since the last message, and who changed each of them last. */
  readonly changes: Map<string, Connection | undefined>;
}

/** The prefixes that clients asked to hear of (BCAST), and the changes not told yet. */
export class BroadcastTable {
  readonly #prefixes = new Map<string, Prefix>();

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  add(prefix: string, client: BroadcastClient): void {
    let entry = this.#prefixes.get(prefix);
    if (entry === undefined) {
      entry = { clients: new Set(), changes: new Map() };
      this.#prefixes.set(prefix, entry);
    }
    entry.clients.add(client);
  }

  remove(prefix: string, client: BroadcastClient): void {
    const entry = this.#prefixes.get(prefix);
    if (entry === undefined) return;
    entry.clients.delete(client);
    if (entry.clients.size === 0) this.#prefixes.delete(prefix);
  }

  /** @returns whether anybody wants to hear of it */
  changed(key: string, by: Connection | undefined): boolean {
    let wanted = false;
    for (const [prefix, { changes }] of this.#prefixes) {
      if (!key.startsWith(prefix)) continue;
      changes.set(key, by);
      wanted = true;
    }
    return wanted;
  }

  /** Hands over what each client is to be told, one list of keys for each of its prefixes, and forgets it. */
  takeMessages(tell: (client: BroadcastClient, keys: readonly string[]) => void): void {
    for (const { clients, changes } of this.#prefixes.values()) {
      if (changes.size === 0) continue;
      const all = [...changes.keys()];
      const made = new Map(changes);
      changes.clear();
      for (const client of clients) {
        const keys = client.noLoop ? all.filter((key) => made.get(key) !== client.connection) : all;
        if (keys.length > 0) tell(client, keys);
      }
    }
  }
}
