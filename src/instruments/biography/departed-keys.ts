import { samplePosition } from "../events/event-control.ts";
import { REGRET_MS } from "./regret-windows.ts";

/** How an entry left, as far as regret needs it. */
export interface DepartedKey {
  /** Unix milliseconds. */
  readonly leftAtMs: number;
  /** Until when it would have been there; a later miss would have come anyway. */
  readonly untilMs: number;
  /** The number of the reason. */
  readonly reason: number;
  /** How many departures of all keys this one stands for. */
  readonly weight: number;
}

const DEAD = 0xffff;
/** The greatest share of the records that may remain when room is made. */
const KEPT_SHARE = 0.75;
/** The sample is doubled again when fewer records than this share remain. */
const ROOMY_SHARE = 0.25;

/**
 * The entries that left within the last minute, by hash, in fixed memory: records in the order in which they left,
 * found through an open-addressing table. When they are too many, only every second key is remembered, then every
 * fourth, and each counts for as many. These are always the same keys, so their misses are found.
 */
export class DepartedKeys {
  readonly #capacity: number;
  readonly #hashes: Uint32Array;
  readonly #times: Float64Array;
  readonly #untils: Float64Array;
  readonly #reasons: Uint16Array;
  readonly #weights: Float32Array;
  /** The numbers of records, from 1; 0: free. Twice as many as records, so that searches are short. */
  readonly #table: Uint32Array;
  #count = 0;
  #lastReason = 0;
  /** Keys are remembered if their position, from 0 to 2^32 − 1, lies below this. */
  #bound = 2 ** 32;

  /** @param capacity a power of two */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#hashes = new Uint32Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#untils = new Float64Array(capacity);
    this.#reasons = new Uint16Array(capacity);
    this.#weights = new Float32Array(capacity);
    this.#table = new Uint32Array(capacity * 2);
  }

  /** The share of keys that is remembered. */
  get ratio(): number {
    return this.#bound / 2 ** 32;
  }

  /** Whether departures of the key with this hash are remembered. */
  follows(hash: number): boolean {
    return samplePosition(hash) >>> 0 < this.#bound;
  }

  /** Remembers a departure, instead of an earlier one of the same hash. */
  add(hash: number, leftAtMs: number, untilMs: number, reason: number): void {
    this.#forget(hash);
    if (!this.follows(hash)) return;
    if (this.#count === this.#capacity) {
      this.#makeRoom(leftAtMs);
      if (!this.follows(hash)) return;
    }
    const record = this.#count++;
    this.#hashes[record] = hash;
    this.#times[record] = leftAtMs;
    this.#untils[record] = untilMs;
    this.#reasons[record] = reason;
    this.#weights[record] = 2 ** 32 / this.#bound;
    this.#link(record);
  }

  /** Returns the last departure of this hash before this time, and forgets it; undefined: none is known. */
  take(hash: number, beforeMs: number): DepartedKey | undefined {
    const record = this.#forget(hash, beforeMs);
    if (record < 0) return undefined;
    return {
      leftAtMs: this.#times[record]!,
      untilMs: this.#untils[record]!,
      reason: this.#lastReason,
      weight: this.#weights[record]!,
    };
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#table.fill(0);
  }

  /** @returns the forgotten record; −1: there was none. Its reason is in `#lastReason` */
  #forget(hash: number, beforeMs = Number.POSITIVE_INFINITY): number {
    const at = this.#find(hash);
    if (at < 0) return -1;
    const record = this.#table[at]! - 1;
    if (this.#times[record]! > beforeMs) return -1;
    this.#unlink(at);
    this.#lastReason = this.#reasons[record]!;
    this.#reasons[record] = DEAD;
    return record;
  }

  /** Drops what is dead or old; if that is too little, every second key. */
  #makeRoom(nowMs: number): void {
    this.#compact(nowMs, 1);
    while (this.#count > this.#capacity * KEPT_SHARE) {
      this.#bound /= 2;
      this.#compact(nowMs, 2);
    }
    if (this.#count < this.#capacity * ROOMY_SHARE) this.#bound = Math.min(2 ** 32, this.#bound * 2);
  }

  /** @param factor what the weight of the remaining records is multiplied by */
  #compact(nowMs: number, factor: number): void {
    this.#table.fill(0);
    let kept = 0;
    for (let record = 0; record < this.#count; record++) {
      const isOld = this.#times[record]! < nowMs - REGRET_MS;
      if (this.#reasons[record] === DEAD || isOld || !this.follows(this.#hashes[record]!)) continue;
      this.#hashes[kept] = this.#hashes[record]!;
      this.#times[kept] = this.#times[record]!;
      this.#untils[kept] = this.#untils[record]!;
      this.#reasons[kept] = this.#reasons[record]!;
      this.#weights[kept] = this.#weights[record]! * factor;
      this.#link(kept);
      kept++;
    }
    this.#count = kept;
  }

  /** Where the search for a hash begins. Hashes are secret and even, so their low bits will do. */
  #home(hash: number): number {
    return hash & (this.#table.length - 1);
  }

  #find(hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = this.#home(hash); table[at] !== 0; at = (at + 1) & mask) {
      if (this.#hashes[table[at]! - 1] === hash) return at;
    }
    return -1;
  }

  #link(record: number): void {
    const table = this.#table;
    let at = this.#home(this.#hashes[record]!);
    while (table[at] !== 0) at = (at + 1) & (table.length - 1);
    table[at] = record + 1;
  }

  /** Frees a place of the table, and moves up those behind it that would not be found any more. */
  #unlink(freed: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = freed;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#hashes[table[at]! - 1]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}
