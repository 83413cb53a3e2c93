import { assert } from "../lib/assert.ts";
import { HASH_SLOTS } from "../lib/hash-slot.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { hashSlotOfEntry } from "./entry.ts";
import { CLEAR_INTERVAL_BITS } from "./entry-layout.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** The common epoch; in its lowest bits, whether hash slots may have epochs of their own, and whether they have. */
const EPOCH = 0;
const USES_HASH_SLOTS = 1;
const SLOTS_DIFFER = 2;
const EPOCH_SHIFT = 2;
/** What the common epoch's next one adds to the word. */
const NEXT = 1 << EPOCH_SHIFT;
/** How often hash slots were bumped: bumps, not slots. */
const SLOT_BUMPS = 1;
/** How often each hash slot was bumped. Behind a cache line of their own for the words above. */
const SLOTS = 16;

/** The size of the epochs in memory. */
export const EPOCH_BYTES: number = (SLOTS + HASH_SLOTS) * 4;

/**
 * The epochs of a store, in memory that its threads share. An entry or a fill counts only while the epoch of its key
 * is the one it began with. At first all keys have one epoch. After `useHashSlots` some of a cluster's hash slots can be
 * bumped alone. From the first time on each has its own epoch: the common one, which never changes again, plus the
 * slot's bumps. Until then no read needs its key's hash slot, which costs a tenth of a hit to compute.
 *
 * One word holds both the common epoch and whether there are others. So no thread can take the common epoch of one
 * moment for a hash slot's epoch of another:
 *
 * 1. A thread reads the word. It says that all keys have one epoch.
 * 2. Another thread bumps some hash slots.
 * 3. The first thread has an epoch that these slots have passed. Its fill is refused, its entry is dead.
 */
export class Epochs {
  readonly #words: Int32Array;

  /** @param at where the epochs lie in the buffer, in bytes, a multiple of 4 */
  constructor(buffer: ArrayBufferLike, at: number) {
    this.#words = new Int32Array(buffer, at, EPOCH_BYTES / 4);
  }

  /** Whether hash slots can be bumped alone. */
  get usesHashSlots(): boolean {
    return (Atomics.load(this.#words, EPOCH) & USES_HASH_SLOTS) !== 0;
  }

  /** Returns the epoch of a hash slot, from 0 to 16,383. */
  of(hashSlot: number): number {
    const word = Atomics.load(this.#words, EPOCH);
    return (word & SLOTS_DIFFER) === 0 ? word >> EPOCH_SHIFT : this.#ofSlot(word, hashSlot);
  }

  /** Returns the epoch of a key. Computes its hash slot only if the epochs of hash slots differ. */
  ofKey(key: KeyRef): number {
    const word = Atomics.load(this.#words, EPOCH);
    return (word & SLOTS_DIFFER) === 0 ? word >> EPOCH_SHIFT : this.#ofSlot(word, key.hashSlot);
  }

  /** Returns the epoch that an entry must have to count. The shard's lock is held. @param slot the entry's */
  ofEntry(memory: ShardMemory, slot: number): number {
    const word = Atomics.load(this.#words, EPOCH);
    return (word & SLOTS_DIFFER) === 0
      ? word >> EPOCH_SHIFT
      : this.#ofSlot(word, hashSlotOfEntry(memory, slot));
  }

  /** How often any epochs were bumped. It is increased last: a thread that sees it sees the epochs, too. */
  get count(): number {
    return ((Atomics.load(this.#words, EPOCH) >> EPOCH_SHIFT) + Atomics.load(this.#words, SLOT_BUMPS)) | 0;
  }

  /**
   * Begins a new epoch: of these hash slots, or of all keys. While hash slots are not used, always of all keys.
   * @param slots distinct hash slots
   * @returns whether an epoch has come half around the 16 bits that entries store, so that all must be removed
   * @throws AssertionError for a hash slot out of range
   */
  bump(slots?: readonly number[]): boolean {
    if (slots?.length === 0) return false;
    const words = this.#words;
    for (const slot of slots ?? []) assert(slot >= 0 && slot < HASH_SLOTS, "a hash slot is out of range");
    const isOfAll = slots === undefined || slots.length === HASH_SLOTS;
    let word = Atomics.load(words, EPOCH);
    while ((word & USES_HASH_SLOTS) === 0 || (isOfAll && (word & SLOTS_DIFFER) === 0)) {
      const found = Atomics.compareExchange(words, EPOCH, word, (word + NEXT) | 0);
      if (found === word) return isHalfAround((word >> EPOCH_SHIFT) + 1);
      word = found;
    }
    // Before any slot is bumped: from here on the common epoch stays, and threads look at those of the slots.
    const common = Atomics.or(words, EPOCH, SLOTS_DIFFER) >> EPOCH_SHIFT;
    let mustRemove = false;
    const count = slots?.length ?? HASH_SLOTS;
    for (let i = 0; i < count; i++) {
      const slot = slots === undefined ? i : slots[i]!;
      // Each value is given to one thread, so one thread learns of the half turn.
      const bumps = Atomics.add(words, SLOTS + slot, 1) + 1;
      if (isHalfAround(common + bumps)) mustRemove = true;
    }
    Atomics.add(words, SLOT_BUMPS, 1);
    return mustRemove;
  }

  /**
   * Lets hash slots be bumped alone from now on. All keys begin a new epoch, unless hash slots are used already.
   * @returns as `bump`
   */
  useHashSlots(): boolean {
    const words = this.#words;
    let word = Atomics.load(words, EPOCH);
    while ((word & USES_HASH_SLOTS) === 0) {
      const found = Atomics.compareExchange(words, EPOCH, word, (word + NEXT) | USES_HASH_SLOTS | 0);
      if (found === word) return isHalfAround((word >> EPOCH_SHIFT) + 1);
      word = found;
    }
    return false;
  }

  /** Returns the epochs as they are now, in memory of their own. */
  copy(): Epochs {
    return new Epochs(this.#words.slice().buffer, 0);
  }

  #ofSlot(word: number, hashSlot: number): number {
    return ((word >> EPOCH_SHIFT) + Atomics.load(this.#words, SLOTS + hashSlot)) | 0;
  }
}

function isHalfAround(epoch: number): boolean {
  return (epoch & CLEAR_INTERVAL_BITS) === 0;
}
