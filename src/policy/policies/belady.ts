import { assert } from "../../lib/assert.ts";
import type { Future, Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { PriorityHeap } from "../priority-heap.ts";
import { heapQueue } from "../queue-views.ts";

/** A counter of requests that ranks equals by recency. */
const TICK = 0;

/**
 * Belady's optimum (MIN): evicts the entry whose next access lies furthest ahead. If all weights are equal, no policy
 * that admits every miss has fewer misses. Among entries never requested again, the one requested longest ago leaves
 * first; their order makes no difference to the misses.
 *
 * L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966.
 */
export const belady: PolicyType = {
  name: "belady",
  wordsPerSlot: 1,
  sums: 1,
  parameters: {},
  ranges: {},
  offline: true,
  stateWords: (maxEntries) => PriorityHeap.words(maxEntries),
  create: (memory) => new Belady(memory),
};

class Belady implements Policy {
  readonly #memory: PolicyMemory;
  readonly #future: Future;
  readonly #sums: Float64Array;
  readonly #heap: PriorityHeap;

  constructor(memory: PolicyMemory) {
    const { words, stride, offset, state, sums, maxEntries, future } = memory;
    assert(future !== undefined, "belady needs to know the future");
    this.#memory = memory;
    this.#future = future;
    this.#sums = sums;
    this.#heap = new PriorityHeap(words, stride, offset, state, 0, maxEntries);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    this.#heap.update(slot, -this.#future.nextAccess(slot), this.#nextTick());
  }

  insert(slot: number, _hash: number): void {
    this.#heap.add(slot, -this.#future.nextAccess(slot), this.#nextTick());
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const victim = this.#heap.top();
    if (victim !== 0) this.#heap.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#heap.relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: "ranking", detail: { nextAccess: -this.#heap.priorityOf(slot) } };
  }

  forEach(visit: (slot: number) => void): void {
    this.#heap.forEach(visit);
  }

  queues(): PolicyQueue[] {
    return [
      heapQueue(this.#memory, this.#heap, {
        name: "ranking",
        entrance: "new entries; each read gives an entry its next place",
        exit: "out: its next request lies furthest ahead",
        turn: () => OUT,
      }),
    ];
  }

  check(): void {
    this.#heap.check(this.#memory.maxEntries);
  }

  #nextTick(): number {
    const tick = this.#sums[TICK]! + 1;
    this.#sums[TICK] = tick;
    return tick;
  }
}
