import type { Fill } from "../coherence/leases.ts";
import { VALUE, type Variant } from "../coherence/variant.ts";
import type { LargeValue, ValueSink } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import type { Random } from "../lib/random.ts";
import { halfSipHash } from "../lib/sip-hash.ts";
import type { Placement } from "../policy/policy.ts";
import { parsePolicyOf } from "../policy/registry.ts";
import { changeBudget } from "./budget.ts";
import { capacityOf, type StoreCapacity } from "./capacity.ts";
import { planChain } from "./chain-plan.ts";
import type { Control } from "./control.ts";
import { CopySink } from "./copy-sink.ts";
import { DeadThreads } from "./dead-threads.ts";
import type { DepartureLog } from "./departure-log.ts";
import { ENTRY_HEADER_BYTES, KEY_BYTES_LIMIT } from "./entry-layout.ts";
import { beginEpoch, beginHashSlots } from "./epoch-change.ts";
import type { Epochs } from "./epochs.ts";
import { DEAD, EXPIRED, FRESH, type Freshness, freshnessAt } from "./freshness.ts";
import { GrowingEntry } from "./growing-entry.ts";
import { drawKey, scanKeys } from "./key-scan.ts";
import { KeysInOrder } from "./keys-in-order.ts";
import { removeKey, removeOthers } from "./leaving.ts";
import { holderOf, unlock } from "./lock.ts";
import { placeAnew } from "./placing.ts";
import { beginChange, checkRoom } from "./policy-change.ts";
import type { QueuePlan } from "./queue-plan.ts";
import { type ReadQueue, readQueues } from "./queue-reading.ts";
import { ABSENT, describeEntry, type EntryInfo, goodEntry, readEntry } from "./reading.ts";
import type { RemovalListener } from "./removals.ts";
import { clearShard } from "./shard.ts";
import { checkShard } from "./shard-check.ts";
import { unlockShard } from "./shard-lock.ts";
import { EVICTIONS, FILLS, LOCK, REFUSED_FILLS } from "./shard-memory.ts";
import { askedPolicy, checkPolicy, storePolicyNames } from "./shard-policy.ts";
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
import { sweepShards } from "./sweep.ts";

export type { Epochs } from "./epochs.ts";
export type { KeysInOrder, OrderedStep } from "./keys-in-order.ts";
export type { QueuePlan } from "./queue-plan.ts";
export type { ReadMember, ReadQueue } from "./queue-reading.ts";
export type { EntryInfo } from "./reading.ts";
export type { StoreHandle, StoreOptions } from "./store-memory.ts";
export type { StoreStats } from "./store-stats.ts";

/** The number under which the creator of a store holds its locks. */
const CREATOR = 1;

/**
 * A cache in shared memory, within an exact budget. Any number of threads can attach to one store. An operation holds
 * the lock of one shard at a time, for as short as possible. Times are Unix milliseconds.
 *
 * Keys get their hash from `refer`. A key has at most 65,535 bytes.
 */
export class Store {
  readonly #shards: Shards;
  readonly #control: Control;
  readonly #epochs: Epochs;
  readonly #hashKeyLow: number;
  readonly #hashKeyHigh: number;
  readonly #dead = new DeadThreads();

  private constructor(memory: StoreMemory, holder: number) {
    const { control } = memory;
    this.#shards = new Shards(memory, holder);
    this.#control = control;
    this.#epochs = control.epochs;
    this.#hashKeyLow = control.hashKey.low;
    this.#hashKeyHigh = control.hashKey.high;
  }

  /** @throws RangeError for an option out of range, naming the range in one line */
  static create(options: StoreOptions): Store {
    return new Store(createStoreMemory(options), CREATOR);
  }

  /**
   * Attaches to a store that another thread created.
   * @param holder this thread's number, from 2; no other living thread has the same
   */
  static attach(handle: StoreHandle, holder: number): Store {
    return new Store(attachStoreMemory(handle), holder);
  }

  /**
   * Takes over the locks of a dead thread. A shard that the thread was changing cannot be trusted, so it is emptied.
   * @param holder the number under which the thread had attached
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
   * Unpins the entries that dead threads had pinned, and finishes what `bumpEpoch` has left.
   * @returns false if a lock was held for too long: call again later
   */
  releaseDead(): boolean {
    return this.#dead.finish(this.#shards.holder);
  }

