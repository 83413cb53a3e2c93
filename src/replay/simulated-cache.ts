import { assert } from "../lib/assert.ts";
import type { GhostIndex, Policy } from "../policy/policy.ts";
import type { PolicyChoice } from "../policy/registry.ts";
import { type ExpiryImage, ExpiryQueue } from "./expiry-queue.ts";

/** The greatest slot that fits into the links of policies. */
export const SLOT_LIMIT = 2 ** 29 - 1;

/** The unit of a cache's size: entries of equal weight, or bytes. */
export type SizeUnit = "entries" | "bytes";

export interface CacheShape {
  readonly policy: PolicyChoice;
  /** In units of `unit`. */
  readonly capacity: number;
  readonly unit: SizeUnit;
  /** Most entries that can be resident: as many as fit the capacity, or as there are objects. */
  readonly maxEntries: number;
  /** The seed of policies that draw at random. */
  readonly seed: number;
}

/**
 * The resident entries of a simulated cache, and its policy.
 *
 * Takes four bytes for every object of the trace. Everything else is proportional to the most entries it can hold:
 * four bytes and the policy's words for each; if in use, eight more for sizes, eight for next accesses, 25 for times
 * to live.
 *
 * The key hashes that the policy sees are object numbers, so ghosts never collide. A ghost takes the place of the
 * slot in `slotOf`.
 */
export class SimulatedCache implements GhostIndex {
  readonly policy: Policy;
  /** The policy's words of every slot. */
  readonly words: Int32Array;
  readonly wordsPerSlot: number;
  /** The policy's other memory. */
  readonly state: Int32Array;
  readonly sums: Float64Array;
  /** Holds nothing of use: see `fetchSlots` in replay-reads.ts. */
  readonly fetched: Int32Array = new Int32Array(1);
  readonly capacity: number;
  readonly maxEntries: number;
  readonly isOffline: boolean;
  /** The slot of each object; 0: not resident. Negative: the policy's ghost of the object, negated. */
  slotOf: Int32Array = new Int32Array(1024);
  /** The object in each slot; in a free slot, the next free slot. */
  readonly objectOf: Uint32Array;
  /** The weight of each slot, if weights are not all 1. */
  readonly weightOf: Float64Array | undefined;
  /** The next access to each slot, for offline policies; `Infinity` if there is none. */
  readonly nextOf: Float64Array;
  /** When entries expire on the trace's clock; undefined until a time to live occurs. */
  #expiries: ExpiryQueue | undefined = undefined;
  /** Is told of each entry that leaves, by eviction, expiry or removal; `replayReads` tells nobody. */
  onDeparture: ((object: number) => void) | undefined = undefined;
  /** Number of resident entries. */
  resident = 0;
  /** Slots that have ever been in use: those from 1 to this number. */
  slotsUsed = 0;
  /** The first free slot below `slotsUsed`; 0 if there is none. */
  freeSlot = 0;
  /** Total weight of the resident entries. */
  used = 0;
  /** Number of the record being replayed. */
  now = 0;

  constructor({ policy: { type, parameters }, capacity, unit, maxEntries, seed }: CacheShape) {
    assert(capacity >= 1 && maxEntries >= 1, "a cache has room for something");
    assert(maxEntries <= SLOT_LIMIT, "no more entries than slots can be told apart");
    const slots = maxEntries + 1;
    const objectOf = new Uint32Array(slots);
    const weightOf = unit === "bytes" ? new Float64Array(slots) : undefined;
    const nextOf = new Float64Array(type.offline === true ? slots : 0);
    this.capacity = capacity;
    this.maxEntries = maxEntries;
    this.isOffline = type.offline === true;
    this.objectOf = objectOf;
    this.weightOf = weightOf;
    this.nextOf = nextOf;
    this.words = new Int32Array(slots * type.wordsPerSlot);
    this.wordsPerSlot = type.wordsPerSlot;
    this.state = new Int32Array(type.stateWords(maxEntries, parameters));
    this.sums = new Float64Array(type.sums);
    this.policy = type.create(
      {
        words: this.words,
        stride: this.wordsPerSlot,
        offset: 0,
        state: this.state,
        sums: this.sums,
        capacity,
        maxEntries,
        weigh: weightOf === undefined ? () => 1 : (slot) => weightOf[slot]!,
        hashOf: (slot) => objectOf[slot]!,
        ghostIndex: this,
        ...(this.isOffline && { future: { now: () => this.now, nextAccess: (slot) => nextOf[slot]! } }),
        seed,
      },
      parameters,
    );
  }

  /** Makes room for objects of greater numbers than before. */
  coverObjects(greatest: number): void {
    if (greatest < this.slotOf.length) return;
    const slotOf = new Int32Array(
      Math.max(greatest + 1, Math.min(2 * this.slotOf.length, greatest + 2 ** 20)),
    );
    slotOf.set(this.slotOf);
    this.slotOf = slotOf;
  }

  /** Whether the object is resident, or the policy remembers it. */
  knows(object: number): boolean {
    if (object < this.slotOf.length && this.slotOf[object] !== 0) return true;
    return this.policy.remembers?.(object) === true;
  }

  /** Returns the policy's ghost of an object that is not resident. */
  findGhost(object: number): number {
    const found = this.slotOf[object]!;
    return found < 0 ? -found : 0;
  }

  putGhost(object: number, ghost: number): void {
    this.slotOf[object] = -ghost | 0;
  }

  /** Returns the slot of an object; 0 if it is not resident. */
  slotHolding(object: number): number {
    return Math.max(0, this.slotOf[object]!);
  }

  /** Copies when entries expire; undefined if no time to live has occurred. */
  expiryImage(): ExpiryImage | undefined {
    return this.#expiries?.image();
  }

