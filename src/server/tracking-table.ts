import { copyBytes } from "../lib/byte-buffer.ts";
import { equalBytes } from "../lib/bytes.ts";
import { type HashKey, halfSipHash } from "../lib/sip-hash.ts";

/** The most keys the table is meant for. With more, the chains in its buckets grow long. */
export const MOST_TRACKED_KEYS = 16_000_000;

const BUCKETS = 2 ** 19;
const CHUNK_WORDS = 2 ** 16;

// The words of an entry. The bytes of its key follow, padded to whole words.
const HASH = 0;
/** Place of the next entry in its bucket, or NONE. */
const NEXT = 1;
/** The only client, or minus the number of a set of clients, or DEAD. */
const CLIENT = 2;
const KEY_BYTES = 3;
const HEADER_WORDS = 4;

const NONE = 0;
const DEAD = 0;

/** The clients that remember one key. A single client, the usual case, needs no set. */
export type Trackers = number | Set<number>;

/** A piece of the log. A key larger than a chunk gets its own. */
interface Chunk {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** Words written. */
  used: number;
  /** Words of entries that have been taken. */
  dead: number;
}

export interface TrackingTableOptions {
  /** Whether a client still tracks. Others are dropped when another client reads one of their keys. */
  readonly isLive: (clientId: number) => boolean;
  /** Secret of the key hash. */
  readonly hashKey: HashKey;
  /** A power of two. For tests: smaller chunks show the same behaviour with fewer keys. */
  readonly chunkWords?: number;
}

/**
 * Records which clients (by id) may have which keys in their own cache. A client that has gone stays in it until the
 * key changes, leaves the table, or is read by others.
 *
 * A million keys of 20 bytes take about 40 MB, without an object for each: entries lie one after the other in the
 * chunks of a log, oldest first, and are found by chains from a fixed number of buckets. When half of the log is
 * dead, the live entries of the oldest chunk are written again at the end, and count as new.
 */
export class TrackingTable {
  keyCount = 0;
  /** Pairs of a key and a client. */
  itemCount = 0;
  readonly #isLive: (clientId: number) => boolean;
  readonly #hashKey: HashKey;
  readonly #chunkWords: number;
  readonly #chunkShift: number;
  /** Place of the first entry of each bucket; made with the first key. */
  #buckets = new Int32Array(0);
  /** Chunks by number. The place of an entry is its chunk's number times `#chunkWords`, plus its offset, plus 1. */
  readonly #chunks: (Chunk | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Numbers of the chunks in use, the oldest first. */
  #order: number[] = [];
  /** How far the oldest chunk has been evicted, in words. */
  #evictedWords = 0;
  #usedWords = 0;
  #deadWords = 0;
  readonly #sets = new Map<number, Set<number>>();
  #lastSet = 0;

  constructor(options: TrackingTableOptions) {
    this.#isLive = options.isLive;
    this.#hashKey = options.hashKey;
    this.#chunkWords = options.chunkWords ?? CHUNK_WORDS;
    this.#chunkShift = Math.log2(this.#chunkWords);
  }

