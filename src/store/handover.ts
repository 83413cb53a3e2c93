import { assert } from "../lib/assert.ts";
import type { Placement, Policy } from "../policy/policy.ts";
import type { PolicyQueue } from "../policy/policy-queue.ts";
import { SlotList } from "../policy/slot-list.ts";
import { HASH, IS_WAITING, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import { HANDED_ENTRIES, type ShardMemory, WAITING_ENTRIES, WAITING_LIST } from "./shard-memory.ts";

/** The stages of a policy change (see `policy-change.ts`). `STEADY`: no change is under way. */
export const STEADY = 0;
export const DRAINING = 1;
export const ZEROING = 2;
export const FILLING = 3;

/**
 * A bit above the link in a waiting entry's first policy word: the entry came in during the change, so the old policy
 * never had it.
 */
const IS_NEW = 1 << 29;

/**
 * Stands for both policies while a shard changes from one to the other. Entries that neither holds wait in a list.
 * They come to it from the old policy in its order of eviction, and go to the new policy in the same order, with
 * their ranks. Meanwhile evictions follow that order, and an entry that is read while it waits goes to the end of the
 * list.
 *
 * It uses the policy words of the waiting entries, and a bit that marks them. The object has no state of its own: any
 * number of objects may represent one change.
 */
export class Handover implements Policy {
  readonly #memory: ShardMemory;
  readonly #waiting: SlotList;
  /** The old policy while draining, the new one while filling, undefined in between. */
  readonly #policy: Policy | undefined;
  readonly #isDraining: boolean;

  constructor(memory: ShardMemory, policy: Policy | undefined, stage: number) {
    this.#memory = memory;
    this.#waiting = new SlotList(memory.words, 2, POLICY_OFFSET, memory.words, WAITING_LIST);
    this.#policy = policy;
    this.#isDraining = stage === DRAINING;
  }

  /** Moves the old policy's next victim into the list. @returns false if the policy has no entries left */
  takeOver(): boolean {
    const slot = this.#policy?.evict(0) ?? 0;
    if (slot !== 0) this.#wait(slot, false);
    return slot !== 0;
  }

  /** Gives the first entry of the list to the new policy. @returns false if the list is empty */
  handOver(): boolean {
    const slot = this.#waiting.front();
    if (slot === 0) return false;
    const { words } = this.#memory;
    const hash = words[slot * 2 + HASH]! >>> 0;
    const isNew = this.#isNew(slot);
    const behind = words[WAITING_ENTRIES]! - 1;
    this.#leaveList(slot);
    clearPolicyWords(words, slot);
    if (isNew) {
      this.#policy?.insert(slot, hash);
      return true;
    }
    const before = words[HANDED_ENTRIES]!;
    words[HANDED_ENTRIES] = before + 1;
    this.#policy?.adopt(slot, hash, behind === 0 ? 1 : before / (before + behind));
    return true;
  }

  miss(hash: number): void {
    this.#policy?.miss(hash);
  }

  hit(slot: number): void {
    if (this.#isWaiting(slot)) this.#waiting.moveToBack(slot);
    else this.#policy?.hit(slot);
  }

  insert(slot: number, hash: number): void {
    if (this.#isDraining) this.#policy?.insert(slot, hash);
    else this.#wait(slot, true);
  }

  /** A change never receives entries from another one. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(incoming: number): number {
    const waiting = this.#waiting.front();
    const goesFirst = this.#isDraining && waiting !== 0;
    const victim = goesFirst ? 0 : (this.#policy?.evict(incoming) ?? 0);
    if (victim !== 0 || waiting === 0) return victim;
    this.#leaveList(waiting);
    return waiting;
  }

  remove(slot: number): void {
    if (this.#isWaiting(slot)) this.#leaveList(slot);
    else this.#policy?.remove(slot);
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    if (!this.#isWaiting(slot)) this.#policy?.reweigh(slot, oldWeight, newWeight);
  }

  move(from: number, to: number): void {
    if (this.#isWaiting(to)) this.#waiting.relocate(to);
    else this.#policy?.move(from, to);
  }

  explain(slot: number): Placement {
    if (this.#isWaiting(slot) || this.#policy === undefined) return { queue: "handover", detail: {} };
    return this.#policy.explain(slot);
  }

  forEach(visit: (slot: number) => void): void {
    this.#waiting.forEach(visit);
    this.#policy?.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const { words } = this.#memory;
    const waiting: PolicyQueue = {
      name: "handover",
      kind: "resident",
      order: "line",
      entrance: this.#isDraining ? "entries of the former policy, next victims first" : "new entries",
      exit: "taken over by the next policy",
      next: (slot) => (slot === 0 ? this.#waiting.front() : this.#waiting.after(slot)),
      previous: (slot) => (slot === 0 ? this.#waiting.back() : this.#waiting.before(slot)),
      holds: (slot) => this.#isWaiting(slot),
      hashOf: (slot) => words[slot * 2 + HASH]! >>> 0,
    };
    const others = this.#policy?.queues() ?? [];
    return [waiting, ...others.map((queue) => withoutWaiting(queue, waiting))];
  }

  check(): void {
    this.#waiting.check(this.#memory.entryLimit);
    let handedDown = 0;
    this.#waiting.forEach((slot) => {
      assert(this.#isWaiting(slot), `slot ${slot} is in the list without its bit`);
      if (!this.#isNew(slot)) handedDown++;
    });
    const counted = this.#memory.words[WAITING_ENTRIES]!;
    assert(handedDown === counted, `${handedDown} entries of the old policy wait, counted as ${counted}`);
    this.#policy?.forEach((slot) => {
      assert(!this.#isWaiting(slot), `slot ${slot} waits, but a policy has it`);
    });
    this.#policy?.check();
  }

  #isWaiting(slot: number): boolean {
    return (this.#memory.words[slot * 2]! & IS_WAITING) !== 0;
  }

  #isNew(slot: number): boolean {
    return (this.#memory.words[slot * 2 + POLICY_OFFSET]! & IS_NEW) !== 0;
  }

  #wait(slot: number, isNew: boolean): void {
    const { words } = this.#memory;
    clearPolicyWords(words, slot);
    if (isNew) words[slot * 2 + POLICY_OFFSET] = IS_NEW;
    else words[WAITING_ENTRIES]!++;
    words[slot * 2]! |= IS_WAITING;
    this.#waiting.pushBack(slot);
  }

  #leaveList(slot: number): void {
    this.#waiting.unlink(slot);
    this.#memory.words[slot * 2]! &= ~IS_WAITING;
    if (!this.#isNew(slot)) this.#memory.words[WAITING_ENTRIES]!--;
  }
}

/** A policy does not know that an entry which it has not been given, or no longer has, is waiting. */
function withoutWaiting(queue: PolicyQueue, waiting: PolicyQueue): PolicyQueue {
  if (queue.kind === "ghost") return queue;
  return { ...queue, holds: (slot, hash) => queue.holds(slot, hash) && !waiting.holds(slot, hash) };
}

export function clearPolicyWords(words: Int32Array, slot: number): void {
  const at = slot * 2 + POLICY_OFFSET;
  for (let i = 0; i < POLICY_WORDS; i++) words[at + i] = 0;
}
