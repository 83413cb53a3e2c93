import type { Fill } from "../coherence/leases.ts";
import { VALUE, type Variant } from "../coherence/variant.ts";
import type { LargeValue, ValueSink } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import type { Random } from "../lib/random.ts";
import { halfSipHash } from "../lib/sip-hash.ts";
import type { Placement } from "../policy/policy.ts";
import { parsePolicyOf } from "../policy/registry.ts";
import { sweepShard } from "./bucket-walk.ts";
import { changeBudget } from "./budget.ts";
import { type Control, EPOCH, SWEEP_SHARD } from "./control.ts";
import { CopySink } from "./copy-sink.ts";
import { DeadThreads } from "./dead-threads.ts";
import type { DepartureListener } from "./departures.ts";
import { CLEAR_INTERVAL_BITS, KEY_BYTES_LIMIT } from "./entry-layout.ts";
import { DEAD, EXPIRED, FRESH, type Freshness, freshnessAt } from "./freshness.ts";
import { GrowingEntry } from "./growing-entry.ts";
import { leaveShard } from "./hold.ts";
import { BUCKETS_PER_HOLD, drawKey, scanKeys } from "./key-scan.ts";
import { removeKey, removeVariants } from "./leaving.ts";
import { holderOf, unlock } from "./lock.ts";
import { beginChange, checkRoom, continuePolicyChange } from "./policy-change.ts";
import { askedPolicy, checkPolicy, storePolicyNames } from "./policy-seat.ts";
import { ABSENT, describeEntry, type EntryInfo, goodEntry, readEntry } from "./reading.ts";
import { clearShard, type Shard } from "./shard.ts";
import { checkShard } from "./shard-check.ts";
import { FILLS, LOCK, REFUSED_FILLS } from "./shard-memory.ts";
import { Shards } from "./shards.ts";
import {
  attachStoreMemory,
  createStoreMemory,
  largestValueBytes,
  type StoreHandle,
  type StoreMemory,
  type StoreOptions,
} from "./store-memory.ts";
import { addStats, emptyStats, type StoreStats } from "./store-stats.ts";
import { type StoreOutcome, storeDraft, writeExpiry } from "./storing.ts";

export type { EntryInfo } from "./reading.ts";
export type { StoreHandle, StoreOptions } from "./store-memory.ts";
export type { StoreStats } from "./store-stats.ts";

/** What the creator of a store holds its locks as. */
const CREATOR = 1;

/**
 * A cache in shared memory, within an exact budget. Any number of threads attach to one store; every operation
 * holds the lock of one shard at a time and no longer than it needs. Times are Unix milliseconds.
 *
 * Keys have their hash from `refer`; none may be longer than 65,535 bytes.
 */
export class Store {
  readonly #shards: Shards;
  readonly #control: Control;
  readonly #hashKeyLow: number;
  readonly #hashKeyHigh: number;
  readonly #dead = new DeadThreads();

  private constructor(memory: StoreMemory, holder: number) {
    const { control } = memory;
    this.#shards = new Shards(memory, holder);
    this.#control = control;
    this.#hashKeyLow = control.hashKey.low;
    this.#hashKeyHigh = control.hashKey.high;
  }

  /** @throws RangeError for options out of range, in one line that names the range */
  static create(options: StoreOptions): Store {
    return new Store(createStoreMemory(options), CREATOR);
  }

  /**
   * Joins a store that another thread created.
   * @param holder this thread's number, from 2; no other thread that is alive has the same
   */
  static attach(handle: StoreHandle, holder: number): Store {
    return new Store(attachStoreMemory(handle), holder);
  }

  /**
   * Takes over the locks of a thread that has died. What a shard holds that it was about to change cannot be
   * trusted, so that shard is emptied.
   * @param holder the number the thread attached with
   * @returns how many shards were emptied
   */
  recover(holder: number): number {
    let emptied = 0;
    for (const shard of this.#shards.all) {
      const { words } = shard.memory;
      if (holderOf(words, LOCK) !== holder) continue;
      clearShard(shard);
      unlock(words, LOCK);
      emptied++;
    }
    this.#dead.add(holder, this.#shards.all);
    return emptied;
  }

