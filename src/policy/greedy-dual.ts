import type { Placement, Policy, PolicyMemory } from "./policy.ts";
import { OUT, type PolicyQueue } from "./policy-queue.ts";
import { PriorityHeap } from "./priority-heap.ts";
import { heapQueue } from "./queue-views.ts";

/** Policy words of a slot: its place in the heap, and its number of requests. */
const FREQUENCY = 1;
export const GREEDY_DUAL_WORDS = 2;

/** The priority of the last victim (L in the papers), and a counter of requests that ranks equals by recency. */
const AGE = 0;
const TICK = 1;
export const GREEDY_DUAL_SUMS = 2;

const FREQUENCY_LIMIT = 0x7fff_ffff;

/**
 * What LFU-DA and GDSF share: the priority of an entry is its benefit plus the age of the cache, which is the
 * priority of the last victim. Therefore younger entries eventually overtake an entry that is no longer requested.
 * Among equals, the entry requested longest ago leaves first.
 *
 * Ages and priorities are 64-bit floating-point numbers: they would have to reach 2^52 times an entry's benefit
 * before rounding lost that benefit.
 */
export class GreedyDual implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #frequency: number;
  readonly #sums: Float64Array;
  readonly #perWeight: boolean;
  readonly #heap: PriorityHeap;

  /** @param perWeight whether an entry's benefit is its frequency divided by its weight, or its frequency alone */
  constructor(memory: PolicyMemory, perWeight: boolean) {
    const { words, stride, offset, state, sums, maxEntries } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#frequency = offset + FREQUENCY;
    this.#sums = sums;
    this.#perWeight = perWeight;
    this.#heap = new PriorityHeap(words, stride, offset, state, 0, maxEntries);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = slot * this.#stride + this.#frequency;
    const frequency = this.#words[at]!;
    if (frequency < FREQUENCY_LIMIT) this.#words[at] = frequency + 1;
    this.#heap.update(slot, this.#priority(slot), this.#nextTick());
  }

  insert(slot: number, _hash: number): void {
    this.#words[slot * this.#stride + this.#frequency] = 1;
    this.#heap.add(slot, this.#priority(slot), this.#nextTick());
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const victim = this.#heap.top();
    if (victim === 0) return 0;
    this.#sums[AGE] = this.#heap.priorityOf(victim);
    this.#heap.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
  }

  /** An overwritten entry keeps its frequency and its place among equals. */
  reweigh(slot: number, _oldWeight: number, _newWeight: number): void {
    if (this.#perWeight) this.#heap.update(slot, this.#priority(slot), this.#heap.tickOf(slot));
  }

  move(_from: number, to: number): void {
    this.#heap.relocate(to);
  }

  explain(slot: number): Placement {
    const frequency = this.#words[slot * this.#stride + this.#frequency]!;
    return { queue: "ranking", detail: { frequency, priority: this.#heap.priorityOf(slot) } };
  }

  forEach(visit: (slot: number) => void): void {
    this.#heap.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const benefit = this.#perWeight ? "fewest requests for its size" : "fewest requests";
    return [
      heapQueue(this.#memory, this.#heap, {
        name: "ranking",
        entrance: "new entries, with one request; each read raises an entry",
        exit: `out: ${benefit}, where later requests count more than earlier ones`,
        turn: () => OUT,
      }),
    ];
  }

  check(): void {
    this.#heap.check(this.#memory.maxEntries);
  }

  #priority(slot: number): number {
    const frequency = this.#words[slot * this.#stride + this.#frequency]!;
    const benefit = this.#perWeight ? frequency / this.#memory.weigh(slot) : frequency;
    return this.#sums[AGE]! + benefit;
  }

  #nextTick(): number {
    const tick = this.#sums[TICK]! + 1;
    this.#sums[TICK] = tick;
    return tick;
  }
}