  /** Bytes of the log and its index. */
  get memoryBytes(): number {
    let words = this.#buckets.length;
    for (const chunk of this.#chunks) words += chunk?.words.length ?? 0;
    return words * 4;
  }

  /** Notes that a client has read the key bytes[start, end). */
  add(bytes: Uint8Array, start: number, end: number, clientId: number): void {
    const hash = this.#hash(bytes, start, end);
    const at = this.#find(hash, bytes, start, end);
    if (at === NONE) {
      this.#append(hash, bytes, start, end, clientId);
      this.keyCount++;
      this.itemCount++;
      this.#compact();
    } else this.#join(at, clientId);
  }

  /** Forgets the key bytes[start, end). @returns the clients that remembered it; undefined when there were none */
  take(bytes: Uint8Array, start: number, end: number): Trackers | undefined {
    if (this.keyCount === 0) return undefined;
    const at = this.#find(this.#hash(bytes, start, end), bytes, start, end);
    return at === NONE ? undefined : this.#remove(at);
  }

  /** Forgets the oldest key. @returns the key and its clients; undefined when the table is empty */
  takeOldest(): { key: Uint8Array; trackers: Trackers } | undefined {
    while (this.#order.length > 0) {
      const number = this.#order[0]!;
      const chunk = this.#chunks[number]!;
      while (this.#evictedWords < chunk.used) {
        const offset = this.#evictedWords;
        this.#evictedWords += entryWords(chunk, offset);
        if (chunk.words[offset + CLIENT] === DEAD) continue;
        const key = keyOf(chunk, offset);
        return { key, trackers: this.#remove(number * this.#chunkWords + offset + 1) };
      }
      this.#dropOldestChunk();
    }
    return undefined;
  }

  clear(): void {
    this.#buckets.fill(NONE);
    this.#chunks.length = 0;
    this.#freeNumbers.length = 0;
    this.#order = [];
    this.#evictedWords = 0;
    this.#usedWords = 0;
    this.#deadWords = 0;
    this.#sets.clear();
    this.keyCount = 0;
    this.itemCount = 0;
  }

  /** Returns the length of the longest chain. For tests. */
  longestChain(): number {
    let longest = 0;
    for (const first of this.#buckets) {
      let length = 0;
      for (let at = first; at !== NONE; at = this.#chunkOf(at).words[this.#offsetOf(at) + NEXT]!) length++;
      longest = Math.max(longest, length);
    }
    return longest;
  }

  // ---- entries

  #hash(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash(bytes, start, end, this.#hashKey.low, this.#hashKey.high) | 0;
  }

  #chunkOf(at: number): Chunk {
    return this.#chunks[(at - 1) >>> this.#chunkShift]!;
  }

  #offsetOf(at: number): number {
    return (at - 1) & (this.#chunkWords - 1);
  }

  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#buckets.length === 0) return NONE;
    for (let at = this.#buckets[bucketOf(hash)]!; at !== NONE; ) {
      const chunk = this.#chunkOf(at);
      const offset = this.#offsetOf(at);
      const { words } = chunk;
      if (
        words[offset + HASH] === hash &&
        words[offset + KEY_BYTES] === end - start &&
        equalBytes(bytes, start, end, chunk.bytes, (offset + HEADER_WORDS) * 4)
      ) {
        return at;
      }
      at = words[offset + NEXT]!;
    }
    return NONE;
  }

  #append(hash: number, bytes: Uint8Array, start: number, end: number, client: number): void {
    if (this.#buckets.length === 0) this.#buckets = new Int32Array(BUCKETS);
    const count = HEADER_WORDS + Math.ceil((end - start) / 4);
    const number = this.#roomFor(count);
    const chunk = this.#chunks[number]!;
    const offset = chunk.used;
    const bucket = bucketOf(hash);
    const { words } = chunk;
    words[offset + HASH] = hash;
    words[offset + NEXT] = this.#buckets[bucket]!;
    words[offset + CLIENT] = client;
    words[offset + KEY_BYTES] = end - start;
    copyBytes(bytes, start, end, chunk.bytes, (offset + HEADER_WORDS) * 4);
    chunk.used += count;
    this.#usedWords += count;
    this.#buckets[bucket] = number * this.#chunkWords + offset + 1;
  }

