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
import { holdShard, leaveShard } from "./hold.ts";
import { growIndex, indexPagesNeeded, linkEntry } from "./index-table.ts";
import { evictOne, removeEntry, removeVariants } from "./leaving.ts";
import { PayloadCursor } from "./payload-cursor.ts";
import { detach, mayPin, NO_PIN, pinAgain, pinGrowing, serialOf, settleGrowing } from "./pin-table.ts";
import { PinnedValue } from "./pinned-value.ts";
import { dropRow, unpin, voidDetached } from "./pins.ts";
import type { Shard } from "./shard.ts";
import {
  ENTRIES,
  EXPIRATIONS,
  FILLS,
  FREE_PAGES,
  PAYLOAD_BYTES,
  REFUSED_FILLS,
  USED_BYTES,
  VARIANTS,
} from "./shard-memory.ts";

/** What an entry has besides key and value once it is stored. */
export interface GrownEntry {
  /** Unix milliseconds, 0 for never. */
  readonly expiresAtMs: number;
  /** Until when it may be served as stale after that, 0 for no grace. */
  readonly staleUntilMs: number;
  readonly nowMs: number;
  readonly epoch: number;
  /** What the origin answered, not a write by a client: counted as such, and an entry that it replaces is not used by it. */
  readonly isFill: boolean;
}

/**
 * A large entry that is written little by little and is in nobody's way meanwhile: the lock is held for a slice at a
 * time, and nobody finds the entry until it is complete and `store` has put it into the index. It takes pages as it
 * needs them; entries are evicted for it as for any other. Whoever made it calls `release`, exactly once.
 */
export class GrowingEntry {
  readonly #shard: Shard;
  readonly #holder: number;
  readonly key: KeyRef;
  readonly #variant: Variant;
  /** Of key and argument. */
  readonly #prefixBytes: number;
  readonly #valueBytes: number;
  readonly #plan = new ChainPlan();
  /** The chunk to be taken next: the run of the plan, and how many of it have been taken. */
  #run = 0;
  #taken = 0;
  /** Payload bytes that the chunks taken so far hold. */
  #roomBytes = 0;
  #slot = 0;
  /** The chunk that was taken last; of no use once the smaller ones at the end have been. */
  #last = 0;
  #row = NO_PIN;
  #serial = 0;
  #cursor: PayloadCursor | undefined;
  /** Of the value. */
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
    // Its terms are known at the end only, so its header has room for all that there can be.
    planChain(this.#plan, shard.memory.sizes, this.#prefixBytes + valueBytes, EXTENDED_HEADER_BYTES);
  }

  /** Takes the first chunk and writes key and argument. @returns false where there is no room for so large an entry now */
  begin(nowMs: number, epoch: number): boolean {
    return this.#underLock(() => {
      const { memory } = this.#shard;
      const { words } = memory;
      if (!mayPin(memory, this.#plan.bytes) || !this.#makeRoom(this.#prefixBytes + 1, nowMs, epoch))
        return false;
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

  /** Of the whole value. */
  get lengthBytes(): number {
    return this.#valueBytes;
  }

  get isComplete(): boolean {
    return this.#writtenBytes === this.#valueBytes;
  }

  /** Whether it can never be complete: the store was emptied, or there was no room. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether it is lost because the store was emptied. */
  get wasEmptied(): boolean {
    return this.#wasEmptied;
  }

  /** Appends source[start, end) to the value, in slices of which each holds the lock on its own. @returns false when the entry is lost */
  append(source: Uint8Array, start: number, end: number, nowMs: number, epoch: number): boolean {
    for (let from = start; from < end && !this.#isLost; from += SLICE_BYTES) {
      this.#appendSlice(source, from, Math.min(end, from + SLICE_BYTES), nowMs, epoch);
    }
    return !this.#isLost;
  }

  #appendSlice(source: Uint8Array, from: number, to: number, nowMs: number, epoch: number): void {
    this.#underLock(() => {
      const payloadAt = this.#prefixBytes + this.#writtenBytes;
      if (!this.#holds() || !this.#makeRoom(payloadAt + to - from, nowMs, epoch)) {
        this.#isLost = true;
        return;
      }
      this.#cursor!.write(payloadAt, source, from, to);
      this.#writtenBytes += to - from;
    });
  }

