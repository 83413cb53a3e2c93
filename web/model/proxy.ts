import { CoherentCache } from "../../src/coherence/coherent-cache.ts";
import { expiryOfFill, oldestAnswerMs, type Tracking } from "../../src/coherence/fill-terms.ts";
import type { Flight, FlightOwner } from "../../src/coherence/flight.ts";
import { stalenessBoundMs } from "../../src/coherence/heartbeat.ts";
import { VALUE, type Variant } from "../../src/coherence/variant.ts";
import {
  MISSING,
  type NoValue,
  type OriginFailure,
  type Source,
  type Waiter,
} from "../../src/coherence/waiter.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import { Channel } from "./channel.ts";
import type { ModelOrigin } from "./origin.ts";
import { type Asked, PROXY, type ProxyOptions, type Reply } from "./proxy-options.ts";
import { MapStore, nameOf } from "./store.ts";
import type { World } from "./world.ts";

/** Who has asked for a key. One of the two is called, once. */
export interface Reader {
  answered(version: number, source: Source): void;
  failed(): void;
}

/** Who has written. One of the two is called, once. `failed`: the origin may have the write or not. */
export interface Writer {
  acknowledged(version: number): void;
  failed(): void;
}

const IGNORED: Reader = { answered() {}, failed() {} };

/**
 * A model of the proxy, of one thread. What it may serve, join, store and must forget is decided by src/coherence: it
 * composes those rules as src/proxy/read-through.ts does, over a map and a modelled connection.
 */
export class ModelProxy implements FlightOwner<Variant>, Tracking {
  readonly name: string;
  readonly options: ProxyOptions;
  readonly cache: CoherentCache<MapStore>;
  readonly channel: Channel;
  readonly #world: World;
  /** The state that a missing key's answer has shown. */
  #missing = 0;

  constructor(world: World, origin: ModelOrigin, options: Partial<ProxyOptions> = {}) {
    this.options = { ...PROXY, ...options };
    this.name = this.options.name;
    this.#world = world;
    const { name } = this;
    const store = new MapStore(this.options.heedsLeases);
    this.cache = new CoherentCache(store, false);
    this.channel = new Channel(world, origin, this.options, {
      pushed: (key) => this.#pushed(key),
      lost: () => {
        if (!this.options.heedsLosses) return;
        this.cache.invalidateAll("channel");
        world.tell({ what: "invalidated-all", at: name, by: "channel", epoch: store.epoch });
      },
    });
  }

