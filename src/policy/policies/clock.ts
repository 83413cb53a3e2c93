import { NO_PASS_LIMIT, type Placement, type Policy, type PolicyMemory, type PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/** The bits of a slot's first word above the link hold how many rounds its reads have earned (0 to 7). */
const ROUNDS_SHIFT = 29;
const ONE_ROUND = 1 << ROUNDS_SHIFT;
const ROUNDS = -1 << ROUNDS_SHIFT;

/**
 * CLOCK, also called second chance: a queue in order of arrival. When an entry that was read comes to the front, it
 * goes round once more instead of leaving.
 *
 * F. J. Corbató, "A paging experiment with the Multics system", MIT Project MAC Report MAC-M-384, 1968.
 *
 * `bits` is the width of the counter of reads: with one bit, any number of reads earns one round; with more, every
 * read earns one until the counter is full.
 */
export const clock: PolicyType = {
  name: "clock",
  wordsPerSlot: LINK_WORDS,
  sums: 0,
  parameters: { bits: 1 },
  ranges: { bits: { least: 1, most: 3, whole: true } },
  stateWords: () => LIST_WORDS,
  create: (memory, parameters) => new Clock(memory, parameters),
};

class Clock implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #passLimit: number;
  readonly #stride: number;
  readonly #offset: number;
  readonly #roundsLimit: number;
  readonly #queue: SlotList;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#passLimit = memory.passLimit ?? NO_PASS_LIMIT;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#roundsLimit = 2 ** parameters["bits"]! - 1;
    this.#queue = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = slot * this.#stride + this.#offset;
    const word = this.#words[at]!;
    if (word >>> ROUNDS_SHIFT < this.#roundsLimit) this.#words[at] = (word + ONE_ROUND) | 0;
  }

  insert(slot: number, _hash: number): void {
    this.#words[slot * this.#stride + this.#offset] = 0;
    this.#queue.pushBack(slot);
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const words = this.#words;
    for (let passed = 0; ; passed++) {
      const slot = this.#queue.front();
      if (slot === 0) return 0;
      const at = slot * this.#stride + this.#offset;
      const word = words[at]!;
      if ((word & ROUNDS) === 0 || passed === this.#passLimit) {
        this.#queue.unlink(slot);
        return slot;
      }
      words[at] = (word - ONE_ROUND) | 0;
      this.#queue.moveToBack(slot);
    }
  }

  remove(slot: number): void {
    this.#queue.unlink(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#queue.relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: "queue", detail: { rounds: this.#roundsOf(slot) } };
  }

  forEach(visit: (slot: number) => void): void {
    this.#queue.forEach(visit);
  }

  queues(): PolicyQueue[] {
    return [
      listQueue(this.#memory, this.#queue, {
        name: "queue",
        entrance: "new entries, and those that go round once more",
        exit: "read since its last round: goes round once more; else out",
        turn: (slot) => (this.#roundsOf(slot) > 0 ? "queue" : OUT),
      }),
    ];
  }

  check(): void {
    this.#queue.check(this.#memory.maxEntries);
  }

  #roundsOf(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]! >>> ROUNDS_SHIFT;
  }
}
