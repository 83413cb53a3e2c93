import { totalmem } from "node:os";
import { ByteBuffer, type ValueSink } from "../lib/byte-buffer.ts";
import { hashBytes } from "../lib/hash.ts";
import { formatSize } from "../lib/quantity.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import { ChainPlan } from "./chain-plan.ts";
import { Control, controlBytes, EPOCH, SWEEP_SHARD } from "./control.ts";
import { type DepartureListener, Departures } from "./departures.ts";
import {
  chargedBytes,
  expiryOf,
  filledAtMs,
  keyBytesOf,
  readPayload,
  readsOf,
  valueBytesOf,
} from "./entry.ts";
import {
  EPOCH_BITS,
  EXTENT_HEADER_BYTES,
  HASH,
  LONG_HEADER_BYTES,
  VALUE_BYTES_LIMIT,
} from "./entry-layout.ts";
import { nextPosition, reverseBits } from "./index-table.ts";
import { lock, unlock } from "./lock.ts";
import type { Placement } from "./policy.ts";
import { checkPolicy } from "./policy-seat.ts";
import { formatPolicy, parsePolicy } from "./registry.ts";
import {
  changePolicy,
  clearShard,
  countRead,
  firstEntryAt,
  formatShard,
  isLive,
  liveEntry,
  nextInBucket,
  removeEntry,
  Shard,
  type StoreOutcome,
  seatAgain,
  storeDraft,
  sweepBucket,
  writeExpiry,
} from "./shard.ts";
import { checkShard } from "./shard-check.ts";
import {
  BUCKET_COUNT,
  ENTRIES,
  EVICTIONS,
  EXPIRATIONS,
  EXPIRING,
  FILLS,
  FREE_PAGES,
  HITS,
  LOCK,
  MISSES,
  MOVES,
  PAYLOAD_BYTES,
  POLICY_VERSION,
  REFUSED_FILLS,
  SHARD_LEAST_BYTES,
  SHARD_LIMIT_BYTES,
  ShardMemory,
  SWEEP_EPOCH,
  SWEEP_POSITION,
  SWEPT_EPOCH,
  USED_BYTES,
} from "./shard-memory.ts";

export interface StoreOptions {
  /** All memory that the store ever takes, its own tables included. From 256 KiB. */
  budgetBytes: number;
  /** A power of two; 1 by default. Raised so that no shard exceeds 2 GiB. */
  shards?: number;
  /** As `parsePolicy` reads it; `s3-fifo` by default. */
  policy?: string;
  /** Of the key hash and of policies that draw at random; a random one by default. */
  seed?: number;
  /** What happens to a write that does not fit: `evict` (the default) makes room, `refuse` refuses it. */
  whenFull?: "evict" | "refuse";
}

/** All that another thread needs to attach to a store; can be sent with `postMessage`. */
export interface StoreHandle {
  readonly control: SharedArrayBuffer;
  readonly shards: readonly SharedArrayBuffer[];
}

export interface EntryInfo {
  valueBytes: number;
  keyBytes: number;
  /** Bytes of the arena that the entry takes. */
  chargedBytes: number;
  /** Unix milliseconds, exact. */
  filledAtMs: number;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs: number;
  /** Since it was filled; stays at 65,535. */
  reads: number;
}

export interface StoreStats {
  budgetBytes: number;
  /** Bytes of the arena in use by entries. */
  usedBytes: number;
  /** Keys and values. */
  payloadBytes: number;
  /** Resident entries, those included that are expired or of an epoch before and have not been removed yet. */
  entries: number;
  /** Entries with an expiry. */
  expiring: number;
  evictions: number;
  expirations: number;
  hits: number;
  misses: number;
  fills: number;
  /** Fills refused: their lease was void, their epoch over, their expiry past, or they did not fit. */
  refusedFills: number;
  shards: number;
  /** Pages of the arena that nothing uses. */
  freeBytes: number;
  /** Buckets of the index. */
  buckets: number;
  /** Chunks that were moved together to free a page. */
  moves: number;
}

/** What does not fill a whole page may take chunks of up to this many classes, and so touch as many pages. */
const PAGES_FOR_REST = 4;
const LEAST_BUDGET_BYTES = 256 * 1024;
const SHARDS_LIMIT = 65_536;
const POSITIONS = 2 ** 32;
/** Buckets that a scan looks at for each key it was asked for, and in one hold of the lock. */
const SCAN_BUCKETS_PER_KEY = 10;
const BUCKETS_PER_HOLD = 64;
/** Draws of a random bucket before a random key is searched for from one on. */
const RANDOM_TRIES = 64;

