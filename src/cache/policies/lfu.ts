import { assert } from "../../lib/assert.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/** In `state`: the list, the heads of the lists of nodes and groups given back, and those ever handed out. */
const FREE_NODE = LIST_WORDS;
const FRESH_NODE = FREE_NODE + 1;
const FREE_GROUP = FRESH_NODE + 1;
const FRESH_GROUP = FREE_GROUP + 1;
/** Nodes and groups count from 1. */
const NODES = FRESH_GROUP + 1;

/** Words of a node: its links in the list, its slot, its group. Given back, its first word links to the next. */
const NODE_WORDS = LINK_WORDS + 2;
const SLOT = LINK_WORDS;
const GROUP = SLOT + 1;

/** Words of a group: the frequency of its entries, and its node nearest to the list's back, or the next free one. */
const GROUP_WORDS = 2;
const FREQUENCY = 0;
const LAST = 1;

const FREQUENCY_LIMIT = 0x7fff_ffff;

/**
 * LFU, least frequently used, by the true number of requests since an entry came in; among equals the one whose
 * last request lies farthest back leaves first.
 *
 * The entries stand in one list by rising frequency; those of one frequency are a group that knows its last one. So
 * every step takes constant time, as in K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the LFU
 * cache eviction scheme", 2010. List and groups are in `state`; a slot holds only the number of its node.
 */
export const lfu: PolicyType = {
  name: "lfu",
  wordsPerSlot: 1,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries) => NODES + (NODE_WORDS + GROUP_WORDS) * (maxEntries + 1),
  create: (memory) => new Lfu(memory),
};

