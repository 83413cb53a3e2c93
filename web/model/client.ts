import { type Cache, readBy, writeBy } from "./asking.ts";
import type { Action } from "./happenings.ts";
import type { ModelOrigin } from "./origin.ts";
import type { Lane, World } from "./world.ts";

/** A client carries out its actions in turn: each when the one before has been answered. */
export class ModelClient {
  readonly name: string;
  readonly #world: World;
  readonly #cache: Cache;
  readonly #origin: ModelOrigin;
  readonly #lane: Lane;
  readonly #actions: readonly Action[];
  #at = 0;

  constructor(world: World, name: string, cache: Cache, origin: ModelOrigin, actions: readonly Action[]) {
    this.name = name;
    this.#world = world;
    this.#cache = cache;
    this.#origin = origin;
    this.#actions = actions;
    this.#lane = world.lane(name);
    this.#plan();
  }

  /** Whether all has been done and answered. */
  get isDone(): boolean {
    return this.#at > this.#actions.length;
  }

  #plan(): void {
    const action = this.#actions[this.#at++];
    if (action === undefined) return;
    const dueMs = this.#world.nowMs + (action.ms ?? 0);
    this.#lane.append(dueMs, { kind: "act", client: this.name, action }, () => this.#do(action));
  }

  #do(action: Action): void {
    const done = (): void => this.#plan();
    if (action.kind === "read") {
      readBy(this.#world, this.name, this.#cache, action.key, done);
      return;
    }
    const { key, text, past, ttlMs } = action;
    const origin = this.#origin;
    const directly: Pick<Cache, "name" | "write"> = {
      name: "origin",
      write: (_key, _text, write, { acknowledged }) => acknowledged(origin.set(key, text, ttlMs, write)),
    };
    writeBy(this.#world, this.name, past === true ? directly : this.#cache, [key, text], done);
  }
}
