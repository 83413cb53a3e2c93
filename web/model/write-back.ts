import type { Timer } from "../../src/lib/timers.ts";
import type { Cache } from "./asking.ts";
import type { ModelProxy, Reader, Writer } from "./proxy.ts";
import type { World } from "./world.ts";

interface Dirty {
  readonly text: string;
  readonly write: number;
}

/**
 * A cache that acknowledges a write at once, and passes it on later (write-back). Of several writes of one key in
 * between only the last is passed on. The product has no such thing: what has not been passed on is lost with the
 * cache.
 */
export class WriteBackCache implements Cache {
  readonly name: string;
  readonly #world: World;
  readonly #proxy: ModelProxy;
  readonly #flushMs: number;
  /** Writes that the origin does not have yet. */
  readonly #dirty = new Map<string, Dirty>();
  #timer: Timer | undefined;

  /** @param flushMs how long a write may wait before it is passed on */
  constructor(world: World, proxy: ModelProxy, flushMs: number) {
    this.name = proxy.name;
    this.#world = world;
    this.#proxy = proxy;
    this.#flushMs = flushMs;
  }

  /** A write that the origin does not have yet has the negative number of the write for a version. */
  read(key: string, reader: Reader): void {
    const dirty = this.#dirty.get(key);
    if (dirty === undefined) this.#proxy.read(key, reader);
    else reader.answered(-dirty.write, "hit");
  }

  write(key: string, text: string, write: number, writer: Writer): void {
    this.#dirty.set(key, { text, write });
    const timers = this.#world.timers(this.name);
    this.#timer ??= timers.after(this.#flushMs, () => this.#flush());
    writer.acknowledged(0);
  }

  /** The machine of the cache stops at once. */
  stop(): void {
    this.#timer?.stop();
    this.#dirty.clear();
    this.#proxy.channel.stop();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [key, dirty] of this.#dirty) {
      this.#proxy.write(key, dirty.text, dirty.write, {
        // A newer write may have come meanwhile.
        acknowledged: () => {
          if (this.#dirty.get(key) === dirty) this.#dirty.delete(key);
        },
        failed: () => {},
      });
    }
    if (this.#dirty.size > 0) {
      this.#timer = this.#world.timers(this.name).after(this.#flushMs, () => this.#flush());
    }
  }
}