  /** Returns the largest value that can be stored now, with a key of up to 256 bytes. */
  get maxValueBytes(): number {
    return largestValueBytes(this.#shards.all[0]!.memory);
  }

  get handle(): StoreHandle {
    return { control: this.#control.buffer, shards: this.#shards.all.map((shard) => shard.memory.buffer) };
  }

  /**
   * Is told of entries that left during a call on this object: those evicted, and those removed after they had
   * expired. A read removes nothing. Entries of an earlier epoch are not reported. Called with no lock held; may use
   * the store.
   */
  get onRemoval(): RemovalListener | undefined {
    return this.#shards.removals.listener;
  }

  set onRemoval(listener: RemovalListener | undefined) {
    this.#shards.removals.listener = listener;
  }

  /**
   * Notes the entries that leave during calls on this object, those of an earlier epoch excepted; undefined: none.
   * Several objects of one store have a log each.
   */
  set departures(log: DepartureLog | undefined) {
    this.#shards.removals.log = log;
  }

  hash(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash(bytes, start, end, this.#hashKeyLow, this.#hashKeyHigh);
  }

  /** Makes `key` refer to bytes[start, end), with the hash that this store gives them. */
  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef {
    return key.refer(bytes, start, end, halfSipHash(bytes, start, end, this.#hashKeyLow, this.#hashKeyHigh));
  }

  /**
   * Delivers the key's value, or another variant, to `sink`, and counts a hit or a miss. The sink is called under the
   * lock and must not use the store. A sink that takes large values (`takesLarge`) gets one after the lock has been
   * released.
   * @param accepts the worst freshness served; `STALE` includes entries within their grace
   * @returns the length of the value; `ABSENT` if there is none, and the sink is not called
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
      read = readEntry(
        shard,
        this.#shards.holder,
        key,
        this.#epochs.ofKey(key),
        nowMs,
        sink,
        accepts,
        variant,
      );
    } finally {
      unlockShard(shard);
    }
    if (typeof read === "number") return read;
    sink.takeLarge!(read);
    return read.lengthBytes;
  }

  /** Returns a copy of the value; counts a hit or a miss. */
  get(key: KeyRef, nowMs: number): Uint8Array | undefined {
    const sink = new CopySink();
    return this.read(key, nowMs, sink) === ABSENT ? undefined : sink.copy;
  }

  /** Describes an entry, without counting a read. `accepts` and `variant` as in `read`. */
  peek(
    key: KeyRef,
    nowMs: number,
    accepts: Freshness = FRESH,
    variant: Variant = VALUE,
  ): EntryInfo | undefined {
    return this.#shards.underLock(this.#shards.indexOf(key.hash), (shard) => {
      const slot = goodEntry(shard.memory, key, this.#epochs.ofKey(key), nowMs, accepts, variant);
      return slot === 0 ? undefined : describeEntry(shard, slot);
    });
  }

  /** As `peek`, with the entry's state in its policy. */
  explain(
    key: KeyRef,
    nowMs: number,
    accepts: Freshness = FRESH,
    variant: Variant = VALUE,
  ): (EntryInfo & Placement) | undefined {
    return this.#shards.underLock(this.#shards.indexOf(key.hash), (shard) => {
      const slot = goodEntry(shard.memory, key, this.#epochs.ofKey(key), nowMs, accepts, variant);
      if (slot === 0) return undefined;
      return { ...describeEntry(shard, slot), ...shard.current.policy.explain(slot) };
    });
  }

  /** The number of parts that have queues of their own. */
  get shards(): number {
    return this.#shards.all.length;
  }

  /** Returns the shard that a hash belongs to, from 0. */
  shardOf(hash: number): number {
    return this.#shards.indexOf(hash);
  }

  /**
   * Reads the policy's queues in one shard, without changing anything. Takes the lock many times, for a fraction of a
   * millisecond each.
   * @returns undefined if the policy was changed meanwhile
   */
  readQueues(shard: number, nowMs: number, plan: QueuePlan): ReadQueue[] | undefined {
    return readQueues(this.#shards, shard, nowMs, plan);
  }

  /**
   * Begins to read the keys of a shard's values in the policy's order.
   * @param epochs whose entries count; those of the moment when each is read by default
   */
  keysInOrder(shard: number, epochs: Epochs = this.#epochs): KeysInOrder {
    return new KeysInOrder(this.#shards, shard, epochs);
  }

  /**
   * Gives an entry its place in the policy anew, as if it came over from another policy. Next victims come first.
   * @param rank the entry's place in that order, from 0 to 1
   * @param reads how often it was read before it was filled; they are added to those since
   * @returns false if there is no such entry, or the policy is being changed
   */
  place(key: KeyRef, rank: number, reads: number, nowMs: number): boolean {
    return placeAnew(this.#shards, key, rank, reads, nowMs);
  }

  /** Returns how many entries a shard has evicted so far. Read without a lock. */
  evictionsOf(shard: number): number {
    return this.#shards.all[shard]!.memory.floats[EVICTIONS]!;
  }

  /**
   * Stores or overwrites a value, and removes the key's other variants. Overwriting counts as a use. Leases are not
   * checked: a caller that also fills this store by lease calls `invalidate` first.
   * @returns "full" only if the store never evicts; nothing has changed unless "stored"
   */
  set(key: KeyRef, value: Uint8Array, expiresAtMs: number, nowMs: number): StoreOutcome {
    return this.write(key, value, 0, value.length, expiresAtMs, nowMs);
  }

  /** As `set`, for a value given as a range of bytes. */
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
      const epoch = this.#epochs.ofKey(key);
      shard.draft.begin(key, value, valueStart, valueEnd, expiresAtMs, epoch, nowMs);
      shard.draft.touches = true;
      const outcome = storeDraft(shard);
      if (outcome === "stored") removeOthers(shard, key, VALUE);
      return outcome;
    } finally {
      shard.draft.clear();
      unlockShard(shard);
    }
  }

  /**
   * Stores the origin's answer, unless the key was invalidated since the fill read its lease, or its epoch has
   * changed. Of several fills under way at once a lease admits only one: nobody can tell which value is newer.
   * @param staleUntilMs until when it may be served stale after its expiry; 0: no grace
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
      if (this.#mayFill(key, fill, expiresAtMs, staleUntilMs, nowMs)) {
        shard.draft.begin(key, value, valueStart, valueEnd, expiresAtMs, fill.epoch, nowMs);
        shard.draft.staleUntilMs = staleUntilMs;
        shard.draft.variant = variant;
        isStored = storeDraft(shard) === "stored";
        if (isStored) this.#control.leases.stored(key.hash);
      }
      floats[isStored ? FILLS : REFUSED_FILLS]!++;
      return isStored;
    } finally {
      shard.draft.clear();
      unlockShard(shard);
    }
  }

  /**
   * Begins an entry for a large value that is written little by little.
   * @param key kept
   * @returns undefined if there is no room for it, or it is too large for this; `set` and `fill` may still succeed
   */
  grow(key: KeyRef, valueBytes: number, nowMs: number, variant: Variant = VALUE): GrowingEntry | undefined {
    if (valueBytes < LARGE_BYTES || valueBytes > this.maxValueBytes) return undefined;
    if (Math.max(key.length, variant.end - variant.start) > KEY_BYTES_LIMIT) return undefined;
    const shard = this.#shards.all[this.#shards.indexOf(key.hash)]!;
    const growing = new GrowingEntry(shard, this.#shards.holder, key, variant, valueBytes);
    return growing.begin(nowMs) ? growing : undefined;
  }

  /** As `set`, for an entry that has grown to its full size. @returns whether it was stored */
  setGrown(growing: GrowingEntry, expiresAtMs: number, nowMs: number): boolean {
    const epoch = this.#epochs.ofKey(growing.key);
    return growing.store({ expiresAtMs, staleUntilMs: 0, nowMs, epoch, isFill: false }, () => true);
  }

  /** As `fill`, for an entry that has grown to its full size. */
  fillGrown(
    growing: GrowingEntry,
    expiresAtMs: number,
    fill: Fill,
    nowMs: number,
    staleUntilMs = 0,
  ): boolean {
    const { key } = growing;
    return growing.store({ expiresAtMs, staleUntilMs, nowMs, epoch: fill.epoch, isFill: true }, () => {
      const mayFill = this.#mayFill(key, fill, expiresAtMs, staleUntilMs, nowMs);
      if (mayFill) this.#control.leases.stored(key.hash);
      return mayFill;
    });
  }

  /** Changes only the value's expiry; 0 removes it. A grace ends with it. @returns false if there is no such entry */
  setExpiry(key: KeyRef, expiresAtMs: number, nowMs: number): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      const epoch = this.#epochs.ofKey(key);
      const slot = goodEntry(shard.memory, key, epoch, nowMs, FRESH, VALUE);
      if (slot !== 0) writeExpiry(shard, slot, expiresAtMs, epoch, nowMs);
      return slot !== 0;
    } finally {
      shard.draft.clear();
      unlockShard(shard);
    }
  }

  /** Removes the key's value and all other variants. @returns whether a fresh entry was there */
  remove(key: KeyRef, nowMs: number): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      return removeKey(shard, key, nowMs) === FRESH;
    } finally {
      unlockShard(shard);
    }
  }

  /**
   * Removes the key's value and all other variants, and voids the leases of all fills of the key under way.
   * @returns whether there was an entry
   */
  invalidate(key: KeyRef): boolean {
    const shard = this.#shards.enter(key.hash);
    try {
      this.#control.leases.change(key.hash);
      // Time 0 is before every expiry, so no entry counts as expired.
      return removeKey(shard, key, 0) !== DEAD;
    } finally {
      unlockShard(shard);
    }
  }

  /** Removes all entries of the key but that of one variant. Leases stay as they are. */
  removeOthers(key: KeyRef, kept: Variant): void {
    const shard = this.#shards.enter(key.hash);
    try {
      removeOthers(shard, key, kept);
    } finally {
      unlockShard(shard);
    }
  }

  /** Returns the token that a fill of this key must present if its question is sent now. */
  lease(hash: number): number {
    return this.#control.leases.of(hash);
  }

  /** As `lease`, for a fill whose end the caller reports with `endFill`. */
  beginFill(hash: number): number {
    return this.#control.leases.begin(hash);
  }

  endFill(hash: number): void {
    this.#control.leases.end(hash);
  }

  /** Whether neither the key nor everything of its epoch has been invalidated since the fill began. */
  holds(key: KeyRef, fill: Fill): boolean {
    return this.#control.leases.holds(key.hash, fill, this.#epochs.ofKey(key));
  }

  /** Returns the epoch that a fill of this key must present if its question is sent now. */
  epochOf(key: KeyRef): number {
    return this.#epochs.ofKey(key);
  }

  /** How often epochs were bumped, of all keys or of some. Read without a lock. */
  get epochCount(): number {
    return this.#epochs.count;
  }

  /** Returns all epochs of this moment, for `keysInOrder`. */
  copyEpochs(): Epochs {
    return this.#epochs.copy();
  }

  /** Whether `bumpEpoch` can tell hash slots apart. */
  get usesHashSlots(): boolean {
    return this.#epochs.usesHashSlots;
  }

  /**
   * Gives each hash slot of a cluster an epoch of its own, for all threads and for good. Begins a new epoch of all keys,
   * unless that was done before.
   * @returns about how many entries have become invisible
   */
  useHashSlots(): number {
    return beginHashSlots(this.#shards);
  }

  /**
   * Makes everything stored so far invisible and voids all fills under way, at once and without a walk: of the keys in
   * these hash slots, or of all keys. While hash slots are not used, always of all keys.
   * @param slots distinct hash slots, from 0 to 16,383; undefined: all
   * @param mayWait whether to wait for locks if any are needed; if not, `releaseDead` finishes the work
   * @returns about how many entries have become invisible; see `droppedAtEpoch` and `droppedInSlots`
   * @throws AssertionError for a hash slot out of range
   */
  bumpEpoch(slots?: readonly number[], mayWait = true): number {
    return beginEpoch(this.#shards, slots, mayWait ? undefined : this.#dead);
  }

  /** Removes everything and voids all fills under way. */
  clear(): void {
    this.#epochs.bump();
    this.#shards.underEachLock(clearShard);
  }

  /**
   * Visits some keys of fresh values, in the order of their bit-reversed hashes. Start with cursor 0; a result of 0
   * is the end. A key that is present from the first step to the last is visited exactly once. `visit` is called with
   * no lock held; its view of the key is valid during the call only.
   * @param cursor any whole number from 0 to 2^48
   * @param count roughly how many keys to visit
   */
  scan(cursor: number, count: number, nowMs: number, visit: (key: Uint8Array, hash: number) => void): number {
    return scanKeys(this.#shards, cursor, count, nowMs, visit);
  }

  /** Returns a copy of the key of a random fresh value; undefined if there is none. */
  randomKey(random: Random, nowMs: number): Uint8Array | undefined {
    return drawKey(this.#shards, random, nowMs);
  }

  /**
   * Removes expired entries and those of earlier epochs, continuing where the last call of any thread ended.
   * Continues policy changes, too.
   * @param maxSteps the most buckets to visit, or steps of a change to take
   * @returns how many entries were removed
   */
  sweep(nowMs: number, maxSteps: number): number {
    return sweepShards(this.#shards, nowMs, maxSteps);
  }

  /**
   * Changes the policy. The new one receives the entries in the old one's order of eviction. Any use of the store
   * does a small step of the change. Entries beyond the new policy's limit are evicted.
   * @throws RangeError if `parsePolicy` does not read the text, if the store has no room for the policy, or if the
   * store never evicts and holds more entries than the policy can manage
   */
  setPolicy(text: string): void {
    const choice = parsePolicyOf(text, storePolicyNames());
    this.#shards.underLock(0, ({ memory }) => checkPolicy(memory, choice));
    if (!this.#control.evicts) {
      this.#shards.underEachLock((shard) => checkRoom(shard, choice, shard.current.shardBytes));
    }
    this.#shards.underEachLock((shard) => beginChange(shard, choice));
  }

  /** The size of the store, its own tables included: the budget set last. */
  get budgetBytes(): number {
    return this.#control.budgetBytes;
  }

  /** The largest budget that `setBudget` accepts. */
  get mostBudgetBytes(): number {
    return this.#control.mostBudgetBytes;
  }

  /**
   * Changes the size of the store. The policy starts afresh for the new size, in small steps as in `setPolicy`. After
   * them a larger store holds more and has lost nothing; a smaller one has evicted the excess in the policy's order.
   * Memory that was in use stays with the process, for the next time the store grows.
   * @throws RangeError beyond `mostBudgetBytes`, below the least size, or if the store never evicts and holds more
   */
  setBudget(budgetBytes: number): void {
    changeBudget(this.#shards, budgetBytes);
  }

  /** What the store has room for, as its policy counts it. Read without a lock. */
  get capacity(): StoreCapacity {
    return capacityOf(this.#shards.all.map(({ memory }) => memory));
  }

  /** Returns the bytes that an entry takes in the arena. */
  chargeOf(keyBytes: number, valueBytes: number): number {
    const { memory, plan } = this.#shards.all[0]!;
    planChain(plan, memory.sizes, keyBytes + valueBytes, ENTRY_HEADER_BYTES);
    return plan.bytes;
  }

  /** The policy set last, as `parsePolicy` writes it. Read without a lock. */
  get policyName(): string {
    return askedPolicy(this.#shards.all[0]!.memory);
  }

  /**
   * Reads the counters without locks, so that an observer never waits, not even for a thread that died with a lock.
   * The numbers of a shard that another thread is changing may be one operation apart.
   */
  stats(): StoreStats {
    const stats = emptyStats(this.#control.budgetBytes, this.#shards.all.length);
    for (const { memory } of this.#shards.all) addStats(stats, memory);
    return stats;
  }

  /**
   * Checks all invariants by walking everything. For tests.
   * @param hashOf the hash of a whole key, if it is not `hash`
   * @throws AssertionError
   */
  check(hashOf: (key: Uint8Array) => number = (key) => this.hash(key, 0, key.length)): void {
    this.#shards.underEachLock((shard, index) =>
      checkShard(shard, (hash) => this.#shards.indexOf(hash) === index, hashOf),
    );
  }

  #mayFill(key: KeyRef, fill: Fill, expiresAtMs: number, staleUntilMs: number, nowMs: number): boolean {
    return this.holds(key, fill) && freshnessAt(expiresAtMs, staleUntilMs, nowMs) < EXPIRED;
  }
}
