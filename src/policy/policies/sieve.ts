import { assert } from "../../lib/assert.ts";
import { NO_PASS_LIMIT, type Placement, type Policy, type PolicyMemory, type PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/** Set in a slot's first word if the entry was read since the hand last passed. */
const VISITED = 1 << 31;

/** Word of `state` after the list: the slot where the next search starts; 0 means the oldest entry. */
const HAND = LIST_WORDS;

/**
 * SIEVE: a queue in order of arrival, and a hand that walks it from the oldest entry to the youngest. The hand passes
 * over entries that were read since its last visit, leaving them in place, and evicts the first other one.
 *
 * Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is simpler than LRU: an efficient turn-key eviction
 * algorithm for web caches", NSDI 2024.
 */
export const sieve: PolicyType = {
  name: "sieve",
  wordsPerSlot: LINK_WORDS,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: () => LIST_WORDS + 1,
  create: (memory) => new Sieve(memory),
};

class Sieve implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #passLimit: number;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #queue: SlotList;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#passLimit = memory.passLimit ?? NO_PASS_LIMIT;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#state = memory.state;
    this.#queue = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = slot * this.#stride + this.#offset;
    const word = this.#words[at]!;
    if (word >= 0) this.#words[at] = word | VISITED;
  }

  insert(slot: number, _hash: number): void {
    this.#words[slot * this.#stride + this.#offset] = 0;
    this.#queue.pushBack(slot);
  }

  /** Ignores the rank: a place far from eviction says little about whether the entry is requested again. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const words = this.#words;
    const queue = this.#queue;
    let slot = this.#state[HAND]!;
    if (slot === 0) slot = queue.front();
    if (slot === 0) return 0;
    for (let passed = 0; passed < this.#passLimit; passed++) {
      const at = slot * this.#stride + this.#offset;
      const word = words[at]!;
      if (word >= 0) break;
      words[at] = word & ~VISITED;
      slot = queue.after(slot);
      if (slot === 0) slot = queue.front();
    }
    this.#state[HAND] = queue.after(slot);
    queue.unlink(slot);
    return slot;
  }

  remove(slot: number): void {
    if (this.#state[HAND] === slot) this.#state[HAND] = this.#queue.after(slot);
    this.#queue.unlink(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(from: number, to: number): void {
    if (this.#state[HAND] === from) this.#state[HAND] = to;
    this.#queue.relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: "queue", detail: { visited: this.#visited(slot) ? 1 : 0 } };
  }

  /** From the hand to the youngest entry, then from the oldest to the hand. */
  forEach(visit: (slot: number) => void): void {
    const behindHand: number[] = [];
    const hand = this.#state[HAND]!;
    let reached = hand === 0;
    this.#queue.forEach((slot) => {
      if (slot === hand) reached = true;
      if (reached) visit(slot);
      else behindHand.push(slot);
    });
    for (const slot of behindHand) visit(slot);
  }

  /** The places begin at the hand. */
  queues(): PolicyQueue[] {
    const queue = this.#queue;
    const hand = () => this.#state[HAND]! || queue.front();
    const rules = {
      name: "queue",
      entrance: "new entries, as the youngest; the hand comes to the oldest after the youngest",
      exit: "at the hand: read since its last visit: stays where it is; else out",
      turn: (slot: number) => (this.#visited(slot) ? "queue" : OUT),
    };
    return [
      {
        ...listQueue(this.#memory, queue, rules),
        order: "hand",
        next(slot) {
          if (slot === 0) return hand();
          const after = queue.after(slot) || queue.front();
          return after === hand() ? 0 : after;
        },
        previous(slot) {
          if (slot !== 0 && slot === hand()) return 0;
          const from = slot === 0 ? hand() : slot;
          return from === 0 ? 0 : queue.before(from) || queue.back();
        },
      },
    ];
  }

  check(): void {
    this.#queue.check(this.#memory.maxEntries);
    const hand = this.#state[HAND]!;
    let found = hand === 0;
    this.#queue.forEach((slot) => {
      if (slot === hand) found = true;
    });
    assert(found, `the hand is at slot ${hand}, which is not in the queue`);
  }

  #visited(slot: number): boolean {
    return this.#words[slot * this.#stride + this.#offset]! < 0;
  }
}
