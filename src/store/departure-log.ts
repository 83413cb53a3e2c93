import { expiryOf, filledAtMs, keyBytesOf, readsOf, valueBytesOf } from "./entry.ts";
import { HASH } from "./entry-layout.ts";
import type { ShardMemory } from "./shard-memory.ts";
import type { ShardPolicy } from "./shard-policy.ts";

/** Why an entry left. `removed`: by a write, a delete or an invalidation. */
const DEPARTURE_CAUSES = ["evicted", "expired", "removed"] as const;
export type DepartureCause = (typeof DEPARTURE_CAUSES)[number];

/** An entry that left the cache. */
export interface Departure {
  readonly hash: number;
  readonly cause: DepartureCause;
  /** When it left, in Unix milliseconds. */
  readonly atMs: number;
  /** Since its fill. */
  readonly ageMs: number;
  /** Reads since its fill, up to 65,535. */
  readonly reads: number;
  readonly valueBytes: number;
  readonly keyBytes: number;
  /**
   * The remaining time to live. Of an expired entry it is not above 0: how long ago it expired. Of others, −1: it had
   * no expiry.
   */
  readonly remainingMs: number;
  /** The policy that evicted it, and the queue it was in; empty if it was not evicted. */
  readonly policy: string;
  readonly queue: string;
}

/** The policy that evicted an entry, and the queue it was in. */
type Place = Pick<Departure, "policy" | "queue">;

/** Words of a record: hash, time (low 32 bits), age, reads and cause and place, value bytes, key bytes, rest of life. */
const RECORD_WORDS = 8;
const POSITION = 0;
const NAMES = 1;
const HEADER_WORDS = 16;
/** Names of places (`policy queue`) that the log can hold; later ones are told as unknown. */
const NAME_LIMIT = 63;
const NAME_BYTES = 32;
const NAME_WORDS = (NAME_LIMIT * NAME_BYTES) / 4;
const CAUSE_SHIFT = 16;
const PLACE_SHIFT = 24;
const GREATEST = 2 ** 32 - 1;
const GREATEST_SIGNED = 2 ** 31 - 1;

/**
 * The entries that left last, of one thread, in shared memory: a ring without a reader of its own. Each new record
 * replaces the oldest one.
 */
export class DepartureLog {
  readonly #words: Int32Array;
  readonly #names: Uint8Array;
  readonly #records: Int32Array;
  readonly #capacity: number;
  readonly #nowMs: () => number;
  /** The number of each place's name, by policy and queue. */
  readonly #places = new Map<string, Map<string, number>>();
  /** The places whose names have been read, by number. */
  readonly #decoded: Place[] = [];

  /**
   * @param buffer has `DepartureLog.bytes(capacity)` bytes from `at` on
   * @param capacity in records, a power of two
   * @param nowMs the time base of the cache; for the writer
   */
  constructor(buffer: ArrayBufferLike, at: number, capacity: number, nowMs: () => number) {
    this.#words = new Int32Array(buffer, at, HEADER_WORDS);
    this.#names = new Uint8Array(buffer, at + HEADER_WORDS * 4, NAME_WORDS * 4);
    this.#records = new Int32Array(buffer, at + (HEADER_WORDS + NAME_WORDS) * 4, capacity * RECORD_WORDS);
    this.#capacity = capacity;
    this.#nowMs = nowMs;
  }

  static bytes(capacity: number): number {
    return (HEADER_WORDS + NAME_WORDS + capacity * RECORD_WORDS) * 4;
  }