/**
 * A cache in shared memory, within an exact budget. Any number of threads attach to one store; every operation
 * holds the lock of one shard at a time and no longer than it needs. Times are Unix milliseconds.
 *
 * Keys are ranges of bytes with their hash, as `hash` gives it; none may be longer than 65,535 bytes.
 */
export class Store {
  readonly #control: Control;
  readonly #shards: Shard[];
  readonly #shardShift: number;
  readonly #shardMask: number;
  readonly #departures: Departures;
  readonly #plan: ChainPlan = new ChainPlan();
  /** The largest value that can be stored, with a key of up to 256 bytes. */
  readonly maxValueBytes: number;

  private constructor(control: Control, memories: ShardMemory[]) {
    this.#control = control;
    this.#departures = new Departures();
    this.#shards = memories.map((memory) => {
      // The policy may be changed by another thread meanwhile.
      lock(memory.words, LOCK);
      try {
        return new Shard(memory, control.evicts, this.#departures, control.seed);
      } finally {
        unlock(memory.words, LOCK);
      }
    });
    this.#shardShift = 32 - Math.log2(memories.length);
    this.#shardMask = memories.length - 1;
    const { pageCount, sizes } = memories[0]!;
    const roomBytes = (pageCount - 1 - PAGES_FOR_REST) * (sizes.pageBytes - EXTENT_HEADER_BYTES);
    this.maxValueBytes = Math.min(VALUE_BYTES_LIMIT, roomBytes - LONG_HEADER_BYTES - 256);
  }

  /** @throws RangeError for options out of range, in one line that names the range */
  static create(options: StoreOptions): Store {
    const { budgetBytes, whenFull = "evict" } = options;
    const seed = options.seed ?? Math.floor(systemRandom.next() * POSITIONS);
    let shardCount = options.shards ?? 1;
    if (!Number.isInteger(Math.log2(shardCount)) || shardCount < 1 || shardCount > SHARDS_LIMIT) {
      throw new RangeError(
        `the number of shards must be a power of two up to ${SHARDS_LIMIT}, not ${shardCount}`,
      );
    }
    const leastBytes = Math.max(LEAST_BUDGET_BYTES, shardCount * SHARD_LEAST_BYTES * 2);
    if (!(budgetBytes >= leastBytes)) {
      const needed = shardCount === 1 ? "a cache" : `a cache of ${shardCount} shards`;
      throw new RangeError(
        `${needed} needs at least ${formatSize(leastBytes)}, not ${formatSize(budgetBytes)}`,
      );
    }
    if (budgetBytes > totalmem()) {
      throw new RangeError(
        `a cache of ${formatSize(budgetBytes)} does not fit this machine's ${formatSize(totalmem())}`,
      );
    }
    const choice = parsePolicy(options.policy ?? "s3-fifo");
    const forShards = budgetBytes - controlBytes(budgetBytes);
    while (forShards / shardCount > SHARD_LIMIT_BYTES) shardCount *= 2;
    const shardBytes = Math.floor(forShards / shardCount / 8) * 8;
    const buffers: SharedArrayBuffer[] = [];
    let control: Control;
    try {
      control = Control.create(budgetBytes, shardCount, whenFull === "evict", seed);
      for (let shard = 0; shard < shardCount; shard++) buffers.push(new SharedArrayBuffer(shardBytes));
    } catch (error) {
      throw new RangeError(`${formatSize(budgetBytes)} of memory for the cache cannot be had`, {
        cause: error,
      });
    }
    const memories = buffers.map((buffer) => new ShardMemory(buffer));
    for (const memory of memories) {
      checkPolicy(memory, choice);
      formatShard(memory, choice, 0);
    }
    return new Store(control, memories);
  }

  /** Joins a store that another thread created. */
  static attach(handle: StoreHandle): Store {
    return new Store(
      new Control(handle.control),
      handle.shards.map((buffer) => new ShardMemory(buffer)),
    );
  }

  get handle(): StoreHandle {
    return { control: this.#control.buffer, shards: this.#shards.map((shard) => shard.memory.buffer) };
  }

  /**
   * Told of entries that left by themselves through a call on this object: evicted, or found to have expired. Not
   * of entries that an epoch ended. Called with no lock held; may use the store.
   */
  get onDeparture(): DepartureListener | undefined {
    return this.#departures.listener;
  }

  set onDeparture(listener: DepartureListener | undefined) {
    this.#departures.listener = listener;
  }

  hash(bytes: Uint8Array, start: number, end: number): number {
    return hashBytes(bytes, start, end, this.#control.seed);
  }

  /**
   * Delivers the value of the key bytes[start, end) to `sink`, under the lock: the sink must not use the store.
   * Counts a hit or a miss.
   * @returns false when there is none; the sink is then not used
   */
  read(bytes: Uint8Array, start: number, end: number, hash: number, nowMs: number, sink: ValueSink): boolean {
    const shard = this.#enter(hash);
    try {
      return readEntry(shard, bytes, start, end, hash, this.epoch, nowMs, sink);
    } finally {
      this.#leave(shard);
    }
  }

  /** The value as a copy of its own; counts a hit or a miss. */
  get(bytes: Uint8Array, start: number, end: number, hash: number, nowMs: number): Uint8Array | undefined {
    const sink = new CopySink();
    return this.read(bytes, start, end, hash, nowMs, sink) ? sink.value.view() : undefined;
  }

  /** What is known of an entry, without counting as a read. */
  peek(bytes: Uint8Array, start: number, end: number, hash: number, nowMs: number): EntryInfo | undefined {
    const shard = this.#enter(hash);
    try {
      const slot = liveEntry(shard, bytes, start, end, hash, this.epoch, nowMs);
      return slot === 0 ? undefined : this.#describe(shard, slot);
    } finally {
      this.#leave(shard);
    }
  }

  /** As `peek`, with where the entry stands in its policy. */
  explain(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    nowMs: number,
  ): (EntryInfo & Placement) | undefined {
    const shard = this.#enter(hash);
    try {
      const slot = liveEntry(shard, bytes, start, end, hash, this.epoch, nowMs);
      if (slot === 0) return undefined;
      return { ...this.#describe(shard, slot), ...shard.seated.policy.explain(slot) };
    } finally {
      this.#leave(shard);
    }
  }

  /**
   * Stores or overwrites; an overwritten entry counts as used. Leases are not looked at: who also fills this
   * store by lease calls `invalidate` before.
   * @returns "full" only where nothing may be evicted; unless "stored" nothing has changed
   */
  set(key: Uint8Array, hash: number, value: Uint8Array, expiresAtMs: number, nowMs: number): StoreOutcome {
    const shard = this.#enter(hash);
    try {
      draftEntry(shard, key, 0, key.length, hash, value, 0, value.length, expiresAtMs, this.epoch, nowMs);
      shard.draft.touches = true;
      return storeDraft(shard);
    } finally {
      shard.draft.clear();
      this.#leave(shard);
    }
  }

  /**
   * Stores what the origin answered, if no invalidation of the key came since `lease` was read and the epoch is
   * still `epoch`.
   * @returns whether it was stored
   */
  fill(
    keyBytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    lease: number,
    epoch: number,
    nowMs: number,
  ): boolean {
    const shard = this.#enter(hash);
    try {
      const { floats } = shard.memory;
      let isStored = false;
      if (this.lease(hash) === lease && this.epoch === epoch && (expiresAtMs === 0 || expiresAtMs > nowMs)) {
        draftEntry(shard, keyBytes, start, end, hash, value, valueStart, valueEnd, expiresAtMs, epoch, nowMs);
        isStored = storeDraft(shard) === "stored";
      }
      floats[isStored ? FILLS : REFUSED_FILLS]!++;
      return isStored;
    } finally {
      shard.draft.clear();
      this.#leave(shard);
    }
  }

  /** Changes only the expiry; 0 takes it away. @returns false when there is no such entry */
  setExpiry(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    expiresAtMs: number,
    nowMs: number,
  ): boolean {
    const shard = this.#enter(hash);
    try {
      const { epoch } = this;
      const slot = liveEntry(shard, bytes, start, end, hash, epoch, nowMs);
      if (slot !== 0) writeExpiry(shard, slot, expiresAtMs, epoch, nowMs);
      return slot !== 0;
    } finally {
      shard.draft.clear();
      this.#leave(shard);
    }
  }

  /** @returns whether a live entry was there */
  remove(bytes: Uint8Array, start: number, end: number, hash: number, nowMs: number): boolean {
    const shard = this.#enter(hash);
    try {
      const slot = liveEntry(shard, bytes, start, end, hash, this.epoch, nowMs);
      if (slot !== 0) removeEntry(shard, slot);
      return slot !== 0;
    } finally {
      this.#leave(shard);
    }
  }

  /**
   * Removes the entry and voids the leases of all fills of this key that are under way.
   * @returns whether an entry was there
   */
  invalidate(bytes: Uint8Array, start: number, end: number, hash: number): boolean {
    const shard = this.#enter(hash);
    try {
      Atomics.add(this.#control.leases, this.#leaseIndex(hash), 1);
      // At the beginning of time nothing has expired.
      const slot = liveEntry(shard, bytes, start, end, hash, this.epoch, 0);
      if (slot !== 0) removeEntry(shard, slot);
      return slot !== 0;
    } finally {
      this.#leave(shard);
    }
  }

  /** The token that a fill of this key, asked for now, must present. */
  lease(hash: number): number {
    return Atomics.load(this.#control.leases, this.#leaseIndex(hash));
  }

  get epoch(): number {
    return Atomics.load(this.#control.words, EPOCH);
  }

  /** Makes everything that is stored now invisible, and voids all fills under way, at once and without a walk. */
  bumpEpoch(): void {
    const epoch = Atomics.add(this.#control.words, EPOCH, 1) + 1;
    // Entries know the epoch's lowest 16 bits: before those repeat, all entries are really removed.
    if ((epoch & EPOCH_BITS) === 0) this.#clearShards();
  }

  /** Removes everything and voids all fills under way. */
  clear(): void {
    Atomics.add(this.#control.words, EPOCH, 1);
    this.#clearShards();
  }

  /**
   * A step through all live keys, in the order of their bit-reversed hashes. Start with cursor 0; 0 comes back at
   * the end. A key that is there from the first step to the last is visited exactly once. `visit` is called with
   * no lock held, with a view that holds during the call.
   * @param cursor any whole number from 0 to 2^48
   * @param count about how many keys a step visits
   */
  scan(cursor: number, count: number, nowMs: number, visit: (key: Uint8Array, hash: number) => void): number {
    const keys = new ByteBuffer();
    const ends: number[] = [];
    const hashes: number[] = [];
    const wanted = Math.max(count, 1);
    let shardIndex = Math.floor(cursor / POSITIONS);
    let position = cursor % POSITIONS;
    let buckets = wanted * SCAN_BUCKETS_PER_KEY;
    while (shardIndex < this.#shards.length && buckets > 0 && ends.length < wanted) {
      const shard = this.#lockShard(shardIndex);
      try {
        for (let held = 0; held < BUCKETS_PER_HOLD && position < POSITIONS && ends.length < wanted; held++) {
          collectKeys(shard.memory, position, this.epoch, nowMs, keys, ends, hashes);
          position = nextPosition(shard.memory, position);
          buckets--;
        }
      } finally {
        this.#leave(shard);
      }
      if (position >= POSITIONS) {
        position = 0;
        shardIndex++;
      }
    }
    for (let i = 0; i < ends.length; i++) {
      visit(keys.bytes.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!), hashes[i]!);
    }
    return shardIndex < this.#shards.length ? shardIndex * POSITIONS + position : 0;
  }

  /** A live key drawn at random, as a copy of its own; undefined when there is none. */
  randomKey(random: Random, nowMs: number): Uint8Array | undefined {
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const key = this.#randomKeyAt(
        Math.floor(random.next() * this.#shards.length),
        Math.floor(random.next() * POSITIONS),
        random,
        nowMs,
      );
      if (key !== undefined) return key;
    }
    // Few keys, far apart: the first one from a random place on.
    const start =
      Math.floor(random.next() * this.#shards.length) * POSITIONS + Math.floor(random.next() * POSITIONS);
    return this.#firstKeyFrom(start, nowMs) ?? this.#firstKeyFrom(0, nowMs);
  }

  /**
   * Removes expired entries and those of epochs before, going on where the last call, of any thread, ended.
   * @param maxSteps how many buckets are looked at, at most
   * @returns how many entries were removed
   */
  sweep(nowMs: number, maxSteps: number): number {
    const { words } = this.#control;
    let removed = 0;
    let steps = maxSteps;
    for (let shards = this.#shards.length; shards > 0 && steps > 0; shards--) {
      const index = Atomics.load(words, SWEEP_SHARD) & this.#shardMask;
      let isDone = false;
      while (steps > 0 && !isDone) {
        const shard = this.#lockShard(index);
        try {
          const { memory } = shard;
          const { epoch } = this;
          for (let held = 0; held < BUCKETS_PER_HOLD && steps > 0 && !isDone; held++, steps--) {
            isDone = !needsSweep(memory, epoch);
            if (isDone) break;
            const position = memory.words[SWEEP_POSITION]! >>> 0;
            if (position === 0) memory.words[SWEEP_EPOCH] = epoch;
            removed += sweepBucket(shard, position, epoch, nowMs);
            const next = nextPosition(memory, position);
            isDone = next >= POSITIONS;
            if (isDone) memory.words[SWEPT_EPOCH] = memory.words[SWEEP_EPOCH]!;
            memory.words[SWEEP_POSITION] = isDone ? 0 : next;
          }
        } finally {
          this.#leave(shard);
        }
      }
      if (isDone) Atomics.compareExchange(words, SWEEP_SHARD, index, (index + 1) & this.#shardMask);
    }
    return removed;
  }

  /**
   * Changes the policy without losing entries: the new one receives them in the order of the old one.
   * @throws RangeError for a text that `parsePolicy` does not read, or a policy that the store has no room for
   */
  setPolicy(text: string): void {
    const choice = parsePolicy(text);
    checkPolicy(this.#shards[0]!.memory, choice);
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#lockShard(index);
      try {
        changePolicy(shard, choice, this.epoch);
      } finally {
        this.#leave(shard);
      }
    }
  }

  /** As `setPolicy` reads it. */
  get policyName(): string {
    const shard = this.#lockShard(0);
    try {
      return formatPolicy(shard.seated.choice);
    } finally {
      this.#leave(shard);
    }
  }

  stats(): StoreStats {
    const stats: StoreStats = {
      budgetBytes: this.#control.budgetBytes,
      usedBytes: 0,
      payloadBytes: 0,
      entries: 0,
      expiring: 0,
      evictions: 0,
      expirations: 0,
      hits: 0,
      misses: 0,
      fills: 0,
      refusedFills: 0,
      shards: this.#shards.length,
      freeBytes: 0,
      buckets: 0,
      moves: 0,
    };
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#lockShard(index);
      try {
        const { words, floats, sizes } = shard.memory;
        stats.usedBytes += floats[USED_BYTES]!;
        stats.payloadBytes += floats[PAYLOAD_BYTES]!;
        stats.entries += words[ENTRIES]!;
        stats.expiring += words[EXPIRING]!;
        stats.evictions += floats[EVICTIONS]!;
        stats.expirations += floats[EXPIRATIONS]!;
        stats.hits += floats[HITS]!;
        stats.misses += floats[MISSES]!;
        stats.fills += floats[FILLS]!;
        stats.refusedFills += floats[REFUSED_FILLS]!;
        stats.freeBytes += words[FREE_PAGES]! * sizes.pageBytes;
        stats.buckets += words[BUCKET_COUNT]!;
        stats.moves += floats[MOVES]!;
      } finally {
        this.#leave(shard);
      }
    }
    return stats;
  }

  /**
   * Checks all invariants by walking everything. For tests.
   * @throws AssertionError
   */
  check(): void {
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#lockShard(index);
      try {
        checkShard(shard, (hash) => this.#shardIndex(hash) === index, this.#control.seed);
      } finally {
        this.#leave(shard);
      }
    }
  }

  #shardIndex(hash: number): number {
    return (hash >>> this.#shardShift) & this.#shardMask;
  }

  #leaseIndex(hash: number): number {
    return hash & (this.#control.leases.length - 1);
  }

  #enter(hash: number): Shard {
    return this.#lockShard((hash >>> this.#shardShift) & this.#shardMask);
  }

  #lockShard(index: number): Shard {
    const shard = this.#shards[index]!;
    const { words } = shard.memory;
    lock(words, LOCK);
    if (shard.seated.version !== words[POLICY_VERSION]) this.#refresh(shard);
    return shard;
  }

  /** Takes part in a policy change that another thread made. */
  #refresh(shard: Shard): void {
    try {
      seatAgain(shard);
    } catch (error) {
      unlock(shard.memory.words, LOCK);
      throw error;
    }
  }

  #leave(shard: Shard): void {
    unlock(shard.memory.words, LOCK);
    if (this.#departures.pending) this.#departures.deliver();
  }

  #clearShards(): void {
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#lockShard(index);
      try {
        clearShard(shard);
      } finally {
        this.#leave(shard);
      }
    }
  }

  #describe(shard: Shard, slot: number): EntryInfo {
    const { memory } = shard;
    return {
      valueBytes: valueBytesOf(memory, slot),
      keyBytes: keyBytesOf(memory, slot),
      chargedBytes: chargedBytes(memory, slot, this.#plan),
      filledAtMs: filledAtMs(memory, slot),
      expiresAtMs: expiryOf(memory, slot),
      reads: readsOf(memory, slot),
    };
  }

  #randomKeyAt(shardIndex: number, position: number, random: Random, nowMs: number): Uint8Array | undefined {
    const shard = this.#lockShard(shardIndex);
    try {
      const { memory } = shard;
      let live = 0;
      for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
        if (isLive(memory, slot, this.epoch, nowMs)) live++;
      }
      if (live === 0) return undefined;
      let skipped = Math.floor(random.next() * live);
      let slot = firstEntryAt(memory, position);
      while (!isLive(memory, slot, this.epoch, nowMs) || skipped-- > 0) slot = nextInBucket(memory, slot);
      const key = new ByteBuffer(keyBytesOf(memory, slot));
      readPayload(memory, slot, 0, key.bytes.length, key);
      return key.view();
    } finally {
      this.#leave(shard);
    }
  }

  #firstKeyFrom(start: number, nowMs: number): Uint8Array | undefined {
    let found: Uint8Array | undefined;
    let cursor = start;
    do {
      cursor = this.scan(cursor, BUCKETS_PER_HOLD, nowMs, (key) => {
        found ??= key.slice();
      });
    } while (found === undefined && cursor !== 0);
    return found;
  }
}

