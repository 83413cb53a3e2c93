import type { Action } from "./happenings.ts";
import type { ModelOrigin } from "./origin.ts";
import type { Reader, Writer } from "./proxy.ts";
import type { Lane, World } from "./world.ts";

/** What a client asks: a proxy, or a cache with another rule for writes. */
export interface Cache {
  readonly name: string;
  read(key: string, reader: Reader): void;
  write(key: string, text: string, write: number, writer: Writer): void;
}

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
    const { key } = action;
    const number = this.#world.nextNumber();
    const about = { client: this.name, at: this.#cache.name };
    if (action.kind === "read") {
      this.#world.tell({ what: "asked", ...about, key, read: number });
      this.#cache.read(key, {
        answered: (version, source) => {
          this.#world.tell({ what: "answered", ...about, key, read: number, version, source });
          this.#plan();
        },
        failed: () => {
          this.#world.tell({ what: "read-failed", ...about, read: number });
          this.#plan();
        },
      });
      return;
    }
    const { text } = action;
    const at = action.past === true ? "origin" : this.#cache.name;
    this.#world.tell({ what: "wrote", client: this.name, at, key, text, write: number });
    const acknowledged = (version: number): void => {
      const written = { client: this.name, at, key, write: number, version };
      this.#world.tell({ what: "acknowledged", ...written });
      this.#plan();
    };
    if (action.past === true) {
      acknowledged(this.#origin.set(key, text, action.ttlMs, number));
      return;
    }
    this.#cache.write(key, text, number, {
      acknowledged,
      failed: () => {
        this.#world.tell({ what: "write-failed", client: this.name, at, write: number });
        this.#plan();
      },
    });
  }
}
