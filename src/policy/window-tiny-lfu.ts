import { assert } from "../lib/assert.ts";
import { FrequencySketch, sketchEntries } from "./frequency-sketch.ts";
import type { Placement, Policy, PolicyMemory } from "./policy.ts";
import type { PolicyQueue } from "./policy-queue.ts";
import { listQueue } from "./queue-views.ts";
import { drawBelow } from "./random-draw.ts";
import { LIST_WORDS } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";
import { WindowClimber } from "./window-climber.ts";

/** The bits of a slot's first word above the link hold its segment. */
const SEGMENT_SHIFT = 29;
const LINK_BITS = 0x1fff_ffff;
const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;
const SEGMENTS = ["window", "probation", "protected"] as const;

/** Offsets in `state`: the lists of the segments, the number of entries, the generator of draws, and the sketch. */
const COUNT = 3 * LIST_WORDS;
const DRAWS = COUNT + 1;
const SKETCH = DRAWS + 1;

/**
 * Indices in `sums`: the weights of the segments, the difference between the window's share and its first one,
 * additions to the sketch between two halvings (0: the first value), and the climber's sums.
 */
const WINDOW_SHIFT = 3;
const SKETCH_SAMPLE = 4;
const CLIMBER = 5;

/** Additions to the sketch between two halvings, per entry that it is made for. */
const SAMPLE_PER_ENTRY = 10;
/** The least number of entries that a sketch is made for when the window adapts. */
const LEAST_ENTRIES = 256;
const SAMPLE_LIMIT = 2 ** 31 - 1;

/**
 * A challenger with at least this frequency that loses is admitted nevertheless with a chance of 1 in `WARM_CHANCE`.
 */
const WARM_FREQUENCY = 6;
const WARM_CHANCE = 128;

/** The share of adopted entries that goes to probation. */
const ADOPTED_PROBATION_SHARE = 0.8;

type WindowRules = Pick<PolicyQueue, "entrance" | "exit" | "turn">;

/** Most entries that move between segments in one go when the window's share changes. */
const TRANSFERS_AT_ONCE = 1000;

