import { assert } from "../../lib/assert.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "../ghost-table.ts";
import { LirsStack, MARKER_NOTE_WORDS, STACK_WORDS } from "../lirs-stack.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { ghostQueue, listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS } from "../slot-list.ts";
import { checkCount, WeighedList } from "../weighed-list.ts";

/**
 * Bits of a slot's first word above the link: whether it has HIR status, and whether it has a marker in the stack.
 */
const HIR = 1 << 31;
const MARKED = 1 << 30;

const STACK = 0;
const QUEUE = STACK_WORDS;
/** The key hash that the last miss found in the stack, and whether it found one. */
const RETURNING_HASH = QUEUE + LIST_WORDS;
const RETURNING = RETURNING_HASH + 1;
/** Whether an entry was evicted since the last insertion. */
const EVICTING = RETURNING + 1;
const MARKERS = EVICTING + 1;

/** Queues of markers: of evicted keys, in order of eviction, and of resident keys. */
const EVICTED = 0;
const RESIDENT = 1;

const LIR_WEIGHT = 0;
const HIR_WEIGHT = 1;
/** The weight of evicted keys' markers. The word after it is for markers of resident keys; they weigh nothing. */
const MARKER_WEIGHTS = 2;
/** The weight of all entries when there was last no room for another one; 0 before that. */
const FULL_WEIGHT = 4;

/**
 * LIRS: an entry has LIR status (low inter-reference recency) if its last two requests were close together, else HIR
 * status. LIR entries take nearly all of the cache, and must become HIR before they can leave it. HIR entries have a
 * small queue, whose oldest entry is evicted. A stack holds the LIR entries and every key requested since the least
 * recently requested LIR entry, evicted keys included. A request for a HIR key in the stack shows that its recency is
 * lower than that entry's, and the two swap status.
 *
 * S. Jiang, X. Zhang, "LIRS: an efficient low inter-reference recency set replacement policy to improve buffer cache
 * performance", SIGMETRICS 2002.
 *
 * A marker represents a HIR entry in the stack, so the links of its slot are free for the queue.
 *
 * Choices: `hir` is the share of the HIR entries, 1 % as in the paper, and at least one unit of weight. It is a share
 * of the weight resident when there was last no room for more, because an owner may be unable to use the whole
 * capacity. The evicted keys in the stack weigh at most `ghost` times the capacity; beyond that, the one evicted
 * first is forgotten (the paper sets no bound). While there is room for more LIR entries, new entries get LIR status
 * at once, after deletes too. If there is no HIR entry, the least recently requested LIR entry is evicted.
 */
export const lirs: PolicyType = {
  name: "lirs",
  wordsPerSlot: LINK_WORDS,
  sums: 5,
  parameters: { hir: 0.01, ghost: 1 },
  ranges: { hir: { least: 0, most: 1 }, ghost: { least: 0, most: 10 } },
  stateWords: (maxEntries, parameters, maxGhosts) =>
    MARKERS + GhostTable.words(markerShape(maxEntries, parameters, maxGhosts)),
  create: (memory, parameters) => new Lirs(memory, parameters),
};

/** As many markers as there may be ghosts, plus one for each HIR entry that the share has room for. */
function markerShape(
  maxEntries: number,
  parameters: Readonly<Record<string, number>>,
  maxGhosts: number | undefined,
): GhostTableShape {
  const residentLimit = Math.ceil(maxEntries * parameters["hir"]!) + 1;
  const limit = ghostLimit(maxEntries, parameters["ghost"]!, maxGhosts) + residentLimit;
  return { limit, queues: 2, noteWords: MARKER_NOTE_WORDS };
}

