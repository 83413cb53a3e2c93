import { assert } from "../../lib/assert.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/** A slot's third word: the group it belongs to. */
const GROUP = LINK_WORDS;
const WORDS_PER_SLOT = LINK_WORDS + 1;

/** Behind the list: head of the list of groups given back, linked by `LAST`; groups ever handed out. */
const FREE = LIST_WORDS;
const FRESH = FREE + 1;
const GROUPS = FRESH + 1;
const GROUP_WORDS = 2;
const FREQUENCY = 0;
/** The group's slot nearest to the list's back. */
const LAST = 1;

const FREQUENCY_LIMIT = 0x7fff_ffff;

/**
 * LFU, least frequently used, by the true number of requests since an entry came in; among equals the one whose
 * last request lies farthest back leaves first.
 *
 * The entries stand in one list by rising frequency; those of one frequency are a group that knows its last slot.
 * So every step takes constant time, as in K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the
 * LFU cache eviction scheme", 2010.
 */
export const lfu: PolicyType = {
  name: "lfu",
  wordsPerSlot: WORDS_PER_SLOT,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries) => GROUPS + GROUP_WORDS * (maxEntries + 1),
  create: (memory) => new Lfu(memory),
};

class Lfu implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #group: number;
  readonly #state: Int32Array;
  readonly #list: SlotList;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#group = memory.offset + GROUP;
    this.#state = memory.state;
    this.#list = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const state = this.#state;
    const group = this.#groupOf(slot);
    const at = GROUPS + group * GROUP_WORDS;
    const frequency = state[at + FREQUENCY]!;
    if (frequency === FREQUENCY_LIMIT) {
      this.#renew(slot, at);
      return;
    }
    const last = state[at + LAST]!;
    const next = this.#list.after(last);
    const nextGroup = next === 0 ? 0 : this.#groupOf(next);
    const nextAt = GROUPS + nextGroup * GROUP_WORDS;
    if (nextGroup === 0 || state[nextAt + FREQUENCY] !== frequency + 1) {
      const before = this.#list.before(slot);
      if (last === slot && (before === 0 || this.#groupOf(before) !== group)) {
        state[at + FREQUENCY] = frequency + 1;
        return;
      }
      this.#leave(slot, group, at);
      this.#list.insertAfter(last === slot ? state[at + LAST]! : last, slot);
      this.#found(slot, frequency + 1);
      return;
    }
    this.#leave(slot, group, at);
    this.#list.insertAfter(state[nextAt + LAST]!, slot);
    state[nextAt + LAST] = slot;
    this.#words[slot * this.#stride + this.#group] = nextGroup;
  }

  insert(slot: number, _hash: number): void {
    const state = this.#state;
    const front = this.#list.front();
    const group = front === 0 ? 0 : this.#groupOf(front);
    const at = GROUPS + group * GROUP_WORDS;
    if (group !== 0 && state[at + FREQUENCY] === 1) {
      this.#list.insertAfter(state[at + LAST]!, slot);
      state[at + LAST] = slot;
      this.#words[slot * this.#stride + this.#group] = group;
    } else {
      this.#list.pushFront(slot);
      this.#found(slot, 1);
    }
  }

  evict(_incoming: number): number {
    const victim = this.#list.front();
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    const group = this.#groupOf(slot);
    this.#leave(slot, group, GROUPS + group * GROUP_WORDS);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(from: number, to: number): void {
    this.#list.relocate(to);
    const at = GROUPS + this.#groupOf(to) * GROUP_WORDS;
    if (this.#state[at + LAST] === from) this.#state[at + LAST] = to;
  }

  explain(slot: number): Placement {
    return { queue: "ranking", detail: { frequency: this.#frequencyOf(slot) } };
  }

  forEach(visit: (slot: number) => void): void {
    this.#list.forEach(visit);
  }

  check(): void {
    const state = this.#state;
    this.#list.check(this.#memory.maxEntries);
    let groups = 0;
    let frequency = 0;
    let before = 0;
    this.#list.forEach((slot) => {
      if (before === 0 || this.#groupOf(before) !== this.#groupOf(slot)) {
        groups++;
        assert(before === 0 || this.#lastOf(before) === before, `slot ${before} is the last of its group`);
        assert(this.#frequencyOf(slot) > frequency, `slot ${slot} stands behind more frequent ones`);
        frequency = this.#frequencyOf(slot);
      }
      before = slot;
    });
    assert(before === 0 || this.#lastOf(before) === before, `slot ${before} is the last of its group`);
    for (let group = state[FREE]!; group !== 0; groups++) group = state[GROUPS + group * GROUP_WORDS + LAST]!;
    assert(groups === state[FRESH], "a group was lost");
  }

  /** Makes a slot the youngest of its group. */
  #renew(slot: number, at: number): void {
    const last = this.#state[at + LAST]!;
    if (last === slot) return;
    this.#list.unlink(slot);
    this.#list.insertAfter(last, slot);
    this.#state[at + LAST] = slot;
  }

  /** Takes a slot out of the list and of its group, and gives the group back when that leaves it empty. */
  #leave(slot: number, group: number, at: number): void {
    const state = this.#state;
    if (state[at + LAST] === slot) {
      const before = this.#list.before(slot);
      if (before !== 0 && this.#groupOf(before) === group) {
        state[at + LAST] = before;
      } else {
        state[at + LAST] = state[FREE]!;
        state[FREE] = group;
      }
    }
    this.#list.unlink(slot);
  }

  /** Gives a slot that is in the list a group of its own. */
  #found(slot: number, frequency: number): void {
    const state = this.#state;
    let group = state[FREE]!;
    if (group === 0) {
      group = state[FRESH]! + 1;
      state[FRESH] = group;
    } else {
      state[FREE] = state[GROUPS + group * GROUP_WORDS + LAST]!;
    }
    const at = GROUPS + group * GROUP_WORDS;
    state[at + FREQUENCY] = frequency;
    state[at + LAST] = slot;
    this.#words[slot * this.#stride + this.#group] = group;
  }

  #groupOf(slot: number): number {
    return this.#words[slot * this.#stride + this.#group]!;
  }

  #frequencyOf(slot: number): number {
    return this.#state[GROUPS + this.#groupOf(slot) * GROUP_WORDS + FREQUENCY]!;
  }

  #lastOf(slot: number): number {
    return this.#state[GROUPS + this.#groupOf(slot) * GROUP_WORDS + LAST]!;
  }
}