  /** The number of records written so far, modulo 2^32. */
  get position(): number {
    return Atomics.load(this.#words, POSITION) >>> 0;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Notes an entry that is about to leave, or that its policy has just evicted. Under the shard's lock. */
  add(memory: ShardMemory, slot: number, cause: DepartureCause, current: ShardPolicy): void {
    const position = this.#words[POSITION]!;
    const records = this.#records;
    const at = (position & (this.#capacity - 1)) * RECORD_WORDS;
    const nowMs = this.#nowMs();
    const expiresAtMs = expiryOf(memory, slot);
    const place = cause === "evicted" ? this.#placeOf(slot, current) : 0;
    records[at] = memory.words[slot * 2 + HASH]!;
    records[at + 1] = nowMs;
    records[at + 2] = Math.max(0, Math.min(GREATEST, nowMs - filledAtMs(memory, slot)));
    records[at + 3] =
      readsOf(memory, slot) | (DEPARTURE_CAUSES.indexOf(cause) << CAUSE_SHIFT) | (place << PLACE_SHIFT);
    records[at + 4] = valueBytesOf(memory, slot);
    records[at + 5] = keyBytesOf(memory, slot);
    records[at + 6] = remainingMs(cause, expiresAtMs, nowMs);
    Atomics.store(this.#words, POSITION, (position + 1) | 0);
  }

  /**
   * Reads a record.
   * @param position its number, at most `capacity` before the log's position
   * @param nowMs about the present, to complete its time
   * @returns undefined if it has been replaced meanwhile
   */
  at(position: number, nowMs: number): Departure | undefined {
    const records = this.#records;
    const at = (position & (this.#capacity - 1)) * RECORD_WORDS;
    const flags = records[at + 3]!;
    const place = flags >>> PLACE_SHIFT;
    const { policy, queue } = this.#placeNumbered(place);
    const departure: Departure = {
      hash: records[at]! >>> 0,
      cause: DEPARTURE_CAUSES[(flags >>> CAUSE_SHIFT) & 0xff]!,
      atMs: completeTime(records[at + 1]!, nowMs),
      ageMs: records[at + 2]! >>> 0,
      reads: flags & 0xffff,
      valueBytes: records[at + 4]!,
      keyBytes: records[at + 5]!,
      remainingMs: records[at + 6]!,
      policy,
      queue,
    };
    const behind = (this.position - position) >>> 0;
    return behind > 0 && behind < this.#capacity ? departure : undefined;
  }

  /**
   * Returns the departures of the keys with this hash that the log still has, the latest first.
   * @param most how many at most
   */
  of(hash: number, nowMs: number, most: number): Departure[] {
    const { position } = this;
    const records = this.#records;
    const mask = this.#capacity - 1;
    const found: Departure[] = [];
    const last = Math.min(position, this.#capacity - 1);
    for (let behind = 1; behind <= last && found.length < most; behind++) {
      const number = position - behind;
      if (records[(number & mask) * RECORD_WORDS] !== (hash | 0)) continue;
      const departure = this.at(number, nowMs);
      if (departure?.hash === hash) found.push(departure);
    }
    return found;
  }

  /** The policy still tells the place of the entry that it has evicted last. */
  #placeOf(slot: number, { choice, policy }: ShardPolicy): number {
    const { name } = choice.type;
    const { queue } = policy.explain(slot);
    let ofPolicy = this.#places.get(name);
    if (ofPolicy === undefined) {
      ofPolicy = new Map();
      this.#places.set(name, ofPolicy);
    }
    let place = ofPolicy.get(queue);
    if (place === undefined) {
      place = this.#addName(`${name} ${queue}`);
      ofPolicy.set(queue, place);
    }
    return place;
  }

  /** @returns the number of the name, from 1; 0 if there is no room */
  #addName(name: string): number {
    const count = this.#words[NAMES]!;
    for (let number = 1; number <= count; number++) if (this.#nameOf(number) === name) return number;
    if (count === NAME_LIMIT) return 0;
    const at = count * NAME_BYTES;
    for (let i = 0; i < NAME_BYTES; i++) this.#names[at + i] = i < name.length ? name.charCodeAt(i) : 0;
    Atomics.store(this.#words, NAMES, count + 1);
    return count + 1;
  }

  /** A name never changes, so it is decoded once. */
  #placeNumbered(number: number): Place {
    const known = this.#decoded[number];
    if (known !== undefined) return known;
    const [policy = "", queue = ""] = this.#nameOf(number).split(" ");
    const place = { policy, queue };
    if (policy !== "") this.#decoded[number] = place;
    return place;
  }

  #nameOf(number: number): string {
    if (number === 0 || number > Atomics.load(this.#words, NAMES)) return "";
    const at = (number - 1) * NAME_BYTES;
    let name = "";
    for (let i = at; i < at + NAME_BYTES && this.#names[i] !== 0; i++) {
      name += String.fromCharCode(this.#names[i]!);
    }
    return name;
  }
}

function remainingMs(cause: DepartureCause, expiresAtMs: number, nowMs: number): number {
  const remaining = Math.max(1 - GREATEST_SIGNED, Math.min(GREATEST_SIGNED, expiresAtMs - nowMs));
  if (cause === "expired") return Math.min(0, remaining);
  return expiresAtMs === 0 ? -1 : Math.max(0, remaining);
}

/** Completes the low 32 bits of a time: the one closest to `nowMs`. */
export function completeTime(low: number, nowMs: number): number {
  return nowMs - ((Math.floor(nowMs % 2 ** 32) - low) | 0);
}