/**
 * W-TinyLFU: new entries pass through a small LRU window. The main segments admit an entry that leaves the window
 * only if it was requested more often recently, by a frequency sketch, than the entry it displaces. The main segments
 * are a segmented LRU: probation, and a protected segment for entries read in probation. Takes the first two policy
 * words of each slot.
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
  /** Additions to the sketch before the first halving; 0: nothing is counted until the number is known. */
  readonly #firstSample: number;
  /** The same if all entries weigh 1. */
  readonly #lightSample: number;
  readonly #climber: WindowClimber | undefined;

  static readonly sums: number = CLIMBER;
  static readonly climbingSums: number = CLIMBER + WindowClimber.sums;

  static words(maxEntries: number, climbs: boolean): number {
    return SKETCH + FrequencySketch.words(climbs ? Math.max(LEAST_ENTRIES, maxEntries) : maxEntries);
  }

  /**
   * @param windowShare the window's share of the capacity; it has at least one unit of weight
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
    this.#firstWindowShare = Math.max(1, capacity - Math.floor((1 - windowShare) * capacity));
    this.#firstProtectedShare = Math.floor((capacity - this.#firstWindowShare) * protectedShare);
    this.#window = new WeighedList(memory, WINDOW * LIST_WORDS, WINDOW);
    this.#probation = new WeighedList(memory, PROBATION * LIST_WORDS, PROBATION);
    this.#protected = new WeighedList(memory, PROTECTED * LIST_WORDS, PROTECTED);
    const sketchedEntries = climbs ? Math.max(LEAST_ENTRIES, maxEntries) : maxEntries;
    this.#sketch = new FrequencySketch(state, SKETCH, sketchedEntries, memory.passLimit !== undefined);
    this.#firstSample = climbs ? 0 : sampleFor(maxEntries, climbs);
    this.#lightSample = sampleFor(Math.min(maxEntries, capacity), climbs);
    this.#climber = climbs ? new WindowClimber(sums, CLIMBER, capacity) : undefined;
  }

  miss(hash: number): void {
    const sample = this.#sketchSample();
    if (sample === 0) return;
    this.#countInSketch(hash, sample);
    this.#climber?.countMiss();
  }

  hit(slot: number): void {
    const segment = this.#segmentOf(slot);
    const sample = this.#sketchSample();
    if (sample !== 0) {
      this.#countInSketch(this.#memory.hashOf(slot), sample);
      this.#climber?.countHit(segment);
    }
    if (segment === PROTECTED) this.#protected.moveToBack(slot);
    else if (segment === PROBATION || this.#isOverweight(slot)) this.#promote(slot, segment);
    else this.#window.moveToBack(slot);
    if (this.#climber !== undefined) this.#climb(this.#climber);
  }

  insert(slot: number, hash: number): void {
    const weight = this.#memory.weigh(slot);
    this.#words[slot * this.#stride + this.#offset] = WINDOW << SEGMENT_SHIFT;
    this.#state[COUNT]!++;
    if (this.#window.weight() + weight <= this.#windowShare()) this.#window.pushBack(slot, weight);
    else this.#insertOver(slot, weight);
    this.#prepareSketch(hash);
    if (this.#climber !== undefined) this.#climb(this.#climber);
  }

  /**
   * The entries last to be evicted start in the protected segment, the others in probation. The sketch counts two
   * requests for the former and one for the latter: otherwise every new entry would win against them.
   */
  adopt(slot: number, hash: number, rank: number): void {
    const weight = this.#memory.weigh(slot);
    const isProtected = rank >= ADOPTED_PROBATION_SHARE && weight <= this.#protectedShare();
    const segment = isProtected ? PROTECTED : PROBATION;
    this.#words[slot * this.#stride + this.#offset] = segment << SEGMENT_SHIFT;
    (isProtected ? this.#protected : this.#probation).pushBack(slot, weight);
    this.#state[COUNT]!++;
    this.#demote();
    const sample = this.#sketchSample() || this.#lightSample;
    this.#sums[SKETCH_SAMPLE] = sample;
    this.#countInSketch(hash, sample);
    if (isProtected) this.#countInSketch(hash, sample);
  }

  /**
   * Lets the window's oldest entry compete with the next victim of the main segments; a tie goes to the victim. If
   * the window is full, its oldest entry moves to probation for that.
   */
  evict(_incoming: number): number {
    const challenger = this.#window.front();
    if (challenger !== 0 && this.#window.weight() >= this.#windowShare()) this.#leaveWindow();
    const oldest = this.#probation.front() || (challenger === 0 ? this.#protected.front() : 0);
    const victim = this.#winsOver(challenger, oldest) ? oldest : challenger;
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#listOf(slot).unlink(slot, this.#memory.weigh(slot));
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

  /**
   * Visits probation, protected segment and window, each from its old end. (A full window's oldest entry may leave
   * first.)
   */
  forEach(visit: (slot: number) => void): void {
    this.#probation.forEach(visit);
    this.#protected.forEach(visit);
    this.#window.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const show = (list: WeighedList, segment: number, share: number, rules: WindowRules) =>
      listQueue(this.#memory, list.list, {
        name: SEGMENTS[segment]!,
        weight: list.weight(),
        share,
        holds: (slot) => this.#segmentOf(slot) === segment,
        ...rules,
      });
    const [window, protectedShare] = [this.#windowShare(), this.#protectedShare()];
    return [
      show(this.#window, WINDOW, window, {
        entrance: "new entries, and each entry of the window when it is read",
        exit: "to probation, if it was asked for more often lately than the next to leave there; else out",
      }),
      show(this.#probation, PROBATION, this.#memory.capacity - window - protectedShare, {
        entrance: "entries from the window, and those that protected has no room for",
        exit: "out, if the entry from the window was asked for more often lately; read: into protected",
      }),
      show(this.#protected, PROTECTED, protectedShare, {
        entrance: "entries read in probation, and each entry of protected when it is read",
        exit: "back to probation when there is no room for all",
        turn: () => "probation",
      }),
    ];
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
    // While the window's share changes, the surplus goes back to probation a part at a time.
    assert(
      this.#protected.weight() <= this.#protectedShare() || this.#climber !== undefined,
      "the protected segment is over its share",
    );
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

  /** Estimates how many entries a full cache holds, from their mean weight now. */
  #expectedEntries(weight: number): number {
    const { capacity, maxEntries } = this.#memory;
    return weight === 0 ? maxEntries : Math.min(maxEntries, (this.#state[COUNT]! * capacity) / weight);
  }

  #weight(): number {
    return this.#window.weight() + this.#probation.weight() + this.#protected.weight();
  }

  /** Inserts an entry that takes the window over its share. */
  #insertOver(slot: number, weight: number): void {
    const share = this.#windowShare();
    // An entry heavier than the window stayed there for one contest, which has not happened.
    while (this.#window.weight() > share) this.#leaveWindow();
    if (weight > share) this.#window.pushFront(slot, weight);
    else this.#window.pushBack(slot, weight);
    this.#overflow();
  }

  #countInSketch(hash: number, sample: number): void {
    const sketch = this.#sketch;
    if (sketch.add(hash) && sketch.additions() >= sample) sketch.halve();
  }

  /** Additions to the sketch between two halvings; 0: nothing is counted yet. */
  #sketchSample(): number {
    return this.#sums[SKETCH_SAMPLE]! || this.#firstSample;
  }

  /**
   * Sets the sketch's ageing by how many entries there is room for. If the window adapts, counting starts when the
   * cache is half full.
   */
  #prepareSketch(hash: number): void {
    const weight = this.#weight();
    const isFirst = this.#sketchSample() === 0;
    if (isFirst && weight < Math.floor(this.#memory.capacity / 2)) return;
    this.#sums[SKETCH_SAMPLE] =
      weight === this.#state[COUNT]
        ? this.#lightSample
        : sampleFor(this.#expectedEntries(weight), this.#climber !== undefined);
    if (isFirst) this.miss(hash);
    this.#sketch.ageOn();
  }

  /**
   * Decides whether a challenger is admitted in place of a victim. Some losers are admitted too, so that a false
   * frequency cannot keep all of them out.
   */
  #winsOver(challenger: number, victim: number): boolean {
    if (challenger === 0) return true;
    if (victim === 0 || victim === challenger) return false;
    const frequency = this.#estimate(challenger);
    if (frequency > this.#estimate(victim)) return true;
    const { seed } = this.#memory;
    return frequency >= WARM_FREQUENCY && drawBelow(WARM_CHANCE, seed, this.#state, DRAWS) === 0;
  }

  /** Tells whether the window's oldest entry is over its share. An entry heavier than the window always is. */
  #isOverweight(slot: number): boolean {
    return slot === this.#window.front() && this.#window.weight() > this.#windowShare();
  }

  #promote(slot: number, segment: number): void {
    const weight = this.#memory.weigh(slot);
    const isInWindow = segment === WINDOW;
    if (weight <= this.#protectedShare()) {
      this.#transfer(slot, isInWindow ? this.#window : this.#probation, this.#protected, PROTECTED, weight);
      this.#demote();
    } else if (isInWindow) {
      this.#transfer(slot, this.#window, this.#probation, PROBATION, weight);
    } else {
      this.#probation.moveToBack(slot);
    }
  }

  /**
   * Moves entries to probation as long as the window stays full without them. So the oldest entry left may be partly
   * over the share: an entry heavier than the window competes at the next eviction, because only a resident entry
   * can.
   */
  #overflow(): void {
    const share = this.#windowShare();
    while (this.#window.weight() > share) {
      const oldest = this.#window.front();
      if (this.#window.weight() - this.#memory.weigh(oldest) < share) return;
      this.#leaveWindow();
    }
  }

  #leaveWindow(): void {
    const oldest = this.#window.front();
    this.#transfer(oldest, this.#window, this.#probation, PROBATION, this.#memory.weigh(oldest));
  }

  /** Moves entries that the protected segment cannot hold back to probation. */
  #demote(): void {
    const share = this.#protectedShare();
    for (let moved = 0; moved < TRANSFERS_AT_ONCE && this.#protected.weight() > share; moved++) {
      const slot = this.#protected.front();
      this.#transfer(slot, this.#protected, this.#probation, PROBATION, this.#memory.weigh(slot));
    }
  }

  /** Ends the climber's sample if it is over, and makes its pending change. */
  #climb(climber: WindowClimber): void {
    if (climber.isIdle() || this.#sketchSample() === 0) return;
    climber.endSample(this.#windowShare(), this.#protectedShare(), this.#sketchSample());
    const change = climber.pending();
    if (change === 0) return;
    this.#demote();
    climber.keepPending(change > 0 ? this.#widenWindow(change) : -this.#narrowWindow(-change));
  }

  /**
   * Increases the window's share at the protected segment's expense, and moves the oldest entries of the main
   * segments into the window.
   * @returns the part of the change that is left to do
   */
  #widenWindow(change: number): number {
    if (this.#protectedShare() === 0) return change;
    let left = Math.min(change, this.#protectedShare());
    this.#sums[WINDOW_SHIFT]! += left;
    this.#demote();
    for (let moved = 0; moved < TRANSFERS_AT_ONCE; moved++) {
      let slot = this.#probation.front();
      if (slot === 0 || this.#memory.weigh(slot) > left) slot = this.#protected.front();
      if (slot === 0) break;
      const weight = this.#memory.weigh(slot);
      if (weight > left) break;
      left -= weight;
      this.#transfer(slot, this.#listOf(slot), this.#window, WINDOW, weight);
    }
    this.#sums[WINDOW_SHIFT]! -= left;
    return left;
  }

  /**
   * Does the opposite.
   * @returns the part of the change that is left to do
   */
  #narrowWindow(change: number): number {
    if (this.#windowShare() <= 1) return change;
    let left = Math.min(change, this.#windowShare() - 1);
    this.#sums[WINDOW_SHIFT]! -= left;
    for (let moved = 0; moved < TRANSFERS_AT_ONCE; moved++) {
      const slot = this.#window.front();
      if (slot === 0 || this.#memory.weigh(slot) > left) break;
      left -= this.#memory.weigh(slot);
      this.#leaveWindow();
    }
    this.#sums[WINDOW_SHIFT]! += left;
    return left;
  }

  #transfer(slot: number, from: WeighedList, to: WeighedList, segment: number, weight: number): void {
    from.unlink(slot, weight);
    const at = slot * this.#stride + this.#offset;
    this.#words[at] = (this.#words[at]! & LINK_BITS) | (segment << SEGMENT_SHIFT);
    to.pushBack(slot, weight);
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

/** Returns the additions between two halvings of a sketch for this many entries. */
function sampleFor(entries: number, climbs: boolean): number {
  const counted = climbs ? Math.max(LEAST_ENTRIES, Math.floor(entries)) : sketchEntries(entries);
  return Math.min(SAMPLE_PER_ENTRY * counted, SAMPLE_LIMIT);
}