  /**
   * The value, of which no more may be read than has been written. It stays until its readers have gone, whether or not
   * the entry is stored; when it is released before it is complete, they lose it.
   * @returns undefined when the entry is lost
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
   * Puts the complete entry into the index, in place of the one its key has.
   * @param mayStore asked under the lock
   * @returns false when it may not be, or is lost
   */
  store(grown: GrownEntry, mayStore: () => boolean): boolean {
    assert(this.isComplete || this.#isLost, "an entry that is to be stored is complete");
    return this.#underLock(() => {
      const { floats } = this.#shard.memory;
      this.#isStored = this.#holds() && mayStore() && this.#makeEntryRoom(grown);
      if (this.#isStored) {
        this.#writeHeader(grown);
        this.#link(grown);
        settleGrowing(this.#shard.memory, this.#row);
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
      // Who still reads it can be taken it from when room is needed, as with any entry that has left the index.
      if (!this.#isStored) detach(memory, this.#slot);
      unpin(this.#shard, this.#row);
    });
  }

  /** Called with the lock held. */
  #holds(): boolean {
    if (serialOf(this.#shard.memory, this.#row) !== this.#serial) {
      this.#wasEmptied = true;
      this.#isLost = true;
    }
    return !this.#isLost;
  }

  #underLock<Result>(act: () => Result): Result {
    holdShard(this.#shard, this.#holder);
    try {
      return act();
    } finally {
      leaveShard(this.#shard);
    }
  }

  /** Takes the chunks for so much of the payload. @returns false when there are none left to be had */
  #makeRoom(payloadBytes: number, nowMs: number, epoch: number): boolean {
    const shard = this.#shard;
    const { memory } = shard;
    const pageRun = memory.sizes.count - 1;
    const perPage = memory.sizes.pageBytes - EXTENT_HEADER_BYTES;
    const plan = this.#plan;
    const missing = payloadBytes - this.#roomBytes;
    if (missing <= 0) return true;
    // As many pages as chunks at most; what does not fill a page is taken together, at the end.
    let pages = Math.ceil((missing + EXTENDED_HEADER_BYTES) / perPage);
    for (let run = 0; run < plan.runs; run++) if (plan.classes[run] !== pageRun) pages += plan.counts[run]!;
    while (memory.words[FREE_PAGES]! < pages) {
      if (!shard.evicts || !(evictOne(shard, epoch, nowMs) || voidDetached(shard))) {
        if (memory.words[FREE_PAGES]! < pages) return false;
      }
    }
    while (this.#roomBytes < payloadBytes) this.#takeNext();
    // Behind the last chunk that fills a page, all of them: smaller ones may move between two calls.
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
  #makeEntryRoom({ epoch, nowMs }: GrownEntry): boolean {
    const shard = this.#shard;
    const { words } = shard.memory;
    while (
      words[ENTRIES]! >= shard.seated.entryLimit ||
      (shard.evicts && words[FREE_PAGES]! < indexPagesNeeded(shard.memory))
    ) {
      if (!shard.evicts || !(evictOne(shard, epoch, nowMs) || voidDetached(shard))) return false;
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
    if (this.#variant.kind !== VALUE.kind) words[VARIANTS]!++;
  }

  #link({ epoch, nowMs, isFill }: GrownEntry): void {
    const shard = this.#shard;
    const { memory, seated } = shard;
    const slot = this.#slot;
    const { key } = this;
    const before = findEntry(memory, key, this.#variant);
    const freshness = before === 0 ? DEAD : freshnessOf(memory, before, epoch, nowMs);
    if (before !== 0) {
      // The key has not left: it has another value.
      if (freshness === EXPIRED) memory.floats[EXPIRATIONS]!++;
      removeEntry(shard, before);
    }
    seated.policy.miss(key.hash);
    linkEntry(memory, slot, key.hash);
    memory.words[ENTRIES]!++;
    growIndex(memory);
    seated.policy.insert(slot, key.hash);
    if (freshness < EXPIRED && !isFill) seated.policy.hit(slot);
    if (!isFill) removeVariants(shard, key);
  }
}
