import type { Cache } from "./client.ts";
import type { World } from "./world.ts";

/** One read of a crowd. */
export interface Arrival {
  readonly atMs: number;
  readonly key: string;
}

/** Many clients, each of which reads once, at its time, whether others have been answered or not. */
export class Crowd {
  readonly #world: World;
  readonly #name: string;
  readonly #cache: Cache;
  readonly #arrivals: readonly Arrival[];

  /** @param arrivals in the order of their times */
  constructor(world: World, name: string, cache: Cache, arrivals: readonly Arrival[]) {
    this.#world = world;
    this.#name = name;
    this.#cache = cache;
    this.#arrivals = arrivals;
    this.#plan(0);
  }

  #plan(index: number): void {
    const arrival = this.#arrivals[index];
    if (arrival === undefined) return;
    const { atMs, key } = arrival;
    const client = `${this.#name} ${index + 1}`;
    const action = { kind: "read" as const, key };
    this.#world.lane(this.#name).append(atMs, { kind: "act", client, action }, () => {
      this.#plan(index + 1);
      this.#read(client, key);
    });
  }

  #read(client: string, key: string): void {
    const world = this.#world;
    const read = world.nextNumber();
    const about = { client, at: this.#cache.name };
    world.tell({ what: "asked", ...about, key, read });
    this.#cache.read(key, {
      answered: (version, source) => world.tell({ what: "answered", ...about, key, read, version, source }),
      failed: () => world.tell({ what: "read-failed", ...about, read }),
    });
  }
}
