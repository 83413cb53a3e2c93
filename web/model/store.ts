import type { CoherentStore } from "../../src/coherence/coherent-cache.ts";
import { type Fill, Leases } from "../../src/coherence/leases.ts";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import { hashBytes } from "../../src/lib/hash.ts";
import { KeyRef } from "../../src/lib/key-ref.ts";

const LEASES = 1024;
const BYTES_PER_LEASE = 8;
const HASH_SEED = 1;

export interface ModelEntry {
  readonly version: number;
  /** 0: never. */
  readonly expiresAtMs: number;
  readonly epoch: number;
}

/** Leases that refuse no fill, to show what leases are for. The epoch counts as before. */
class IgnoredLeases extends Leases {
  override holds(_hash: number, { epoch }: Fill, epochNow: number): boolean {
    return epoch === epochNow;
  }
}

/** Entries in a map, with the product's leases. Has room for everything. */
export class MapStore implements CoherentStore {
  readonly #entries = new Map<string, ModelEntry>();
  readonly #leases: Leases;
  epoch = 0;

  constructor(heedsLeases: boolean) {
    const memory = new ArrayBuffer(LEASES * BYTES_PER_LEASE);
    this.#leases = new (heedsLeases ? Leases : IgnoredLeases)(memory, 0, LEASES);
  }

  /** Refers to a key by its name. */
  key(name: string): KeyRef {
    const bytes = utf8(name);
    return this.refer(new KeyRef(), bytes, 0, bytes.length);
  }

  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef {
    return key.refer(bytes, start, end, hashBytes(bytes, start, end, HASH_SEED));
  }

  /** Returns the entry that may be served now. */
  read(key: KeyRef, nowMs: number): ModelEntry | undefined {
    const entry = this.#entries.get(nameOf(key));
    if (entry?.epoch !== this.epoch) return undefined;
    return entry.expiresAtMs !== 0 && entry.expiresAtMs <= nowMs ? undefined : entry;
  }

  /** Stores what a fill has brought, if it holds. */
  fill(key: KeyRef, version: number, expiresAtMs: number, fill: Fill): boolean {
    if (!this.holds(key, fill)) return false;
    this.#entries.set(nameOf(key), { version, expiresAtMs, epoch: fill.epoch });
    this.#leases.stored(key.hash);
    return true;
  }

  invalidate(key: KeyRef): boolean {
    this.#leases.change(key.hash);
    return this.#entries.delete(nameOf(key));
  }

  removeOthers(): void {
    // There is one question about a key only.
  }

  lease(hash: number): number {
    return this.#leases.of(hash);
  }

  beginFill(hash: number): number {
    return this.#leases.begin(hash);
  }

  endFill(hash: number): void {
    this.#leases.end(hash);
  }

  holds({ hash }: KeyRef, fill: Fill): boolean {
    return this.#leases.holds(hash, fill, this.epoch);
  }

  /** All keys have one epoch. */
  epochOf(): number {
    return this.epoch;
  }

  bumpEpoch(): number {
    let visible = 0;
    for (const { epoch } of this.#entries.values()) if (epoch === this.epoch) visible++;
    this.epoch++;
    return visible;
  }
}

export function nameOf({ bytes, start, end }: KeyRef): string {
  return fromUtf8(bytes.subarray(start, end));
}