  /**
   * Lets go of the entries that threads which have died were reading and writing little by little, and removes what
   * `bumpEpoch` has left. @returns whether that is done; where a lock is held for long it is not, and this is to be called again
   */
  releaseDead(): boolean {
    return this.#dead.finish(this.#shards.holder);
  }

  /** The largest value that can be stored now, with a key of up to 256 bytes. */
  get maxValueBytes(): number {
    return largestValueBytes(this.#shards.all[0]!.memory);
  }

  get handle(): StoreHandle {
    return { control: this.#control.buffer, shards: this.#shards.all.map((shard) => shard.memory.buffer) };
  }

  /**
   * Told of entries that left by themselves through a call on this object: evicted, or removed after they had expired, which no reading does. Not
   * of entries that an epoch ended. Called with no lock held; may use the store.
   */
  get onDeparture(): DepartureListener | undefined {
    return this.#shards.departures.listener;
  }

  set onDeparture(listener: DepartureListener | undefined) {
    this.#shards.departures.listener = listener;
  }

  hash(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash(bytes, start, end, this.#hashKeyLow, this.#hashKeyHigh);
  }

  /** Lets `key` stand for bytes[start, end), with the hash that it has here. */
  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef {
    key.bytes = bytes;
    key.start = start;
    key.end = end;
    key.hash = halfSipHash(bytes, start, end, this.#hashKeyLow, this.#hashKeyHigh);
    return key;
  }

  /**
   * Delivers the value of the key, or another variant, to `sink`, under the lock: the sink must not use the store. A large
   * value is given to a sink that takes such (`takesLarge`) after the lock has been released.
   * Counts a hit or a miss.
   * @param accepts the worst that is served: `STALE` for an entry whose grace has not ended, too
   * @returns how many bytes it has; `ABSENT` when there is none, and the sink is then not used
   */
  read(
    key: KeyRef,
    nowMs: number,
    sink: ValueSink,
    accepts: Freshness = FRESH,
    variant: Variant = VALUE,
  ): number {
    const shard = this.#shards.enter(key.hash);
    let read: number | LargeValue;
    try {
      read = readEntry(shard, this.#shards.holder, key, this.epoch, nowMs, sink, accepts, variant);
    } finally {
      leaveShard(shard);
    }
    if (typeof read === "number") return read;
    sink.takeLarge!(read);
    return read.lengthBytes;
  }

  /** The value as a copy of its own; counts a hit or a miss. */
  get(key: KeyRef, nowMs: number): Uint8Array | undefined {
    const sink = new CopySink();
    return this.read(key, nowMs, sink) === ABSENT ? undefined : sink.copy;
  }

  /** What is known of an entry, without counting as a read. The last two as in `read`. */
  peek(
    key: KeyRef,
    nowMs: number,
    accepts: Freshness = FRESH,
    variant: Variant = VALUE,
  ): EntryInfo | undefined {
    return this.#shards.underLock(this.#shards.indexOf(key.hash), (shard) => {
      const slot = goodEntry(shard.memory, key, this.epoch, nowMs, accepts, variant);
      return slot === 0 ? undefined : describeEntry(shard, slot);
    });
  }

  /** As `peek`, with where the entry stands in its policy. */
  explain(
    key: KeyRef,
    nowMs: number,
    accepts: Freshness = FRESH,
    variant: Variant = VALUE,
  ): (EntryInfo & Placement) | undefined {
    return this.#shards.underLock(this.#shards.indexOf(key.hash), (shard) => {
      const slot = goodEntry(shard.memory, key, this.epoch, nowMs, accepts, variant);
      if (slot === 0) return undefined;
      return { ...describeEntry(shard, slot), ...shard.seated.policy.explain(slot) };
    });
  }

  /**
   * Stores or overwrites a value; an overwritten one counts as used, and other variants of the key go. Leases are not looked at: who also fills this
   * store by lease calls `invalidate` before.
   * @returns "full" only where nothing may be evicted; unless "stored" nothing has changed
   */
  set(key: KeyRef, value: Uint8Array, expiresAtMs: number, nowMs: number): StoreOutcome {
    return this.write(key, value, 0, value.length, expiresAtMs, nowMs);
  }

  /** As `set`, of a value that is a range of bytes. */
  write(
    key: KeyRef,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    nowMs: number,
  ): StoreOutcome {
    const shard = this.#shards.enter(key.hash);
    try {
      const { epoch } = this;
      draftEntry(shard, key, value, valueStart, valueEnd, expiresAtMs, epoch, nowMs);
      shard.draft.touches = true;
      const outcome = storeDraft(shard);
      if (outcome === "stored") removeVariants(shard, key);
      return outcome;
    } finally {
      shard.draft.clear();
      leaveShard(shard);
    }
  }

  /**
   * Stores what the origin answered, if no invalidation of the key came since the fill's lease was read and the epoch is
   * still the fill's. A lease is good for one of several fills that are under way at once: nobody can tell which value is
   * the newer.
   * @param staleUntilMs until when it may be served as stale once it has expired; 0 for no grace
   * @returns whether it was stored
   */
  fill(
    key: KeyRef,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    fill: Fill,
    nowMs: number,
    staleUntilMs = 0,
    variant: Variant = VALUE,
  ): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      const { floats } = shard.memory;
      let isStored = false;
      if (this.#mayFill(key.hash, fill, expiresAtMs, staleUntilMs, nowMs)) {
        draftEntry(shard, key, value, valueStart, valueEnd, expiresAtMs, fill.epoch, nowMs);
        shard.draft.staleUntilMs = staleUntilMs;
        shard.draft.variant = variant;
        isStored = storeDraft(shard) === "stored";
        if (isStored) this.#control.leases.stored(key.hash);
      }
      floats[isStored ? FILLS : REFUSED_FILLS]!++;
      return isStored;
    } finally {
      shard.draft.clear();
      leaveShard(shard);
    }
  }

  /**
   * Begins an entry of a large value that is written little by little.
   * @param key kept
   * @returns undefined where there is no room for it, or it is too large to be written so: `set` and `fill` may do
   */
  grow(key: KeyRef, valueBytes: number, nowMs: number, variant: Variant = VALUE): GrowingEntry | undefined {
    if (valueBytes < LARGE_BYTES || valueBytes > this.maxValueBytes) return undefined;
    if (Math.max(key.length, variant.end - variant.start) > KEY_BYTES_LIMIT) return undefined;
    const shard = this.#shards.all[this.#shards.indexOf(key.hash)]!;
    const growing = new GrowingEntry(shard, this.#shards.holder, key, variant, valueBytes);
    return growing.begin(nowMs, this.epoch) ? growing : undefined;
  }

  /** As `set`, of an entry that has grown to its full size. @returns whether it was stored */
  setGrown(growing: GrowingEntry, expiresAtMs: number, nowMs: number): boolean {
    return growing.store(
      { expiresAtMs, staleUntilMs: 0, nowMs, epoch: this.epoch, isFill: false },
      () => true,
    );
  }

  /** As `fill`, of an entry that has grown to its full size. */
  fillGrown(
    growing: GrowingEntry,
    expiresAtMs: number,
    fill: Fill,
    nowMs: number,
    staleUntilMs = 0,
  ): boolean {
    const { hash } = growing.key;
    return growing.store({ expiresAtMs, staleUntilMs, nowMs, epoch: fill.epoch, isFill: true }, () => {
      const mayFill = this.#mayFill(hash, fill, expiresAtMs, staleUntilMs, nowMs);
      if (mayFill) this.#control.leases.stored(hash);
      return mayFill;
    });
  }

  /** Changes only the value's expiry, 0 takes it away; a grace ends with it. @returns false when there is no such entry */
  setExpiry(key: KeyRef, expiresAtMs: number, nowMs: number): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      const { epoch } = this;
      const slot = goodEntry(shard.memory, key, epoch, nowMs, FRESH, VALUE);
      if (slot !== 0) writeExpiry(shard, slot, expiresAtMs, epoch, nowMs);
      return slot !== 0;
    } finally {
      shard.draft.clear();
      leaveShard(shard);
    }
  }

  /** Removes the key's value and all other variants. @returns whether a fresh entry was there */
  remove(key: KeyRef, nowMs: number): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      return removeKey(shard, key, this.epoch, nowMs) === FRESH;
    } finally {
      leaveShard(shard);
    }
  }

  /**
   * Removes the key's value and all other variants, and voids the leases of all fills of this key that are under way.
   * @returns whether an entry was there
   */
  invalidate(key: KeyRef): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      this.#control.leases.change(key.hash);
      // At the beginning of time nothing has expired.
      return removeKey(shard, key, this.epoch, 0) !== DEAD;
    } finally {
      leaveShard(shard);
    }
  }

  /** The token that a fill of this key, asked for now, must present. */
  lease(hash: number): number {
    return this.#control.leases.of(hash);
  }

  /** The same, for a fill that is asked for now and whose end is told by `endFill`. */
  beginFill(hash: number): number {
    return this.#control.leases.begin(hash);
  }

  endFill(hash: number): void {
    this.#control.leases.end(hash);
  }

  get epoch(): number {
    return Atomics.load(this.#control.words, EPOCH);
  }

  /**
   * Makes everything that is stored now invisible, and voids all fills under way, at once and without a walk.
   * @param mayWait whether for locks, where that takes any; else `releaseDead` does what is left
   */
  bumpEpoch(mayWait = true): void {
    const epoch = Atomics.add(this.#control.words, EPOCH, 1) + 1;
    // Entries know the epoch's lowest 16 bits. Long before those repeat, all entries are really removed.
    if ((epoch & CLEAR_INTERVAL_BITS) !== 0) return;
    if (mayWait) this.#shards.underEachLock(clearShard);
    else this.#dead.clear(this.#shards.all);
  }

  /** Removes everything and voids all fills under way. */
  clear(): void {
    Atomics.add(this.#control.words, EPOCH, 1);
    this.#shards.underEachLock(clearShard);
  }

  /**
   * A step through the keys of all fresh values, in the order of their bit-reversed hashes. Start with cursor 0; 0 comes
   * back at the end. A key that is there from the first step to the last is visited exactly once. `visit` is called with
   * no lock held, with a view that holds during the call.
   * @param cursor any whole number from 0 to 2^48
   * @param count about how many keys a step visits
   */
  scan(cursor: number, count: number, nowMs: number, visit: (key: Uint8Array, hash: number) => void): number {
    return scanKeys(this.#shards, cursor, count, nowMs, visit);
  }

  /** The key of a fresh value drawn at random, as a copy of its own; undefined when there is none. */
  randomKey(random: Random, nowMs: number): Uint8Array | undefined {
    return drawKey(this.#shards, random, nowMs);
  }

  /**
   * Removes expired entries and those of epochs before, going on where the last call, of any thread, ended. Takes
   * changes of the policy further, too.
   * @param maxSteps how many buckets are looked at, or steps of a change taken, at most
   * @returns how many entries were removed
   */
  sweep(nowMs: number, maxSteps: number): number {
    const { words } = this.#control;
    const progress = { removed: 0, steps: maxSteps };
    for (let shards = this.#shards.all.length; shards > 0 && progress.steps > 0; shards--) {
      const index = Atomics.load(words, SWEEP_SHARD) & (this.#shards.all.length - 1);
      let isDone = false;
      while (!isDone && progress.steps > 0) {
        const shard = this.#shards.lock(index);
        try {
          const left = continuePolicyChange(shard, this.epoch, BUCKETS_PER_HOLD);
          progress.steps -= BUCKETS_PER_HOLD - left;
          isDone = sweepShard(shard, this.epoch, nowMs, left, progress) && left > 0;
        } finally {
          leaveShard(shard);
        }
      }
      if (isDone)
        Atomics.compareExchange(words, SWEEP_SHARD, index, (index + 1) & (this.#shards.all.length - 1));
    }
    return progress.removed;
  }

  /**
   * Changes the policy: the new one receives the entries in the order in which the old one would have evicted them.
   * That takes a while and is done in small steps, by whatever uses the store. Entries beyond the number that the new
   * policy can deal with are evicted.
   * @throws RangeError for a text that `parsePolicy` does not read, a policy that the store has no room for, or
   * one that cannot deal with all that is resident where nothing may be evicted
   */
  setPolicy(text: string): void {
    const choice = parsePolicyOf(text, storePolicyNames());
    this.#shards.underLock(0, ({ memory }) => checkPolicy(memory, choice));
    if (!this.#control.evicts) {
      this.#shards.underEachLock((shard) => checkRoom(shard, choice, shard.seated.shardBytes));
    }
    this.#shards.underEachLock((shard) => beginChange(shard, choice));
  }

  /** All memory that the store takes, its own tables included; what `setBudget` was told last. */
  get budgetBytes(): number {
    return this.#control.budgetBytes;
  }

  /** What `setBudget` takes at most. */
  get mostBudgetBytes(): number {
    return this.#control.mostBudgetBytes;
  }

  /**
   * Changes how much memory the store takes. The policy begins anew for the other size, as in a change of the policy, in
   * small steps. When they are done a larger store holds more, and has lost nothing; a smaller one has evicted what is
   * too much, in the policy's order. Memory that was in use stays with the process, for the next time the store grows.
   * @throws RangeError beyond `mostBudgetBytes`, for too little, or where nothing may be evicted and more is stored
   */
  setBudget(budgetBytes: number): void {
    changeBudget(this.#shards, budgetBytes);
  }

  /** What `setPolicy` was told last, as it reads it; without a lock, as `stats`. */
  get policyName(): string {
    return askedPolicy(this.#shards.all[0]!.memory);
  }

  /**
   * The store's counters, read without its locks: an observer never waits, not even for a thread that died while it held
   * one. The numbers of a shard that another thread is changing may be one operation apart.
   */
  stats(): StoreStats {
    const stats = emptyStats(this.#control.budgetBytes, this.#shards.all.length);
    for (const { memory } of this.#shards.all) addStats(stats, memory);
    return stats;
  }

  /**
   * Checks all invariants by walking everything. For tests.
   * @param hashOf the hash of a whole key, where it is not `hash` that gives it
   * @throws AssertionError
   */
  check(hashOf: (key: Uint8Array) => number = (key) => this.hash(key, 0, key.length)): void {
    this.#shards.underEachLock((shard, index) =>
      checkShard(shard, (hash) => this.#shards.indexOf(hash) === index, hashOf),
    );
  }

  #mayFill(
    hash: number,
    { lease, epoch }: Fill,
    expiresAtMs: number,
    staleUntilMs: number,
    nowMs: number,
  ): boolean {
    if (this.lease(hash) !== lease || this.epoch !== epoch) return false;
    return freshnessAt(expiresAtMs, staleUntilMs, nowMs) < EXPIRED;
  }
}

function draftEntry(
  shard: Shard,
  key: KeyRef,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  expiresAtMs: number,
  epoch: number,
  nowMs: number,
): void {
  const { draft } = shard;
  draft.key = key;
  draft.value = value;
  draft.valueStart = valueStart;
  draft.valueEnd = valueEnd;
  draft.expiresAtMs = expiresAtMs;
  draft.staleUntilMs = 0;
  draft.epoch = epoch;
  draft.nowMs = nowMs;
  draft.touches = false;
}
