import { assert } from "../../lib/assert.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { insertAfter, LIST_WORDS, pushBack, pushFront, SlotList, unlink } from "../slot-list.ts";
import { wordAt } from "../word-at.ts";

/**
 * Words of `state`: the list of groups (all but the first), the heads of the two free lists (nodes and groups), and
 * the numbers of nodes and groups ever handed out.
 */
const GROUP_LIST = 0;
const FREE_NODE = LIST_WORDS;
const FRESH_NODE = FREE_NODE + 1;
const FREE_GROUP = FRESH_NODE + 1;
const FRESH_GROUP = FREE_GROUP + 1;
/** Nodes count from 1. */
const NODES = FRESH_GROUP + 1;

/**
 * Words of a node: its links in its group, its slot, its group. A free node's first word links to the next free one.
 */
const NODE_WORDS = 4;
const SLOT = 2;
const GROUP = 3;

/**
 * Words of a group: its links in the list of groups, the list of its members, its hits. Free groups link like nodes.
 */
const GROUP_WORDS = 5;
const NEXT = 1;
const MEMBERS = 2;
const LAST = MEMBERS + 1;
/** How often each member was hit: one less than its frequency, so that zeroed memory is right for new entries. */
const HITS = 4;

/** The group of entries not hit yet. It comes before all others, and exists even when empty. */
const NEWCOMERS = 0;

const HITS_LIMIT = 0x7fff_fffe;