/** Takes a value into bytes of its own. */
class CopySink implements ValueSink {
  value = new ByteBuffer(0);

  openValue(lengthBytes: number): ByteBuffer {
    this.value = new ByteBuffer(lengthBytes);
    return this.value;
  }

  closeValue(): void {}
}

function readEntry(
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  epoch: number,
  nowMs: number,
  sink: ValueSink,
): boolean {
  const { memory } = shard;
  const slot = liveEntry(shard, bytes, start, end, hash, epoch, nowMs);
  if (slot === 0) {
    memory.floats[MISSES]!++;
    return false;
  }
  memory.floats[HITS]!++;
  countRead(shard, slot);
  const valueBytes = valueBytesOf(memory, slot);
  const target = sink.openValue(valueBytes);
  target.reserve(valueBytes);
  readPayload(memory, slot, keyBytesOf(memory, slot), valueBytes, target);
  sink.closeValue();
  return true;
}

function draftEntry(
  shard: Shard,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hash: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  expiresAtMs: number,
  epoch: number,
  nowMs: number,
): void {
  const { draft } = shard;
  draft.key = key;
  draft.keyStart = keyStart;
  draft.keyEnd = keyEnd;
  draft.hash = hash;
  draft.value = value;
  draft.valueStart = valueStart;
  draft.valueEnd = valueEnd;
  draft.expiresAtMs = expiresAtMs;
  draft.epoch = epoch;
  draft.nowMs = nowMs;
  draft.touches = false;
}

/** Whether there may be entries that have expired or are of an epoch before. */
function needsSweep(memory: ShardMemory, epoch: number): boolean {
  const { words } = memory;
  if (words[ENTRIES] === 0) return false;
  return words[EXPIRING] !== 0 || words[SWEPT_EPOCH] !== epoch;
}

/** Collects the live keys of the bucket at a position that are not before it in scan order. */
function collectKeys(
  memory: ShardMemory,
  position: number,
  epoch: number,
  nowMs: number,
  keys: ByteBuffer,
  ends: number[],
  hashes: number[],
): void {
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    const hash = memory.words[slot * 2 + HASH]! >>> 0;
    if (reverseBits(hash) < position || !isLive(memory, slot, epoch, nowMs)) continue;
    const keyBytes = keyBytesOf(memory, slot);
    keys.reserve(keyBytes);
    readPayload(memory, slot, 0, keyBytes, keys);
    ends.push(keys.length);
    hashes.push(hash);
  }
}
