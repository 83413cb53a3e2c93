import { assert } from "../lib/assert.ts";
import { FrequencySketch } from "./frequency-sketch.ts";
import { HillClimber } from "./hill-climber.ts";
import type { Placement, Policy, PolicyMemory } from "./policy.ts";
import { LIST_WORDS } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";

/** A slot's first word tells its segment above the link. */
const SEGMENT_SHIFT = 29;
const LINK_BITS = 0x1fff_ffff;
const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;
const SEGMENTS = ["window", "probation", "protected"] as const;

/** In `state`: the lists of the segments, how many entries there are, and the sketch. */
const COUNT = 3 * LIST_WORDS;
const SKETCH = COUNT + 1;

/** In `sums`: the weights of the segments, how far the window's share is from its first one, and the climber's. */
const WINDOW_SHIFT = 3;
const CLIMBER = 4;

/** Requests counted before the sketch is halved, and in a sample of the climber, for every entry the cache holds. */
const SAMPLE_PER_ENTRY = 10;

/**
 * W-TinyLFU: new entries pass through a small LRU window. What falls out of it is taken into the main segments only
 * in place of an entry that was asked for less often of late, as a frequency sketch has it. The main segments are a
 * segmented LRU: probation, and a protected segment for those read in probation.
 *
 * Takes the first two policy words of each slot.
 */