class Lirs implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #hir: number;
  readonly #ghostShare: number;
  readonly #markers: GhostTable;
  readonly #stack: LirsStack;
  readonly #queue: WeighedList;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, capacity, maxEntries, maxGhosts } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#sums = sums;
    this.#hir = parameters["hir"]!;
    this.#ghostShare = Math.floor(capacity * parameters["ghost"]!);
    const shape = markerShape(maxEntries, parameters, maxGhosts);
    this.#markers = new GhostTable(state, MARKERS, sums, MARKER_WEIGHTS, shape);
    this.#stack = new LirsStack(words, stride, offset, this.#markers, state, STACK);
    this.#queue = new WeighedList(memory, QUEUE, HIR_WEIGHT);
  }

  miss(hash: number): void {
    const marker = this.#findEvicted(hash);
    this.#state[RETURNING_HASH] = hash;
    this.#state[RETURNING] = marker === 0 ? 0 : 1;
    if (marker !== 0) this.#dropMarker(marker);
  }

  remembers(hash: number): boolean {
    return this.#findEvicted(hash) !== 0;
  }

  hit(slot: number): void {
    if (!this.#isHir(slot)) {
      if (this.#stack.top() === slot) return;
      const wasBottom = this.#stack.bottom() === slot;
      this.#stack.unlink(slot);
      this.#stack.pushTop(slot);
      if (wasBottom) this.#prune();
      return;
    }
    if (this.#isMarked(slot)) {
      this.#dropMarker(this.#markerOf(slot));
      this.#queue.unlink(slot);
      this.#becomeLir(slot);
    } else {
      this.#queue.moveToBack(slot);
      this.#mark(slot);
    }
  }

  insert(slot: number, hash: number): void {
    const state = this.#state;
    const returns = state[RETURNING] === 1 && state[RETURNING_HASH] === (hash | 0);
    state[RETURNING] = 0;
    state[EVICTING] = 0;
    if (returns || this.#sums[LIR_WEIGHT]! + this.#memory.weigh(slot) <= this.#lirShare()) {
      this.#becomeLir(slot);
    } else {
      this.#becomeHir(slot);
      this.#mark(slot);
    }
  }

  /** The entries next to be evicted fill the queue of HIR entries; the others get LIR status. */
  adopt(slot: number, _hash: number, rank: number): void {
    const weight = this.#memory.weigh(slot);
    if (rank < this.#hir || this.#sums[LIR_WEIGHT]! + weight > this.#lirShare()) this.#becomeHir(slot);
    else this.#becomeLir(slot);
  }

  evict(_incoming: number): number {
    if (this.#state[EVICTING] === 0) {
      this.#state[EVICTING] = 1;
      this.#sums[FULL_WEIGHT] = this.#sums[LIR_WEIGHT]! + this.#queue.weight();
      this.#demote();
    }
    if (this.#queue.front() === 0 && this.#stack.bottom() !== 0) this.#demoteStalest();
    const victim = this.#queue.front();
    if (victim === 0) return 0;
    this.#queue.unlink(victim);
    if (this.#isMarked(victim)) this.#keepGhost(this.#markerOf(victim), this.#memory.weigh(victim));
    return victim;
  }

  remove(slot: number): void {
    if (this.#isHir(slot)) {
      this.#queue.unlink(slot);
      if (this.#isMarked(slot)) this.#dropMarker(this.#markerOf(slot));
    } else {
      this.#stack.unlink(slot);
      this.#sums[LIR_WEIGHT]! -= this.#memory.weigh(slot);
      this.#prune();
    }
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    if (this.#isHir(slot)) {
      this.#queue.reweigh(oldWeight, newWeight);
    } else {
      this.#sums[LIR_WEIGHT]! += newWeight - oldWeight;
      this.#demote();
    }
  }

  move(from: number, to: number): void {
    if (this.#isHir(to)) {
      if (this.#isMarked(to)) this.#stack.setSlot(this.#findMarker(from, this.#memory.hashOf(to)), to);
      this.#queue.relocate(to);
    } else {
      this.#stack.relocate(to);
    }
  }

  explain(slot: number): Placement {
    const isHir = this.#isHir(slot);
    return { queue: isHir ? "hir" : "lir", detail: { inStack: !isHir || this.#isMarked(slot) ? 1 : 0 } };
  }

  /** Visits the HIR entries, oldest in the queue first, then the LIR entries, least recently requested first. */
  forEach(visit: (slot: number) => void): void {
    this.#queue.forEach(visit);
    this.#stack.forEach((reference) => {
      if (!LirsStack.isMarker(reference)) visit(reference);
    });
  }

  queues(): PolicyQueue[] {
    const stack = this.#stack;
    return [
      listQueue(this.#memory, this.#queue.list, {
        name: "hir",
        weight: this.#queue.weight(),
        share: this.#room() - this.#lirShare(),
        entrance: "new entries, those that lir has no room for, and each entry of hir when it is read",
        exit: "out, remembered as a ghost if it is in the stack; asked for while there: into lir",
        holds: (slot) => this.#isHir(slot),
        turn: (slot) => (this.#isMarked(slot) ? "ghosts" : OUT),
      }),
      {
        name: "lir",
        kind: "resident",
        order: "line",
        weight: this.#sums[LIR_WEIGHT]!,
        share: this.#lirShare(),
        entrance: "keys whose last two requests were close together, and each entry of lir when it is read",
        exit: "into hir when lir has no room for all: it was asked for longest ago",
        turn: () => "hir",
        next: (reference) => (reference === 0 ? stack.bottom() : stack.above(reference)),
        previous: (reference) => (reference === 0 ? stack.top() : stack.below(reference)),
        isPlace: (reference, hash) =>
          LirsStack.isMarker(reference) && this.#hasMarker(LirsStack.markerOf(reference), hash),
        holds: (reference) => !LirsStack.isMarker(reference) && !this.#isHir(reference),
        hashOf: (reference) =>
          LirsStack.isMarker(reference)
            ? this.#markers.hashOf(LirsStack.markerOf(reference))
            : this.#memory.hashOf(reference),
      },
      ghostQueue(this.#markers, EVICTED, {
        name: "ghosts",
        weight: this.#markers.weight(EVICTED),
        share: this.#ghostShare,
        entrance: "keys evicted from hir that are in the stack",
        exit: "asked for again: into lir; forgotten at the latest when all of lir was asked for since",
      }),
    ];
  }

  check(): void {
    const { maxEntries } = this.#memory;
    this.#markers.check();
    assert(this.#markers.weight(EVICTED) <= this.#ghostShare, "the ghosts weigh more than their share");
    let lirCount = 0;
    let lirWeight = 0;
    let markerCount = 0;
    const members = this.#stack.check(maxEntries + this.#markers.limit);
    this.#stack.forEach((reference) => {
      if (LirsStack.isMarker(reference)) {
        markerCount++;
        this.#checkMarker(LirsStack.markerOf(reference));
      } else {
        assert(!this.#isHir(reference), `slot ${reference} with HIR status is in the stack`);
        lirCount++;
        lirWeight += this.#memory.weigh(reference);
      }
    });
    assert(members === lirCount + markerCount, "the stack is miscounted");
    const markers = this.#markers.count(EVICTED) + this.#markers.count(RESIDENT);
    assert(markerCount === markers, `${markerCount} markers in the stack, but ${markers} altogether`);
    assert(!LirsStack.isMarker(this.#stack.bottom()), "the stack was not pruned");
    assert(lirWeight === this.#sums[LIR_WEIGHT], `LIR entries weigh ${lirWeight}, not as summed up`);
    assert(lirWeight <= this.#lirShare(), "LIR entries weigh more than their share");
    let marked = 0;
    const hirCount = this.#queue.check((slot) => this.#isHir(slot));
    this.#queue.forEach((slot) => {
      if (this.#isMarked(slot)) marked++;
    });
    assert(marked === this.#markers.count(RESIDENT), "a resident entry's marker was lost");
    checkCount(this.#memory, lirCount + hirCount);
  }

  #checkMarker(marker: number): void {
    if (this.#markers.queueOf(marker) === EVICTED) return;
    const slot = this.#stack.slotOf(marker);
    assert(this.#isHir(slot) && this.#isMarked(slot), `the marker of slot ${slot} is not known to it`);
    assert(this.#markerOf(slot) === marker, `slot ${slot} has two markers`);
  }

  /**
   * Puts a slot that is in no list on top of the stack with LIR status, and demotes LIR entries beyond their share.
   */
  #becomeLir(slot: number): void {
    this.#words[slot * this.#stride + this.#offset] = 0;
    this.#stack.pushTop(slot);
    this.#sums[LIR_WEIGHT]! += this.#memory.weigh(slot);
    this.#demote();
  }

  /** Puts a slot that is in no list at the back of the queue with HIR status, without a marker. */
  #becomeHir(slot: number): void {
    this.#words[slot * this.#stride + this.#offset] = HIR;
    this.#queue.pushBack(slot);
  }

  #demote(): void {
    const share = this.#lirShare();
    while (this.#sums[LIR_WEIGHT]! > share) this.#demoteStalest();
  }

  #room(): number {
    return this.#sums[FULL_WEIGHT]! || this.#memory.capacity;
  }

  #lirShare(): number {
    const room = this.#room();
    return Math.max(0, room - Math.max(1, Math.floor(room * this.#hir)));
  }

  /** Gives HIR status to the LIR entry at the bottom of the stack. */
  #demoteStalest(): void {
    const slot = this.#stack.bottom();
    this.#stack.unlink(slot);
    this.#sums[LIR_WEIGHT]! -= this.#memory.weigh(slot);
    this.#becomeHir(slot);
    this.#prune();
  }

  /** Removes markers from the bottom of the stack until a LIR entry is there. */
  #prune(): void {
    for (let bottom = this.#stack.bottom(); LirsStack.isMarker(bottom); bottom = this.#stack.bottom()) {
      this.#dropMarker(LirsStack.markerOf(bottom));
    }
  }

  /**
   * Puts a marker of a HIR entry on top of the stack, unless it would be pruned at once or all markers belong to
   * resident entries.
   */
  #mark(slot: number): void {
    if (this.#stack.bottom() === 0) return;
    if (this.#markers.isFull()) {
      const oldest = this.#markers.oldest(EVICTED);
      if (oldest === 0) return;
      this.#dropMarker(oldest);
    }
    const marker = this.#markers.add(RESIDENT, this.#memory.hashOf(slot), 0);
    this.#stack.setSlot(marker, slot);
    this.#stack.pushTop(LirsStack.referenceTo(marker));
    this.#words[slot * this.#stride + this.#offset]! |= MARKED;
  }

  /** Makes a marker a ghost: its key was evicted. */
  #keepGhost(marker: number, weight: number): void {
    if (weight > this.#ghostShare) {
      this.#dropMarker(marker);
      return;
    }
    while (this.#markers.weight(EVICTED) + weight > this.#ghostShare) {
      this.#dropMarker(this.#markers.oldest(EVICTED));
    }
    this.#markers.requeue(marker, EVICTED, weight);
  }

  #dropMarker(marker: number): void {
    if (this.#markers.queueOf(marker) === RESIDENT) {
      this.#words[this.#stack.slotOf(marker) * this.#stride + this.#offset]! &= ~MARKED;
    }
    this.#stack.unlink(LirsStack.referenceTo(marker));
    this.#markers.remove(marker);
  }

  #hasMarker(marker: number, hash: number): boolean {
    let found = this.#markers.find(hash);
    while (found !== 0 && found !== marker) found = this.#markers.findOlder(found);
    return found !== 0;
  }

  #findEvicted(hash: number): number {
    let marker = this.#markers.find(hash);
    while (marker !== 0 && this.#markers.queueOf(marker) !== EVICTED)
      marker = this.#markers.findOlder(marker);
    return marker;
  }

  #markerOf(slot: number): number {
    return this.#findMarker(slot, this.#memory.hashOf(slot));
  }

  /** Finds the marker of a resident HIR entry, which must have one. */
  #findMarker(slot: number, hash: number): number {
    let marker = this.#markers.find(hash);
    while (marker !== 0) {
      if (this.#markers.queueOf(marker) === RESIDENT && this.#stack.slotOf(marker) === slot) break;
      marker = this.#markers.findOlder(marker);
    }
    assert(marker !== 0, "a resident entry's marker was lost");
    return marker;
  }

  #isHir(slot: number): boolean {
    return this.#words[slot * this.#stride + this.#offset]! < 0;
  }

  #isMarked(slot: number): boolean {
    return (this.#words[slot * this.#stride + this.#offset]! & MARKED) !== 0;
  }
}
