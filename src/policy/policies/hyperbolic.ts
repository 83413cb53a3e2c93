import { assert } from "../../lib/assert.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import type { PolicyQueue } from "../policy-queue.ts";
import { DRAW_STEP, drawAt } from "../random-draw.ts";
import { wordAt } from "../word-at.ts";

/** Words of `state`: the generator, the number of entries, and a record for each entry, without gaps. */
const DRAWS = 0;
const COUNT = 1;
const RECORDS = 2;

/** Words of a record: slot, time of insertion, number of requests. Together, because a draw reads all three. */
const RECORD_WORDS = 3;
const SLOT = 0;
const SINCE = 1;
const FREQUENCY = 2;

/** Number of requests so far: this policy's clock. */
const NOW = 0;

const FREQUENCY_LIMIT = 0x7fff_ffff;

/**
 * Hyperbolic caching: the priority of an entry is its number of requests divided by the time since its insertion. All
 * priorities change all the time, so the policy draws some entries at random and evicts the one of least priority.
 *
 * A. Blankstein, S. Sen, M. J. Freedman, "Hyperbolic caching: flexible caching for web applications", USENIX ATC
 * 2017.
 *
 * Choices: every entry costs the same, whatever its weight. Draws `sample` entries, 64 as in the paper, with
 * repetition; if there are no more than that, it looks at all of them. Time counts in requests, modulo 2^32. Among
 * equals the first one seen leaves. A slot's word is the index of its record.
 */
export const hyperbolic: PolicyType = {
  name: "hyperbolic",
  wordsPerSlot: 1,
  sums: 1,
  parameters: { sample: 64 },
  ranges: { sample: { least: 1, most: 1024, whole: true } },
  stateWords: (maxEntries) => RECORDS + RECORD_WORDS * maxEntries,
  create: (memory, parameters) => new Hyperbolic(memory, parameters),
};

class Hyperbolic implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #sample: number;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#state = memory.state;
    this.#sums = memory.sums;
    this.#sample = parameters["sample"]!;
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = this.#recordOf(slot);
    const frequency = this.#state[at + FREQUENCY]!;
    if (frequency < FREQUENCY_LIMIT) this.#state[at + FREQUENCY] = frequency + 1;
    this.#sums[NOW]!++;
  }

  insert(slot: number, _hash: number): void {
    const state = this.#state;
    const index = state[COUNT]!;
    const at = RECORDS + index * RECORD_WORDS;
    state[COUNT] = index + 1;
    state[at + SLOT] = slot;
    state[at + SINCE] = this.#now();
    state[at + FREQUENCY] = 1;
    this.#words[slot * this.#stride + this.#offset] = index;
    this.#sums[NOW]!++;
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const state = this.#state;
    const count = state[COUNT]!;
    if (count === 0) return 0;
    const now = this.#now();
    const at =
      count > this.#sample
        ? leastDrawn(state, now, count, this.#sample, this.#memory.seed)
        : leastOfAll(state, now, count);
    const victim = state[at + SLOT]!;
    this.remove(victim);
    return victim;
  }

  /** Moves the last record to the place of the removed one. */
  remove(slot: number): void {
    const state = this.#state;
    const last = state[COUNT]! - 1;
    const from = RECORDS + last * RECORD_WORDS;
    state.copyWithin(this.#recordOf(slot), from, from + RECORD_WORDS);
    this.#words[state[from + SLOT]! * this.#stride + this.#offset] = this.#indexOf(slot);
    state[COUNT] = last;
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#state[this.#recordOf(to) + SLOT] = to;
  }

  explain(slot: number): Placement {
    const at = this.#recordOf(slot);
    const age = (this.#now() - this.#state[at + SINCE]!) >>> 0;
    return { queue: "table", detail: { frequency: this.#state[at + FREQUENCY]!, age } };
  }

  /** In no particular order. */
  forEach(visit: (slot: number) => void): void {
    for (let index = 0; index < this.#state[COUNT]!; index++) {
      visit(this.#state[RECORDS + index * RECORD_WORDS + SLOT]!);
    }
  }

  queues(): PolicyQueue[] {
    const slotAt = (index: number) =>
      index >= 0 && index < this.#state[COUNT]! ? this.#state[RECORDS + index * RECORD_WORDS + SLOT]! : 0;
    return [
      {
        name: "table",
        kind: "resident",
        order: "none",
        entrance: "new entries",
        exit: `of ${this.#sample} drawn at random, the one with the fewest requests for its age: out`,
        next: (slot) => slotAt(slot === 0 ? 0 : this.#indexOf(slot) + 1),
        previous: (slot) => slotAt((slot === 0 ? this.#state[COUNT]! : this.#indexOf(slot)) - 1),
        holds: () => true,
        hashOf: this.#memory.hashOf,
      },
    ];
  }

  check(): void {
    const count = this.#state[COUNT]!;
    assert(count <= this.#memory.maxEntries, `${count} entries, more than ${this.#memory.maxEntries}`);
    for (let index = 0; index < count; index++) {
      const slot = this.#state[RECORDS + index * RECORD_WORDS + SLOT]!;
      assert(this.#indexOf(slot) === index, `slot ${slot} has lost its record`);
    }
  }

  #indexOf(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]!;
  }

  #recordOf(slot: number): number {
    return wordAt(this.#indexOf(slot), RECORD_WORDS, RECORDS);
  }

  /** The time as records hold it: its low 32 bits, signed. */
  #now(): number {
    return (this.#sums[NOW]! % 2 ** 32) | 0;
  }
}

/**
 * Draws `sample` of `count` records.
 * @returns where the one of least priority lies
 */
function leastDrawn(state: Int32Array, now: number, count: number, sample: number, seed: number): number {
  let step = state[DRAWS]!;
  let least = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = 0; i < sample; i++) {
    step = (step + DRAW_STEP) | 0;
    const at = wordAt(drawAt(count, seed, step), RECORD_WORDS, RECORDS);
    const priority = priorityAt(state, at, now);
    if (priority < least) {
      least = priority;
      found = at;
    }
  }
  state[DRAWS] = step;
  return found;
}

function leastOfAll(state: Int32Array, now: number, count: number): number {
  let least = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let index = 0; index < count; index++) {
    const at = RECORDS + index * RECORD_WORDS;
    const priority = priorityAt(state, at, now);
    if (priority < least) {
      least = priority;
      found = at;
    }
  }
  return found;
}

/** Requests for the entry per request since its insertion. Both counts include the first request, so neither is 0. */
function priorityAt(state: Int32Array, at: number, now: number): number {
  return state[at + FREQUENCY]! / ((now - state[at + SINCE]!) >>> 0);
}
