import { type Cache, readBy, writeBy } from "./asking.ts";
import type { Action } from "./happenings.ts";
import type { World } from "./world.ts";

/** One request of a crowd. */
export interface Arrival {
  readonly atMs: number;
  readonly key: string;
  /** A write of this text; undefined: a read. */
  readonly text?: string;
}

/** Many clients, each of which makes one request, at its time, whether others have been answered or not. */
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
    const { atMs, key, text } = arrival;
    const client = `${this.#name} ${index + 1}`;
    const action: Action = text === undefined ? { kind: "read", key } : { kind: "write", key, text };
    this.#world.lane(this.#name).append(atMs, { kind: "act", client, action }, () => {
      this.#plan(index + 1);
      if (text === undefined) readBy(this.#world, client, this.#cache, key, () => {});
      else writeBy(this.#world, client, this.#cache, [key, text], () => {});
    });
  }
}
