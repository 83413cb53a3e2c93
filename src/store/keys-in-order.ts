import { VALUE } from "../coherence/variant.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { PolicyQueue } from "../policy/policy-queue.ts";
import { nextInBucket, POSITIONS, visitBucket } from "./bucket-walk.ts";
import { keyBytesOf, kindOf, readPayload, readsOf } from "./entry.ts";
import { HASH } from "./entry-layout.ts";
import type { Epochs } from "./epochs.ts";
import { FRESH, freshnessOf } from "./freshness.ts";
import { HashFilter } from "./hash-filter.ts";
import { bucketWord, nextPosition } from "./index-table.ts";
import { QueueWalk } from "./queue-walk.ts";
import type { Shard } from "./shard.ts";
import { lockShard, unlockShard } from "./shard-lock.ts";
import { ENTRIES, type ShardMemory } from "./shard-memory.ts";
import type { Shards } from "./shards.ts";
import { SteppedSort } from "./stepped-sort.ts";

/** What is done under one lock: some tenths of a millisecond in a store that is in no processor's cache. */
const VISITS_PER_LOCK = 1024;
const BUCKETS_PER_LOCK = 512;
const MOVES_PER_LOCK = 2048;
const KEYS_PER_LOCK = 128;
const NOTES_PER_LOCK = 8192;
/** Entries that come while the others are counted have room, too. */
const SPARE = 1024;

/** Work under a shard's lock, which is free between two steps. */
type Steps = Generator<undefined, void>;

/** `changed`: the policy was changed meanwhile, and its order with it. */
export type OrderedStep = "under way" | "complete" | "changed";

/**
 * Reads the keys of one shard's values in its policy's order: those that the policy would rather evict first. Each
 * step takes the shard's lock for some tenths of a millisecond; between the steps everything may change. Then the
 * order is about right, and a key may come twice: its later place is the true one. A key that is there all the time
 * comes, but for a few.
 *
 * First the order is noted, four bytes an entry: the queues one behind the other as entries pass through them. A queue
 * whose places are in no order is read from the index and sorted. Then the keys are told, found by their hashes, so
 * that it does not matter where an entry has gone meanwhile.
 */
export class KeysInOrder {
  readonly #shard: Shard;
  readonly #holder: number;
  readonly #epochs: Epochs;
  readonly #version: number;
  readonly #hashes: Uint32Array;
  readonly #noting: Steps;
  #isNoted = false;
  #noted = 0;
  /** Hashes of entries that went from queue to queue past the walks. They are told first. */
  readonly #strays: number[] = [];
  #told = 0;
  readonly #keys = new ByteBuffer();