  #join(at: number, clientId: number): void {
    const { words } = this.#chunkOf(at);
    const offset = this.#offsetOf(at);
    const client = words[offset + CLIENT]!;
    if (client === clientId) return;
    if (client > 0 && !this.#isLive(client)) {
      words[offset + CLIENT] = clientId;
      return;
    }
    if (client > 0) {
      this.#lastSet++;
      this.#sets.set(this.#lastSet, new Set([client, clientId]));
      words[offset + CLIENT] = -this.#lastSet;
      this.itemCount++;
      return;
    }
    const clients = this.#sets.get(-client)!;
    if (clients.has(clientId)) return;
    // Not for every added client: searching a large set takes a while.
    if (isPowerOfTwo(clients.size)) this.#dropDead(clients);
    clients.add(clientId);
    this.itemCount++;
  }

  #remove(at: number): Trackers {
    const chunk = this.#chunkOf(at);
    const offset = this.#offsetOf(at);
    const client = chunk.words[offset + CLIENT]!;
    this.#unlink(at);
    this.#kill(chunk, offset);
    this.keyCount--;
    if (client > 0) {
      this.itemCount--;
      return client;
    }
    const clients = this.#sets.get(-client)!;
    this.#sets.delete(-client);
    this.itemCount -= clients.size;
    return clients;
  }

  #unlink(at: number): void {
    const { words } = this.#chunkOf(at);
    const offset = this.#offsetOf(at);
    const bucket = bucketOf(words[offset + HASH]!);
    const next = words[offset + NEXT]!;
    let before = this.#buckets[bucket]!;
    if (before === at) {
      this.#buckets[bucket] = next;
      return;
    }
    for (;;) {
      const chunk = this.#chunkOf(before);
      const link = this.#offsetOf(before) + NEXT;
      before = chunk.words[link]!;
      if (before === at) {
        chunk.words[link] = next;
        return;
      }
    }
  }

  #kill(chunk: Chunk, offset: number): void {
    const count = entryWords(chunk, offset);
    chunk.words[offset + CLIENT] = DEAD;
    chunk.dead += count;
    this.#deadWords += count;
  }

  #dropDead(clients: Set<number>): void {
    for (const clientId of clients) {
      if (this.#isLive(clientId)) continue;
      clients.delete(clientId);
      this.itemCount--;
    }
  }

  // ---- chunks

  /** @returns the number of a chunk with room for `count` words at its end */
  #roomFor(count: number): number {
    const newest = this.#order.at(-1);
    if (newest !== undefined) {
      const chunk = this.#chunks[newest]!;
      if (chunk.used + count <= chunk.words.length) return newest;
    }
    const words = new Int32Array(Math.max(this.#chunkWords, count));
    const number = this.#freeNumbers.pop() ?? this.#chunks.length;
    this.#chunks[number] = { words, bytes: new Uint8Array(words.buffer), used: 0, dead: 0 };
    this.#order.push(number);
    return number;
  }

  #dropOldestChunk(): void {
    const number = this.#order.shift()!;
    const chunk = this.#chunks[number]!;
    this.#usedWords -= chunk.used;
    this.#deadWords -= chunk.dead;
    this.#chunks[number] = undefined;
    this.#freeNumbers.push(number);
    this.#evictedWords = 0;
  }

  /** Writes the live entries of the oldest chunk again at the log's end, when half of the log is dead. */
  #compact(): void {
    if (this.#order.length < 3 || this.#deadWords * 2 <= this.#usedWords) return;
    const number = this.#order[0]!;
    const chunk = this.#chunks[number]!;
    for (let offset = this.#evictedWords; offset < chunk.used; offset += entryWords(chunk, offset)) {
      const client = chunk.words[offset + CLIENT]!;
      if (client === DEAD) continue;
      const start = (offset + HEADER_WORDS) * 4;
      const end = start + chunk.words[offset + KEY_BYTES]!;
      this.#unlink(number * this.#chunkWords + offset + 1);
      this.#append(chunk.words[offset + HASH]!, chunk.bytes, start, end, client);
      this.#kill(chunk, offset);
    }
    this.#dropOldestChunk();
  }
}

function entryWords(chunk: Chunk, offset: number): number {
  return HEADER_WORDS + Math.ceil(chunk.words[offset + KEY_BYTES]! / 4);
}

function keyOf(chunk: Chunk, offset: number): Uint8Array {
  const start = (offset + HEADER_WORDS) * 4;
  return chunk.bytes.slice(start, start + chunk.words[offset + KEY_BYTES]!);
}

function bucketOf(hash: number): number {
  return hash & (BUCKETS - 1);
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}