export class WindowTinyLfu implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #firstWindowShare: number;
  readonly #firstProtectedShare: number;
  readonly #window: WeighedList;
  readonly #probation: WeighedList;
  readonly #protected: WeighedList;
  readonly #sketch: FrequencySketch;
  readonly #climber: HillClimber | undefined;

  static readonly sums: number = CLIMBER + HillClimber.sums;

  static words(maxEntries: number): number {
    return SKETCH + FrequencySketch.words(maxEntries);
  }

  /**
   * @param windowShare the window's share of the capacity; at least one unit of weight
   * @param protectedShare the protected segment's share of the rest
   * @param climbs whether the window's share adapts to the workload, at the protected segment's expense
   */
  constructor(memory: PolicyMemory, windowShare: number, protectedShare: number, climbs: boolean) {
    const { words, stride, offset, state, sums, capacity, maxEntries } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#sums = sums;
    this.#firstWindowShare = Math.max(1, Math.floor(capacity * windowShare));
    this.#firstProtectedShare = Math.floor((capacity - this.#firstWindowShare) * protectedShare);
    this.#window = new WeighedList(memory, WINDOW * LIST_WORDS, WINDOW);
    this.#probation = new WeighedList(memory, PROBATION * LIST_WORDS, PROBATION);
    this.#protected = new WeighedList(memory, PROTECTED * LIST_WORDS, PROTECTED);
    this.#sketch = new FrequencySketch(state, SKETCH, maxEntries);
    this.#climber = climbs ? new HillClimber(sums, CLIMBER, capacity, -1) : undefined;
  }

  miss(_hash: number): void {
    if (this.#climber === undefined) return;
    this.#climber.countMiss();
    const change = this.#climber.climb(SAMPLE_PER_ENTRY * this.#expectedEntries());
    if (change > 0) this.#widenWindow(change);
    else if (change < 0) this.#narrowWindow(-change);
  }

  hit(slot: number): void {
    this.#climber?.countHit();
    this.#sketch.add(this.#memory.hashOf(slot));
    switch (this.#segmentOf(slot)) {
      case WINDOW:
        this.#window.moveToBack(slot);
        this.#overflow();
        break;
      case PROTECTED:
        this.#protected.moveToBack(slot);
        break;
      default:
        this.#transfer(slot, this.#probation, this.#protected, PROTECTED);
        this.#demote();
    }
  }

  insert(slot: number, hash: number): void {
    this.#sketch.add(hash);
    this.#words[slot * this.#stride + this.#offset] = WINDOW << SEGMENT_SHIFT;
    this.#window.pushBack(slot);
    this.#state[COUNT]!++;
    this.#overflow();
    this.#sketch.ageEvery(SAMPLE_PER_ENTRY * this.#expectedEntries());
  }

  /**
   * When the window is full, its oldest entry competes with the next victim of the main segments, and the winner
   * stays there; on equal terms the challenger loses.
   */
  evict(_incoming: number): number {
    const challenger = this.#window.weight() >= this.#windowShare() ? this.#window.front() : 0;
    let victim = this.#probation.front() || this.#protected.front();
    if (challenger !== 0) {
      this.#transfer(challenger, this.#window, this.#probation, PROBATION);
      if (victim === 0 || this.#estimate(challenger) <= this.#estimate(victim)) victim = challenger;
    } else if (victim === 0) {
      victim = this.#window.front();
    }
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#listOf(slot).unlink(slot);
    this.#state[COUNT]!--;
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#listOf(slot).reweigh(oldWeight, newWeight);
    this.#overflow();
    this.#demote();
  }

  move(_from: number, to: number): void {
    this.#listOf(to).relocate(to);
  }

  explain(slot: number): Placement {
    const detail = { frequency: this.#estimate(slot), windowShare: this.#windowShare() };
    return { queue: SEGMENTS[this.#segmentOf(slot)]!, detail };
  }

  /** Probation, protected, window, each from its old end; a full window's oldest entry may leave before them. */
  forEach(visit: (slot: number) => void): void {
    this.#probation.forEach(visit);
    this.#protected.forEach(visit);
    this.#window.forEach(visit);
  }

  check(): void {
    const count =
      this.#window.check((slot) => this.#segmentOf(slot) === WINDOW) +
      this.#probation.check((slot) => this.#segmentOf(slot) === PROBATION) +
      this.#protected.check((slot) => this.#segmentOf(slot) === PROTECTED);
    checkCount(this.#memory, count);
    assert(count === this.#state[COUNT], `${count} entries, counted as ${this.#state[COUNT]}`);
    assert(this.#windowShare() >= 1 && this.#protectedShare() >= 0, "the window's share is out of range");
    assert(this.#isWithinShare(), "the window is over its share by more than a part of its oldest entry");
    assert(this.#protected.weight() <= this.#protectedShare(), "the protected segment is over its share");
  }

  #windowShare(): number {
    return this.#firstWindowShare + this.#sums[WINDOW_SHIFT]!;
  }

  #isWithinShare(): boolean {
    const [weight, share] = [this.#window.weight(), this.#windowShare()];
    return weight <= share || weight - this.#memory.weigh(this.#window.front()) < share;
  }

  #protectedShare(): number {
    return this.#firstProtectedShare - this.#sums[WINDOW_SHIFT]!;
  }

  /** How many entries the cache holds when it is full, going by the mean weight of those it holds now. */
  #expectedEntries(): number {
    const { capacity, maxEntries } = this.#memory;
    const weight = this.#window.weight() + this.#probation.weight() + this.#protected.weight();
    return weight === 0 ? maxEntries : Math.min(maxEntries, (this.#state[COUNT]! * capacity) / weight);
  }

  /**
   * Moves to probation what the window can do without and be full. So its oldest entry may be partly over its share:
   * where entries differ in weight, a window of just its share or less would hardly ever be full, and next to nothing
   * would have to compete.
   */
  #overflow(): void {
    const share = this.#windowShare();
    while (this.#window.weight() > share) {
      const oldest = this.#window.front();
      if (this.#window.weight() - this.#memory.weigh(oldest) < share) return;
      this.#transfer(oldest, this.#window, this.#probation, PROBATION);
    }
  }

  /** Moves what the protected segment cannot hold back to probation. */
  #demote(): void {
    const share = this.#protectedShare();
    while (this.#protected.weight() > share) {
      this.#transfer(this.#protected.front(), this.#protected, this.#probation, PROBATION);
    }
  }

  /** Gives the window a greater share, and at once the oldest entries of the main segments, as many as fit. */
  #widenWindow(change: number): void {
    let room = Math.min(change, this.#protectedShare());
    this.#sums[WINDOW_SHIFT]! += room;
    this.#demote();
    for (;;) {
      const slot = this.#probation.front() || this.#protected.front();
      if (slot === 0 || this.#memory.weigh(slot) > room) return;
      room -= this.#memory.weigh(slot);
      this.#transfer(slot, this.#listOf(slot), this.#window, WINDOW);
      this.#overflow();
    }
  }

  #narrowWindow(change: number): void {
    this.#sums[WINDOW_SHIFT]! -= Math.min(change, this.#windowShare() - 1);
    this.#overflow();
  }

  #transfer(slot: number, from: WeighedList, to: WeighedList, segment: number): void {
    from.unlink(slot);
    const at = slot * this.#stride + this.#offset;
    this.#words[at] = (this.#words[at]! & LINK_BITS) | (segment << SEGMENT_SHIFT);
    to.pushBack(slot);
  }

  #estimate(slot: number): number {
    return this.#sketch.estimate(this.#memory.hashOf(slot));
  }

  #listOf(slot: number): WeighedList {
    const segment = this.#segmentOf(slot);
    return segment === WINDOW ? this.#window : segment === PROBATION ? this.#probation : this.#protected;
  }

  #segmentOf(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]! >>> SEGMENT_SHIFT;
  }
}
