import { latin1 } from "../lib/bytes.ts";
import { KeyMap } from "../lib/key-map.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { Connection } from "../net/connection.ts";

/** A client that gets an invalidation for every change of keys with certain prefixes. */
export interface BroadcastClient {
  readonly connection: Connection;
  /** Whether to leave out the client's own changes. */
  readonly noLoop: boolean;
}

interface Prefix {
  readonly clients: Set<BroadcastClient>;
  /** Keys changed since the last message, each with the client that changed it last. */
  readonly changes: KeyMap<Connection | undefined>;
}

/** The prefixes that clients track (BCAST), and the changes that have not been sent to them yet. */
export class BroadcastTable {
  readonly #prefixes = new Map<string, Prefix>();
  readonly #hashKey: HashKey;

  /** @param hashKey secret of the key hash */
  constructor(hashKey: HashKey) {
    this.#hashKey = hashKey;
  }

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  add(prefix: string, client: BroadcastClient): void {
    let entry = this.#prefixes.get(prefix);
    if (entry === undefined) {
      entry = { clients: new Set(), changes: new KeyMap(this.#hashKey) };
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

  /** Notes a change of the key bytes[start, end). @returns whether a client tracks it */
  changed(bytes: Uint8Array, start: number, end: number, by: Connection | undefined): boolean {
    const key = latin1(bytes, start, end);
    let wanted = false;
    for (const [prefix, { changes }] of this.#prefixes) {
      if (!key.startsWith(prefix)) continue;
      changes.set(bytes, start, end, by);
      wanted = true;
    }
    return wanted;
  }

  /** Passes each client's changed keys to `tell`, one list for each of its prefixes, and forgets them. */
  takeMessages(tell: (client: BroadcastClient, keys: readonly Uint8Array[]) => void): void {
    for (const { clients, changes } of this.#prefixes.values()) {
      if (changes.size === 0) continue;
      const all = [...changes];
      changes.clear();
      for (const client of clients) {
        const told = client.noLoop ? all.filter(([, by]) => by !== client.connection) : all;
        if (told.length > 0)
          tell(
            client,
            told.map(([key]) => key),
          );
      }
    }
  }
}