  restoreExpiries(image: ExpiryImage | undefined): void {
    if (image === undefined) this.#expiries = undefined;
    else {
      this.#expiries ??= new ExpiryQueue(this.maxEntries);
      this.#expiries.restore(image);
    }
  }

  /** When the next entry expires; `Infinity` if none does. */
  get nextExpiryMs(): number {
    return this.#expiries === undefined ? Number.POSITIVE_INFINITY : this.#expiries.nextMs;
  }

  /** @param expiresAtMs on the trace's clock; `Infinity`: the entry does not expire */
  setExpiry(slot: number, expiresAtMs: number): void {
    if (this.#expiries === undefined) {
      if (expiresAtMs === Number.POSITIVE_INFINITY) return;
      this.#expiries = new ExpiryQueue(this.maxEntries);
    }
    this.#expiries.set(slot, expiresAtMs);
  }

  /** Returns when the entry expires; `Infinity` if it does not. */
  expiryOf(slot: number): number {
    return this.#expiries?.of(slot) ?? Number.POSITIVE_INFINITY;
  }

  /** Removes the entries that have expired by now. */
  expire(nowMs: number): void {
    while (this.nextExpiryMs <= nowMs) this.expireNext();
  }

  /** Removes the entry that expires next; there must be one. @returns its object */
  expireNext(): number {
    const slot = this.#expiries!.take();
    const object = this.objectOf[slot]!;
    this.remove(slot);
    return object;
  }

  /**
   * Makes an object resident, evicting entries until there is room.
   * @returns its slot; 0 if it is larger than the cache
   */
  admit(object: number, weight: number, nextAccess: number): number {
    if (weight > this.capacity) return 0;
    const { policy } = this;
    policy.miss(object);
    while (this.used + weight > this.capacity || this.resident === this.maxEntries) this.#evict(object);
    const slot = this.#takeSlot(object, weight);
    if (this.isOffline) this.nextOf[slot] = nextAccess;
    policy.insert(slot, object);
    this.slotOf[object] = slot;
    return slot;
  }

  #takeSlot(object: number, weight: number): number {
    let slot = this.freeSlot;
    if (slot === 0) slot = ++this.slotsUsed;
    else this.freeSlot = this.objectOf[slot]!;
    this.objectOf[slot] = object;
    if (this.weightOf !== undefined) this.weightOf[slot] = weight;
    this.resident++;
    this.used += weight;
    return slot;
  }

  /**
   * Makes an object resident that comes over from another cache, in the order of that cache's evictions, if there is
   * room for it.
   * @param rank its place in that order: 0 is the next victim, 1 the last one
   * @param expiresAtMs `Infinity`: it does not expire
   */
  adopt(object: number, weight: number, expiresAtMs: number, rank: number): void {
    if (this.used + weight > this.capacity || this.resident === this.maxEntries) return;
    const slot = this.#takeSlot(object, weight);
    this.policy.adopt(slot, object, rank);
    this.slotOf[object] = slot;
    this.setExpiry(slot, expiresAtMs);
  }

  /** Visits the resident objects, in the order of their eviction if the policy has one. */
  forEach(visit: (object: number, weight: number, expiresAtMs: number) => void): void {
    this.policy.forEach((slot) => {
      const weight = this.weightOf === undefined ? 1 : this.weightOf[slot]!;
      visit(this.objectOf[slot]!, weight, this.expiryOf(slot));
    });
  }

  /** Removes everything. What the policy remembers of evicted objects stays. */
  empty(): void {
    const slots: number[] = [];
    this.policy.forEach((slot) => {
      slots.push(slot);
    });
    for (const slot of slots) this.remove(slot);
  }

  /** Changes the weight of a resident object, and evicts entries until all fit. That can evict the object itself. */
  reweigh(slot: number, weight: number): void {
    const weightOf = this.weightOf!;
    const before = weightOf[slot]!;
    if (weight > this.capacity) {
      this.remove(slot);
      return;
    }
    weightOf[slot] = weight;
    this.used += weight - before;
    this.policy.reweigh(slot, before, weight);
    const object = this.objectOf[slot]!;
    while (this.used > this.capacity) this.#evict(object);
  }

  /** Removes an entry that is deleted or has expired. */
  remove(slot: number): void {
    this.policy.remove(slot);
    this.#giveBack(slot);
  }

  #evict(incoming: number): void {
    const victim = this.policy.evict(incoming);
    assert(victim !== 0, "whatever is resident can be evicted");
    this.#giveBack(victim);
  }

  #giveBack(slot: number): void {
    const object = this.objectOf[slot]!;
    if (this.slotOf[object] === slot) this.slotOf[object] = 0;
    this.used -= this.weightOf === undefined ? 1 : this.weightOf[slot]!;
    this.resident--;
    this.#expiries?.delete(slot);
    this.objectOf[slot] = this.freeSlot;
    this.freeSlot = slot;
    this.onDeparture?.(object);
  }

  /**
   * Walks everything to check the policy's invariants, and that cache and policy agree about what is resident.
   * @throws AssertionError
   */
  check(): void {
    this.policy.check();
    let entries = 0;
    let used = 0;
    this.policy.forEach((slot) => {
      assert(this.slotOf[this.objectOf[slot]!] === slot, `slot ${slot} is the policy's, but not resident`);
      entries++;
      used += this.weightOf === undefined ? 1 : this.weightOf[slot]!;
    });
    assert(entries === this.resident, `the policy has ${entries} entries, ${this.resident} are resident`);
    assert(used === this.used, `the entries weigh ${used}, ${this.used} was reckoned`);
    assert(used <= this.capacity, `the entries weigh ${used}, and the capacity is ${this.capacity}`);
  }
}