class Lfu implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #groups: number;
  /** A list of nodes. */
  readonly #list: SlotList;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#state = memory.state;
    this.#groups = NODES + NODE_WORDS * (memory.maxEntries + 1);
    this.#list = new SlotList(memory.state, NODE_WORDS, NODES, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const state = this.#state;
    const node = this.#words[slot * this.#stride + this.#offset]!;
    const group = state[NODES + node * NODE_WORDS + GROUP]!;
    const groupAt = this.#groups + group * GROUP_WORDS;
    const frequency = state[groupAt + FREQUENCY]!;
    const last = state[groupAt + LAST]!;
    if (frequency === FREQUENCY_LIMIT) {
      this.#renew(node, groupAt, last);
      return;
    }
    const next = this.#list.after(last);
    const nextGroup = next === 0 ? 0 : state[NODES + next * NODE_WORDS + GROUP]!;
    const nextAt = this.#groups + nextGroup * GROUP_WORDS;
    if (nextGroup !== 0 && state[nextAt + FREQUENCY] === frequency + 1) {
      this.#leave(node);
      this.#list.insertAfter(state[nextAt + LAST]!, node);
      state[nextAt + LAST] = node;
      state[NODES + node * NODE_WORDS + GROUP] = nextGroup;
    } else if (last === node && !this.#sharesGroupWithBefore(node)) {
      state[groupAt + FREQUENCY] = frequency + 1;
    } else {
      this.#leave(node);
      this.#list.insertAfter(state[groupAt + LAST]!, node);
      this.#openGroup(node, frequency + 1);
    }
  }

  insert(slot: number, _hash: number): void {
    const state = this.#state;
    const node = this.#takeNode();
    state[NODES + node * NODE_WORDS + SLOT] = slot;
    this.#words[slot * this.#stride + this.#offset] = node;
    const front = this.#list.front();
    const group = front === 0 ? 0 : state[NODES + front * NODE_WORDS + GROUP]!;
    const groupAt = this.#groups + group * GROUP_WORDS;
    if (group !== 0 && state[groupAt + FREQUENCY] === 1) {
      this.#list.insertAfter(state[groupAt + LAST]!, node);
      state[groupAt + LAST] = node;
      state[NODES + node * NODE_WORDS + GROUP] = group;
    } else {
      this.#list.pushFront(node);
      this.#openGroup(node, 1);
    }
  }

  evict(_incoming: number): number {
    const node = this.#list.front();
    if (node === 0) return 0;
    const victim = this.#state[NODES + node * NODE_WORDS + SLOT]!;
    this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    const state = this.#state;
    const node = this.#words[slot * this.#stride + this.#offset]!;
    this.#leave(node);
    state[NODES + node * NODE_WORDS] = state[FREE_NODE]!;
    state[FREE_NODE] = node;
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#state[NODES + this.#words[to * this.#stride + this.#offset]! * NODE_WORDS + SLOT] = to;
  }

  explain(slot: number): Placement {
    const node = this.#words[slot * this.#stride + this.#offset]!;
    return { queue: "ranking", detail: { frequency: this.#frequencyOf(node) } };
  }

  forEach(visit: (slot: number) => void): void {
    this.#list.forEach((node) => {
      visit(this.#state[NODES + node * NODE_WORDS + SLOT]!);
    });
  }

  check(): void {
    const state = this.#state;
    const count = this.#list.check(this.#memory.maxEntries);
    let groups = 0;
    let before = 0;
    this.#list.forEach((node) => {
      const slot = state[NODES + node * NODE_WORDS + SLOT]!;
      assert(this.#words[slot * this.#stride + this.#offset] === node, `slot ${slot} has lost its node`);
      if (!this.#sharesGroupWithBefore(node)) {
        groups++;
        assert(before === 0 || this.#lastOf(before) === before, `slot ${slot} splits a group`);
        const rises = before === 0 || this.#frequencyOf(node) > this.#frequencyOf(before);
        assert(rises, `slot ${slot} stands behind more frequent ones`);
      }
      before = node;
    });
    assert(before === 0 || this.#lastOf(before) === before, "the last group goes on behind the list's end");
    for (let group = state[FREE_GROUP]!; group !== 0; groups++) {
      group = state[this.#groups + group * GROUP_WORDS + LAST]!;
    }
    assert(groups === state[FRESH_GROUP], "a group was lost");
    let nodes = count;
    for (let node = state[FREE_NODE]!; node !== 0; nodes++) node = state[NODES + node * NODE_WORDS]!;
    assert(nodes === state[FRESH_NODE], "a node was lost");
  }

  /** Makes a node the last of its group. */
  #renew(node: number, groupAt: number, last: number): void {
    if (last === node) return;
    this.#list.unlink(node);
    this.#list.insertAfter(last, node);
    this.#state[groupAt + LAST] = node;
  }

  /** Takes a node out of the list and out of its group, and gives the group back when that leaves it empty. */
  #leave(node: number): void {
    const state = this.#state;
    const group = state[NODES + node * NODE_WORDS + GROUP]!;
    const groupAt = this.#groups + group * GROUP_WORDS;
    if (state[groupAt + LAST] === node) {
      if (this.#sharesGroupWithBefore(node)) {
        state[groupAt + LAST] = this.#list.before(node);
      } else {
        state[groupAt + LAST] = state[FREE_GROUP]!;
        state[FREE_GROUP] = group;
      }
    }
    this.#list.unlink(node);
  }

  /** Gives a node that is in the list a group of its own. */
  #openGroup(node: number, frequency: number): void {
    const state = this.#state;
    let group = state[FREE_GROUP]!;
    if (group === 0) {
      group = state[FRESH_GROUP]! + 1;
      state[FRESH_GROUP] = group;
    } else {
      state[FREE_GROUP] = state[this.#groups + group * GROUP_WORDS + LAST]!;
    }
    const groupAt = this.#groups + group * GROUP_WORDS;
    state[groupAt + FREQUENCY] = frequency;
    state[groupAt + LAST] = node;
    state[NODES + node * NODE_WORDS + GROUP] = group;
  }

  #takeNode(): number {
    const state = this.#state;
    const node = state[FREE_NODE]!;
    if (node === 0) {
      state[FRESH_NODE]!++;
      return state[FRESH_NODE]!;
    }
    state[FREE_NODE] = state[NODES + node * NODE_WORDS]!;
    return node;
  }

  #sharesGroupWithBefore(node: number): boolean {
    const before = this.#list.before(node);
    const state = this.#state;
    return (
      before !== 0 && state[NODES + before * NODE_WORDS + GROUP] === state[NODES + node * NODE_WORDS + GROUP]
    );
  }

  #frequencyOf(node: number): number {
    return this.#state[
      this.#groups + this.#state[NODES + node * NODE_WORDS + GROUP]! * GROUP_WORDS + FREQUENCY
    ]!;
  }

  #lastOf(node: number): number {
    return this.#state[this.#groups + this.#state[NODES + node * NODE_WORDS + GROUP]! * GROUP_WORDS + LAST]!;
  }
}