  get tracks(): boolean | undefined {
    return this.channel.tracks;
  }

  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.options);
  }

  get untrackedTtlMs(): number {
    return this.options.untrackedTtlMs;
  }

  /** Returns what is cached of a key and may be served now. */
  peek(name: string): { readonly version: number; readonly expiresAtMs: number } | undefined {
    const { nowMs } = this.#world;
    if (nowMs > this.channel.provenUntilMs) return undefined;
    return this.cache.store.read(this.cache.store.key(name), nowMs);
  }

  read(name: string, reader: Reader): void {
    const cached = this.peek(name);
    if (cached === undefined) this.#ask(name, this.#waiter(reader));
    else reader.answered(cached.version, "hit");
  }

  #ask(name: string, waiter: Waiter): void {
    const { cache } = this;
    const { nowMs } = this.#world;
    const key = cache.store.key(name);
    if (this.options.coalesces) {
      const underway = cache.joinable(key, VALUE, nowMs, oldestAnswerMs(this));
      if (underway !== undefined) {
        this.#world.tell({ what: "joined", at: this.name, key: name });
        underway.join(waiter, nowMs);
        return;
      }
    }
    if (!this.channel.isOpen) {
      waiter.without(failure("the origin is not connected"));
      return;
    }
    this.channel.send(this.#begin(name, waiter));
  }

  /** Begins a fill. @returns its question */
  #begin(name: string, waiter: Waiter): Asked[] {
    const { cache } = this;
    const flight = cache.begin(cache.store.key(name), VALUE, this, waiter);
    if (!this.options.coalesces) cache.forget(flight);
    this.#world.tell({ what: "began", at: this.name, key: name, lease: flight.lease });
    return this.#question(flight);
  }

  /** The question of a fill: first the time to live, then the value, as the product asks. */
  #question(flight: Flight): Asked[] {
    const key = nameOf(flight.key);
    flight.sent(this.#world.nowMs);
    return [
      {
        request: { command: "pttl", key },
        replied: ({ remainingMs }) => flight.timeToLive(remainingMs),
        failed: () => {},
        again: () => this.#question(flight),
      },
      {
        request: { command: "get", key },
        replied: (answer) => this.#landed(flight, answer),
        failed: () => {
          this.cache.end(flight, false);
          flight.without(failure("the origin did not answer"));
        },
        // Its first half has been answered already, or else is sent again with both.
        again: () => (flight.isUnanswered ? [] : this.#question(flight)),
      },
    ];
  }

  #landed(flight: Flight, { version, remainingMs }: Reply): void {
    if (remainingMs === -2) {
      this.cache.end(flight, false);
      this.#missing = version;
      flight.without(MISSING);
      return;
    }
    const isStored = this.#fill(flight, version);
    this.cache.end(flight, isStored);
    flight.found(bytesOf(version), 0, VERSION_BYTES);
  }

  #fill(flight: Flight, version: number): boolean {
    const about = { at: this.name, key: nameOf(flight.key), version };
    const expiresAtMs = expiryOfFill(flight, this);
    if (expiresAtMs === undefined) {
      this.#world.tell({ what: "refused", ...about, why: "no-time-to-live" });
      return false;
    }
    if (expiresAtMs !== 0 && expiresAtMs <= this.#world.nowMs) {
      this.#world.tell({ what: "refused", ...about, why: "expired" });
      return false;
    }
    const isStored = this.cache.store.fill(flight.key, version, expiresAtMs, flight);
    if (isStored) this.#world.tell({ what: "stored", ...about, expiresAtMs });
    else this.#world.tell({ what: "refused", ...about, why: "void" });
    return isStored;
  }

  write(name: string, text: string, write: number, writer: Writer): void {
    const { cache } = this;
    if (!this.channel.isOpen) {
      writer.failed();
      return;
    }
    const key = cache.store.key(name);
    const removed = cache.removedCount;
    cache.invalidate(key);
    this.#toldInvalidated(name, "write", cache.removedCount > removed);
    const asked: Asked = {
      request: { command: "set", key: name, text, write },
      replied: ({ version }) => writer.acknowledged(version),
      failed: () => writer.failed(),
      again: undefined,
    };
    const behind = this.options.fillsBehindWrites ? this.#begin(name, this.#waiter(IGNORED)) : [];
    this.channel.send([asked, ...behind]);
  }

  #pushed(name: string): void {
    if (!this.options.heedsPushes) return;
    const { cache } = this;
    const bytes = utf8(name);
    const removed = cache.removedCount;
    cache.pushed(bytes, 0, bytes.length);
    this.#toldInvalidated(name, "push", cache.removedCount > removed);
  }

  #toldInvalidated(name: string, by: "write" | "push", had: boolean): void {
    const { store } = this.cache;
    const lease = store.lease(store.key(name).hash);
    this.#world.tell({ what: "invalidated", at: this.name, key: name, by, had, lease });
  }

  answered(): void {}

  /** The value had expired before this waiter joined. */
  askAgain(flight: Flight, waiter: Waiter): void {
    this.#ask(nameOf(flight.key), waiter);
  }

  #waiter(reader: Reader): Waiter {
    return {
      found: (bytes, start, _end, source) => reader.answered(versionOf(bytes, start), source),
      without: (reason) =>
        reason.kind === "missing" ? reader.answered(this.#missing, "miss") : reader.failed(),
      arriving() {},
      arrived() {},
    };
  }
}

const VERSION_BYTES = 4;

function bytesOf(version: number): Uint8Array {
  const bytes = new Uint8Array(VERSION_BYTES);
  new DataView(bytes.buffer).setUint32(0, version);
  return bytes;
}

function versionOf(bytes: Uint8Array, start: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(start);
}

function failure(message: string): NoValue {
  const error: OriginFailure = Object.assign(new Error(message), {
    code: "ORIGINDOWN",
    maybeExecuted: false,
  });
  return { kind: "failed", error };
}
