import { VALUE, type Variant } from "../coherence/variant.ts";
import { assert } from "../lib/assert.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { SLICE_BYTES } from "../lib/large-value.ts";
import { takeChunk } from "./arena.ts";
import { ChainPlan, planChain } from "./chain-plan.ts";
import { findEntry, freeChain, setFilledAt, setForm } from "./entry.ts";
import {
  EXTENDED_HEADER_BYTES,
  EXTENT_AFTER,
  EXTENT_BEFORE,
  EXTENT_HEADER_BYTES,
  FIRST_EXTENT,
  HAS_EXPIRY,
  HAS_EXTENTS,
  HASH,
  KEY_BYTES,
  KIND_ENTRY,
  KIND_EXTENT,
  VALUE_BYTES,
} from "./entry-layout.ts";
import { DEAD, EXPIRED, freshnessOf, setTerms } from "./freshness.ts";
import { growIndex, indexPagesNeeded, linkEntry } from "./index-table.ts";
import { evictOne, removeEntry, removeOthers } from "./leaving.ts";
import { PayloadCursor } from "./payload-cursor.ts";
import { detach, markResident, mayPin, NO_PIN, pinAgain, pinGrowing, serialOf } from "./pin-table.ts";
import { PinnedValue } from "./pinned-value.ts";
import { dropRow, unpin, voidDetached } from "./pins.ts";
import type { Shard } from "./shard.ts";
import { lockShard, unlockShard } from "./shard-lock.ts";
import {
  ENTRIES,
  EXPIRATIONS,
  FILLS,
  FREE_PAGES,
  PAYLOAD_BYTES,
  REFUSED_FILLS,
  USED_BYTES,
  VALUES_BYTES,
  VARIANTS,
} from "./shard-memory.ts";

/** The properties that an entry gets when it is stored, besides key and value. */
export interface GrownEntry {
  /** Unix milliseconds, 0 for never. */
  readonly expiresAtMs: number;
  /** Until when it may be served stale after that; 0: no grace. */
  readonly staleUntilMs: number;
  readonly nowMs: number;
  /** The epoch that the entry is of. */
  readonly epoch: number;
  /**
   * Whether the origin sent the value, rather than a client wrote it. A fill is counted as one, and does not count as
   * a use of the entry it replaces.
   */
  readonly isFill: boolean;
}

/**
 * A large entry that is written little by little. The lock is held for one slice at a time. Nobody can find the entry
 * until it is complete and `store` has put it into the index. It takes pages as it needs them; other entries are
 * evicted for it as for any entry. Its owner calls `release` exactly once.
 */
export class GrowingEntry {
  readonly #shard: Shard;
  readonly #holder: number;
  readonly key: KeyRef;
  readonly #variant: Variant;
  /** Length of key and argument. */
  readonly #prefixBytes: number;
  readonly #valueBytes: number;
  readonly #plan = new ChainPlan();
  /** The next chunk to take: its run in the plan, and how many chunks of the run have been taken. */
  #run = 0;
  #taken = 0;
  /** Payload bytes that fit the chunks taken so far. */
  #roomBytes = 0;
  #slot = 0;
  /** The chunk taken last. It is not needed once the smaller chunks at the end have been taken. */
  #last = 0;
  #row = NO_PIN;
  #serial = 0;
  #cursor: PayloadCursor | undefined;
  /** Bytes of the value written so far. */
  #writtenBytes = 0;
  #isLost = false;
  #isStored = false;
  #wasEmptied = false;