/**
 * LFU, least frequently used, by the exact number of requests since an entry was inserted. Among equals, the entry
 * requested longest ago leaves first.
 *
 * Entries of equal frequency form a group, a list in order of their last requests; the groups form a list by rising
 * frequency. So every step takes constant time, as in K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for
 * implementing the LFU cache eviction scheme", 2010. Lists and groups are in `state`; a slot holds only the number of
 * its node.
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

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#state = memory.state;
    this.#groups = NODES + NODE_WORDS * (memory.maxEntries + 1);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const state = this.#state;
    const groups = this.#groups;
    const node = this.#words[wordAt(slot, this.#stride, this.#offset)]!;
    const groupOf = (wordAt(node, NODE_WORDS, NODES) + GROUP) | 0;
    const group = state[groupOf]!;
    const groupAt = wordAt(group, GROUP_WORDS, groups);
    const hits = state[groupAt + HITS]!;
    const next = group === NEWCOMERS ? state[GROUP_LIST]! : state[groupAt + NEXT]!;
    const nextAt = wordAt(next, GROUP_WORDS, groups);
    let target = next;
    if (hits === HITS_LIMIT) {
      target = group;
    } else if (next === 0 || state[nextAt + HITS] !== hits + 1) {
      if (group !== NEWCOMERS && state[groupAt + MEMBERS] === state[groupAt + LAST]) {
        state[groupAt + HITS] = hits + 1;
        return;
      }
      target = openGroup(state, groups, group, hits + 1);
    }
    unlink(state, NODE_WORDS, NODES, state, (groupAt + MEMBERS) | 0, node);
    const targetAt = wordAt(target, GROUP_WORDS, groups);
    pushBack(state, NODE_WORDS, NODES, state, (targetAt + MEMBERS) | 0, node);
    state[groupOf] = target;
    if (group !== NEWCOMERS && state[groupAt + MEMBERS] === 0) closeGroup(state, groups, group);
  }

  insert(slot: number, _hash: number): void {
    const state = this.#state;
    const groups = this.#groups;
    let node = state[FREE_NODE]!;
    if (node === 0) {
      node = (state[FRESH_NODE]! + 1) | 0;
      state[FRESH_NODE] = node;
    } else {
      state[FREE_NODE] = state[wordAt(node, NODE_WORDS, NODES)]!;
    }
    const at = wordAt(node, NODE_WORDS, NODES);
    state[at + SLOT] = slot;
    state[at + GROUP] = NEWCOMERS;
    this.#words[wordAt(slot, this.#stride, this.#offset)] = node;
    pushBack(state, NODE_WORDS, NODES, state, (groups + MEMBERS) | 0, node);
  }

  /** Ignores the rank: a place far from eviction says little about whether the entry is requested again. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const state = this.#state;
    const groups = this.#groups;
    const hasNewcomers = state[groups + MEMBERS] !== 0;
    const group = hasNewcomers ? NEWCOMERS : state[GROUP_LIST]!;
    const node = state[wordAt(group, GROUP_WORDS, groups) + MEMBERS]!;
    if (node === 0) return 0;
    leave(state, groups, group, node);
    return state[wordAt(node, NODE_WORDS, NODES) + SLOT]!;
  }

  remove(slot: number): void {
    const state = this.#state;
    const node = this.#nodeOf(slot);
    leave(state, this.#groups, state[NODES + node * NODE_WORDS + GROUP]!, node);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#state[NODES + this.#nodeOf(to) * NODE_WORDS + SLOT] = to;
  }

  explain(slot: number): Placement {
    const group = this.#state[NODES + this.#nodeOf(slot) * NODE_WORDS + GROUP]!;
    return { queue: "ranking", detail: { frequency: this.#state[this.#groupAt(group) + HITS]! + 1 } };
  }

  forEach(visit: (slot: number) => void): void {
    const visitMembers = (group: number) => {
      this.#membersOf(group).forEach((node) => {
        visit(this.#state[NODES + node * NODE_WORDS + SLOT]!);
      });
    };
    visitMembers(NEWCOMERS);
    this.#groupList().forEach(visitMembers);
  }

  queues(): PolicyQueue[] {
    const [state, groups] = [this.#state, this.#groups];
    const slotOf = (node: number) => (node === 0 ? 0 : state[NODES + node * NODE_WORDS + SLOT]!);
    /** Returns the first member of a group, or of the next one that has any. */
    const firstFrom = (group: number): number => {
      const node = state[wordAt(group, GROUP_WORDS, groups) + MEMBERS]!;
      if (node !== 0 || group !== NEWCOMERS) return node;
      return state[GROUP_LIST] === 0 ? 0 : firstFrom(state[GROUP_LIST]!);
    };
    return [
      {
        name: "ranking",
        kind: "resident",
        order: "ranking",
        entrance: "new entries, with one request; each read takes an entry one group further",
        exit: "out: fewest requests, and among equals the one asked for longest ago",
        turn: () => OUT,
        next: (slot) => {
          if (slot === 0) return slotOf(firstFrom(NEWCOMERS));
          const node = this.#nodeOf(slot);
          const group = state[NODES + node * NODE_WORDS + GROUP]!;
          const after = this.#membersOf(group).after(node);
          if (after !== 0) return slotOf(after);
          const next = group === NEWCOMERS ? state[GROUP_LIST]! : this.#groupList().after(group);
          return next === 0 ? 0 : slotOf(firstFrom(next));
        },
        previous: (slot) => {
          const lastOf = (group: number) => slotOf(this.#membersOf(group).back());
          if (slot === 0) return lastOf(this.#groupList().back() || NEWCOMERS);
          const node = this.#nodeOf(slot);
          const group = state[NODES + node * NODE_WORDS + GROUP]!;
          const before = this.#membersOf(group).before(node);
          if (before !== 0) return slotOf(before);
          return group === NEWCOMERS ? 0 : lastOf(this.#groupList().before(group) || NEWCOMERS);
        },
        holds: () => true,
        hashOf: this.#memory.hashOf,
      },
    ];
  }

  check(): void {
    const state = this.#state;
    const { maxEntries } = this.#memory;
    let nodes = 0;
    let groups = this.#groupList().check(maxEntries);
    let before = 0;
    const checkGroup = (group: number) => {
      const hits = state[this.#groupAt(group) + HITS]!;
      assert(
        group === NEWCOMERS ? hits === 0 : hits > before,
        `group ${group} comes after a more frequent one`,
      );
      const members = this.#membersOf(group);
      assert(group === NEWCOMERS || members.front() !== 0, `group ${group} is empty`);
      nodes += members.check(maxEntries);
      members.forEach((node) => {
        const slot = state[NODES + node * NODE_WORDS + SLOT]!;
        assert(this.#nodeOf(slot) === node, `slot ${slot} has lost its node`);
        assert(state[NODES + node * NODE_WORDS + GROUP] === group, `slot ${slot} has lost its group`);
      });
      before = hits;
    };
    checkGroup(NEWCOMERS);
    this.#groupList().forEach(checkGroup);
    assert(nodes <= maxEntries, `${nodes} entries, but at most ${maxEntries} may be resident`);
    for (let group = state[FREE_GROUP]!; group !== 0; groups++) group = state[this.#groupAt(group)]!;
    assert(groups === state[FRESH_GROUP], "a group was lost");
    for (let node = state[FREE_NODE]!; node !== 0; nodes++) node = state[NODES + node * NODE_WORDS]!;
    assert(nodes === state[FRESH_NODE], "a node was lost");
  }

  #nodeOf(slot: number): number {
    return this.#words[wordAt(slot, this.#stride, this.#offset)]!;
  }

  #groupAt(group: number): number {
    return wordAt(group, GROUP_WORDS, this.#groups);
  }

  #groupList(): SlotList {
    return new SlotList(this.#state, GROUP_WORDS, this.#groups, this.#state, GROUP_LIST);
  }

  #membersOf(group: number): SlotList {
    return new SlotList(this.#state, NODE_WORDS, NODES, this.#state, this.#groupAt(group) + MEMBERS);
  }
}

/**
 * Opens an empty group after the group `before`.
 * @returns its number
 */
function openGroup(state: Int32Array, groups: number, before: number, hits: number): number {
  let group = state[FREE_GROUP]!;
  const isFresh = group === 0;
  if (isFresh) {
    group = (state[FRESH_GROUP]! + 1) | 0;
    state[FRESH_GROUP] = group;
  }
  const at = wordAt(group, GROUP_WORDS, groups);
  if (!isFresh) state[FREE_GROUP] = state[at]!;
  state[at] = 0;
  state[at + HITS] = hits;
  if (before === NEWCOMERS) pushFront(state, GROUP_WORDS, groups, state, GROUP_LIST, group);
  else insertAfter(state, GROUP_WORDS, groups, state, GROUP_LIST, before, group);
  return group;
}

/** Frees an empty group. */
function closeGroup(state: Int32Array, groups: number, group: number): void {
  unlink(state, GROUP_WORDS, groups, state, GROUP_LIST, group);
  state[wordAt(group, GROUP_WORDS, groups)] = state[FREE_GROUP]!;
  state[FREE_GROUP] = group;
}

/** Removes a node from its group and frees it; its `SLOT` word stays readable. */
function leave(state: Int32Array, groups: number, group: number, node: number): void {
  const groupAt = wordAt(group, GROUP_WORDS, groups);
  unlink(state, NODE_WORDS, NODES, state, (groupAt + MEMBERS) | 0, node);
  if (group !== NEWCOMERS && state[groupAt + MEMBERS] === 0) closeGroup(state, groups, group);
  state[wordAt(node, NODE_WORDS, NODES)] = state[FREE_NODE]!;
  state[FREE_NODE] = node;
}
