import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { drawBelow } from "../random-draw.ts";
import { SlotTable } from "../slot-table.ts";

/** A slot's words: its index in the table, and how often it was asked for. */
const FREQUENCY = 1;
const WORDS_PER_SLOT = 2;

const DRAWS = 0;
const TABLE = 1;

/** Requests so far; the time of this policy. */
const NOW = 0;

const FREQUENCY_LIMIT = 0x7fff_ffff;

/**
 * Hyperbolic caching: an entry's priority is how often it was asked for divided by the time since it came in. Of
 * some entries drawn at random the one of least priority leaves, as all priorities change all the time.
 *
 * A. Blankstein, S. Sen, M. J. Freedman, "Hyperbolic caching: flexible caching for web applications", USENIX ATC
 * 2017.
 *
 * Choices: every entry costs the same, whatever it weighs. `sample` entries are drawn, 64 as in the paper, with
 * repetition; where there are no more than that, all are looked at. Time counts in requests, modulo 2^32. Among
 * equals the first one seen leaves.
 */
export const hyperbolic: PolicyType = {
  name: "hyperbolic",
  wordsPerSlot: WORDS_PER_SLOT,
  sums: 1,
  parameters: { sample: 64 },
  ranges: { sample: { least: 1, most: 1024, whole: true } },
  stateWords: (maxEntries) => TABLE + SlotTable.words(maxEntries) + maxEntries,
  create: (memory, parameters) => new Hyperbolic(memory, parameters),
};

class Hyperbolic implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #frequency: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #sample: number;
  readonly #table: SlotTable;
  /** When the entry of each index in the table came in. */
  readonly #since: number;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, maxEntries } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#frequency = offset + FREQUENCY;
    this.#state = state;
    this.#sums = sums;
    this.#sample = parameters["sample"]!;
    this.#table = new SlotTable(words, stride, offset, state, TABLE);
    this.#since = TABLE + SlotTable.words(maxEntries);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = slot * this.#stride + this.#frequency;
    const frequency = this.#words[at]!;
    if (frequency < FREQUENCY_LIMIT) this.#words[at] = frequency + 1;
    this.#sums[NOW]!++;
  }

  insert(slot: number, _hash: number): void {
    this.#words[slot * this.#stride + this.#frequency] = 1;
    this.#state[this.#since + this.#table.count()] = this.#sums[NOW]!;
    this.#table.add(slot);
    this.#sums[NOW]!++;
  }

  evict(_incoming: number): number {
    const count = this.#table.count();
    if (count === 0) return 0;
    const drawn = count > this.#sample;
    const candidates = drawn ? this.#sample : count;
    let victim = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < candidates; i++) {
      const index = drawn ? drawBelow(count, this.#memory.seed, this.#state, DRAWS) : i;
      const slot = this.#table.slotAt(index);
      const priority = this.#words[slot * this.#stride + this.#frequency]! / this.#age(index);
      if (priority < least) {
        victim = slot;
        least = priority;
      }
    }
    this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    const last = this.#table.count() - 1;
    this.#state[this.#since + this.#table.indexOf(slot)] = this.#state[this.#since + last]!;
    this.#table.remove(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#table.relocate(to);
  }

  explain(slot: number): Placement {
    const frequency = this.#words[slot * this.#stride + this.#frequency]!;
    return { queue: "table", detail: { frequency, age: this.#age(this.#table.indexOf(slot)) } };
  }

  /** In no particular order. */
  forEach(visit: (slot: number) => void): void {
    this.#table.forEach(visit);
  }

  check(): void {
    this.#table.check(this.#memory.maxEntries);
  }

  /** Requests since the entry came in, that one included: at least 1. */
  #age(index: number): number {
    return ((this.#sums[NOW]! % 2 ** 32) - this.#state[this.#since + index]!) >>> 0;
  }
}