  constructor(shard: Shard, holder: number, key: KeyRef, variant: Variant, valueBytes: number) {
    this.#shard = shard;
    this.#holder = holder;
    this.key = key;
    this.#variant = variant;
    this.#prefixBytes = key.length + variant.end - variant.start;
    this.#valueBytes = valueBytes;
    // The deadlines are known at the end only, so the header has room for all of them.
    planChain(this.#plan, shard.memory.sizes, this.#prefixBytes + valueBytes, EXTENDED_HEADER_BYTES);
  }

  /**
   * Takes the first chunk and writes key and argument.
   * @returns false if there is no room for an entry of this size now
   */
  begin(nowMs: number): boolean {
    return this.#underLock(() => {
      const { memory } = this.#shard;
      const { words } = memory;
      if (!mayPin(memory, this.#plan.bytes) || !this.#makeRoom(this.#prefixBytes + 1, nowMs)) return false;
      const slot = this.#slot;
      words[slot * 2 + HASH] = this.key.hash;
      words[slot * 2 + VALUE_BYTES] = this.#valueBytes | HAS_EXTENTS | HAS_EXPIRY;
      words[slot * 2 + KEY_BYTES] = this.key.length;
      setForm(memory, slot, true, this.#variant);
      this.#row = pinGrowing(memory, slot, this.#holder, this.#plan.bytes);
      if (this.#row === NO_PIN) {
        freeChain(memory, slot);
        return false;
      }
      this.#serial = serialOf(memory, this.#row);
      this.#cursor = new PayloadCursor(memory, slot);
      const { bytes, start, end } = this.#variant;
      this.#cursor.write(0, this.key.bytes, this.key.start, this.key.end);
      this.#cursor.write(this.key.length, bytes, start, end);
      return true;
    });
  }

  /** Length of the whole value. */
  get lengthBytes(): number {
    return this.#valueBytes;
  }

  get isComplete(): boolean {
    return this.#writtenBytes === this.#valueBytes;
  }

  /** Whether the entry can never be complete: the store was emptied, or there was no room. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether it was lost because the store was emptied. */
  get wasEmptied(): boolean {
    return this.#wasEmptied;
  }

  /** Appends source[start, end) to the value, taking the lock once per slice. @returns false if the entry is lost */
  append(source: Uint8Array, start: number, end: number, nowMs: number): boolean {
    for (let from = start; from < end && !this.#isLost; from += SLICE_BYTES) {
      this.#appendSlice(source, from, Math.min(end, from + SLICE_BYTES), nowMs);
    }
    return !this.#isLost;
  }

  #appendSlice(source: Uint8Array, from: number, to: number, nowMs: number): void {
    this.#underLock(() => {
      const payloadAt = this.#prefixBytes + this.#writtenBytes;
      if (!this.#holds() || !this.#makeRoom(payloadAt + to - from, nowMs)) {
        this.#isLost = true;
        return;
      }
      this.#cursor!.write(payloadAt, source, from, to);
      this.#writtenBytes += to - from;
    });
  }

  /**
   * Pins the value for a reader, which may read no more than has been written. The value stays until its readers have
   * released it, whether or not the entry is stored. If the entry is released before it is complete, its readers lose
   * it.
   * @returns undefined if the entry is lost
   */
  reader(): PinnedValue | undefined {
    return this.#underLock(() => {
      if (!this.#holds()) return undefined;
      pinAgain(this.#shard.memory, this.#row);
      return new PinnedValue(
        this.#shard,
        this.#holder,
        this.#row,
        this.#slot,
        this.#prefixBytes,
        this.#valueBytes,
        this.#serial,
      );
    });
  }

  /**
   * Puts the complete entry into the index, replacing its key's present entry.
   * @param mayStore asked under the lock
   * @returns false if it may not be stored, or is lost
   */
  store(grown: GrownEntry, mayStore: () => boolean): boolean {
    assert(this.isComplete || this.#isLost, "an entry that is to be stored is complete");
    return this.#underLock(() => {
      const { floats } = this.#shard.memory;
      this.#isStored = this.#holds() && mayStore() && this.#makeEntryRoom(grown);
      if (this.#isStored) {
        this.#writeHeader(grown);
        this.#link(grown);
        markResident(this.#shard.memory, this.#row);
      }
      if (grown.isFill) floats[this.#isStored ? FILLS : REFUSED_FILLS]!++;
      return this.#isStored;
    });
  }

  release(): void {
    this.#underLock(() => {
      const { memory } = this.#shard;
      if (this.#row === NO_PIN || serialOf(memory, this.#row) !== this.#serial) return;
      if (!this.isComplete) {
        dropRow(this.#shard, this.#row);
        return;
      }
      // Its readers may lose it when room is needed, as with any entry that has left the index.
      if (!this.#isStored) detach(memory, this.#slot);
      unpin(this.#shard, this.#row);
    });
  }

  /** Whether the entry is not lost. Called with the lock held. */
  #holds(): boolean {
    if (serialOf(this.#shard.memory, this.#row) !== this.#serial) {
      this.#wasEmptied = true;
      this.#isLost = true;
    }
    return !this.#isLost;
  }

  #underLock<Result>(act: () => Result): Result {
    lockShard(this.#shard, this.#holder);
    try {
      return act();
    } finally {
      unlockShard(this.#shard);
    }
  }

  /** Takes chunks until they hold this much of the payload. @returns false if there is no room */
  #makeRoom(payloadBytes: number, nowMs: number): boolean {
    const shard = this.#shard;
    const { memory } = shard;
    const pageRun = memory.sizes.count - 1;
    const perPage = memory.sizes.pageBytes - EXTENT_HEADER_BYTES;
    const plan = this.#plan;
    const missing = payloadBytes - this.#roomBytes;
    if (missing <= 0) return true;
    // Each chunk takes a page at most. The chunks that do not fill a page are taken together, at the end.
    let pages = Math.ceil((missing + EXTENDED_HEADER_BYTES) / perPage);
    for (let run = 0; run < plan.runs; run++) if (plan.classes[run] !== pageRun) pages += plan.counts[run]!;
    while (memory.words[FREE_PAGES]! < pages) {
      if (!shard.evicts || !(evictOne(shard, nowMs) || voidDetached(shard))) {
        if (memory.words[FREE_PAGES]! < pages) return false;
      }
    }
    while (this.#roomBytes < payloadBytes) this.#takeNext();
    // Behind the last chunk that fills a page, all the rest at once: smaller chunks may be moved between two calls.
    while (this.#run < plan.runs && plan.classes[this.#run] !== pageRun) this.#takeNext();
    return true;
  }

  #takeNext(): void {
    const { memory } = this.#shard;
    const { words } = memory;
    const plan = this.#plan;
    const sizeClass = plan.classes[this.#run]!;
    const before = this.#last;
    const slot = takeChunk(memory, sizeClass);
    this.#roomBytes += memory.sizes.chunkBytes[sizeClass]!;
    if (before === 0) {
      this.#slot = slot;
      words[slot * 2] = KIND_ENTRY;
      words[slot * 2 + FIRST_EXTENT] = 0;
      this.#roomBytes -= EXTENDED_HEADER_BYTES;
    } else {
      words[slot * 2 + EXTENT_BEFORE] = KIND_EXTENT | before;
      words[slot * 2 + EXTENT_AFTER] = 0;
      words[before * 2 + (before === this.#slot ? FIRST_EXTENT : EXTENT_AFTER)] = slot;
      this.#roomBytes -= EXTENT_HEADER_BYTES;
    }
    this.#last = slot;
    this.#taken++;
    if (this.#taken === plan.counts[this.#run]) {
      this.#run++;
      this.#taken = 0;
    }
  }

  /** Makes room in the index and in the policy. */
  #makeEntryRoom({ nowMs }: GrownEntry): boolean {
    const shard = this.#shard;
    const { words } = shard.memory;
    while (
      words[ENTRIES]! >= shard.current.entryLimit ||
      (shard.evicts && words[FREE_PAGES]! < indexPagesNeeded(shard.memory))
    ) {
      if (!shard.evicts || !(evictOne(shard, nowMs) || voidDetached(shard))) return false;
    }
    return true;
  }

  #writeHeader({ expiresAtMs, staleUntilMs, nowMs, epoch }: GrownEntry): void {
    const { memory } = this.#shard;
    const { words, floats } = memory;
    const slot = this.#slot;
    setFilledAt(memory, slot, nowMs, epoch);
    setTerms(memory, slot, expiresAtMs, staleUntilMs);
    floats[USED_BYTES]! += this.#plan.bytes;
    floats[PAYLOAD_BYTES]! += this.#prefixBytes + this.#valueBytes;
    floats[VALUES_BYTES]! += this.#valueBytes;
    if (this.#variant.kind !== VALUE.kind) words[VARIANTS]!++;
  }

  #link({ epoch, nowMs, isFill }: GrownEntry): void {
    const shard = this.#shard;
    const { memory, current } = shard;
    const slot = this.#slot;
    const { key } = this;
    const before = findEntry(memory, key, this.#variant);
    const freshness = before === 0 ? DEAD : freshnessOf(memory, before, epoch, nowMs);
    if (before !== 0) {
      // The key stays in the cache, so this is not reported as a removal.
      if (freshness === EXPIRED) memory.floats[EXPIRATIONS]!++;
      removeEntry(shard, before);
    }
    current.policy.miss(key.hash);
    linkEntry(memory, slot, key.hash);
    memory.words[ENTRIES]!++;
    growIndex(memory);
    current.policy.insert(slot, key.hash);
    if (freshness < EXPIRED && !isFill) current.policy.hit(slot);
    if (!isFill) removeOthers(shard, key, VALUE);
  }
}