  constructor(shards: Shards, index: number, epochs: Epochs) {
    const shard = shards.all[index]!;
    this.#shard = shard;
    this.#holder = shards.holder;
    this.#epochs = epochs;
    const { queues, version, entries } = this.#underLock(({ current, memory }) => ({
      queues: current.policy.queues(),
      version: current.version,
      entries: memory.words[ENTRIES]!,
    }));
    this.#version = version;
    this.#hashes = new Uint32Array(entries + Math.ceil(entries / 8) + SPARE);
    this.#noting = this.#noteAll(queues, shard.memory);
  }

  /** How much of the keys has been told, from 0 to 1. */
  get progress(): number {
    return this.#isNoted ? this.#told / Math.max(1, this.#count) : 0;
  }

  /**
   * Reads on.
   * @param visit is given a key, valid during the call only, and how often it was read; called with no lock held
   */
  step(nowMs: number, visit: (key: Uint8Array, reads: number) => void): OrderedStep {
    if (this.#isNoted) return this.#tell(nowMs, visit);
    const isSame = this.#underLock(({ current }) => {
      if (current.version !== this.#version) return false;
      this.#isNoted = this.#noting.next().done === true;
      return true;
    });
    return isSame ? "under way" : "changed";
  }

  get #count(): number {
    return this.#strays.length + this.#noted;
  }

  #underLock<Result>(look: (shard: Shard) => Result): Result {
    lockShard(this.#shard, this.#holder);
    try {
      return look(this.#shard);
    } finally {
      unlockShard(this.#shard);
    }
  }

  /** Notes the members of all queues. Between two steps the lock is free. */
  *#noteAll(queues: readonly PolicyQueue[], memory: ShardMemory): Steps {
    let hasWalked = false;
    for (const queue of queues) {
      if (queue.kind === "ghost") continue;
      const hasPlaces = queue.isBefore === undefined && queue.order !== "none";
      hasWalked ||= hasPlaces;
      yield* hasPlaces ? this.#walk(queue, memory) : this.#rank(queue, memory);
    }
    if (hasWalked) yield* this.#visitUnseen(memory, 0, (_slot, hash) => this.#strays.push(hash));
  }

  /** Walks through a queue whose places are in its order. */
  *#walk(queue: PolicyQueue, memory: ShardMemory): Steps {
    const walk = new QueueWalk(queue, false, VISITS_PER_LOCK);
    for (; walk.state !== "complete" && walk.state !== "lost"; yield) {
      if (walk.state === "full") walk.extend(walk.members.length);
      walk.step(memory, VISITS_PER_LOCK);
    }
    const before = this.#noted;
    yield* this.#noteEach(walk.count, (i) => walk.hashes[i]!);
    if (walk.state !== "lost") return;
    // Those that the walk has not met leave later, but nobody knows in which order.
    yield* this.#visitUnseen(memory, before, (slot, hash) => {
      if (queue.holds(slot, hash)) this.#note(hash);
    });
  }

  /** Visits the entries that have not been noted since `from`. */
  *#visitUnseen(memory: ShardMemory, from: number, visit: (slot: number, hash: number) => void): Steps {
    const seen = new HashFilter(this.#hashes.length);
    for (let i = from; i < this.#noted; i++) {
      seen.add(this.#hashes[i]!);
      if (i % NOTES_PER_LOCK === 0) yield;
    }
    yield* visitIndex(memory, (slot, hash) => {
      if (!seen.has(hash)) visit(slot, hash);
    });
  }

  /** Sorts the members of a queue: by its ranking, or by how often they were read if it has none. */
  *#rank(queue: PolicyQueue, memory: ShardMemory): Steps {
    const { isBefore } = queue;
    const most = this.#hashes.length;
    const members = new Int32Array(most);
    const hashes = new Int32Array(most);
    const reads = new Uint16Array(isBefore === undefined ? most : 0);
    const places = new Int32Array(most);
    let count = 0;
    yield* visitIndex(memory, (slot, hash) => {
      if (count === most || !queue.holds(slot, hash)) return;
      hashes[count] = hash;
      reads[count] = readsOf(memory, slot);
      members[count] = slot;
      places[count] = count++;
    });
    const sort = new SteppedSort(places.subarray(0, count), (one, other) =>
      isBefore === undefined ? reads[one]! < reads[other]! : isBefore(members[one]!, members[other]!),
    );
    while (!sort.step(MOVES_PER_LOCK)) yield;
    yield* this.#noteEach(count, (i) => hashes[sort.sorted[i]!]!);
  }

  *#noteEach(count: number, hashAt: (i: number) => number): Steps {
    for (let i = 0; i < count; i++) {
      this.#note(hashAt(i));
      if (i % NOTES_PER_LOCK === 0) yield;
    }
  }

  #note(hash: number): void {
    if (this.#noted < this.#hashes.length) this.#hashes[this.#noted++] = hash;
  }

  #tell(nowMs: number, visit: (key: Uint8Array, reads: number) => void): OrderedStep {
    const keys = this.#keys;
    keys.clear();
    const ends: number[] = [];
    const reads: number[] = [];
    const last = Math.min(this.#count, this.#told + KEYS_PER_LOCK);
    const strays = this.#strays.length;
    this.#underLock(({ memory }) => {
      for (; this.#told < last; this.#told++) {
        const hash = this.#told < strays ? this.#strays[this.#told]! : this.#hashes[this.#told - strays]!;
        for (
          let slot = memory.words[bucketWord(memory, hash)]!;
          slot !== 0;
          slot = nextInBucket(memory, slot)
        ) {
          if (memory.words[slot * 2 + HASH]! >>> 0 !== hash || !this.#isValue(memory, slot, nowMs)) continue;
          const keyBytes = keyBytesOf(memory, slot);
          keys.reserve(keyBytes);
          readPayload(memory, slot, 0, keyBytes, keys);
          ends.push(keys.length);
          reads.push(readsOf(memory, slot));
        }
      }
    });
    for (const [i, end] of ends.entries()) visit(keys.bytes.subarray(ends[i - 1] ?? 0, end), reads[i]!);
    return this.#told === this.#count ? "complete" : "under way";
  }

  #isValue(memory: ShardMemory, slot: number, nowMs: number): boolean {
    if (kindOf(memory, slot) !== VALUE.kind) return false;
    return freshnessOf(memory, slot, this.#epochs.ofEntry(memory, slot), nowMs) === FRESH;
  }
}

/** Visits all entries of the index. */
function* visitIndex(memory: ShardMemory, visit: (slot: number, hash: number) => void): Steps {
  for (let position = 0, visited = 1; position < POSITIONS; visited++) {
    visitBucket(memory, position, visit);
    position = nextPosition(memory, position);
    if (visited % BUCKETS_PER_LOCK === 0) yield;
  }
}
