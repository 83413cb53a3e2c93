import { SeededRandom } from "../../src/lib/random.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../../src/policy/policy.ts";
import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import { faultOfOrder, faultOfVictim, type Residents } from "../../src/policy/policy-rules.ts";
import { policyQueues, type ShownQueues } from "../play/shown-queues.ts";
import { readShown } from "./read-shown.ts";
import { RuleBroken } from "./rule-broken.ts";
import type { VictimSink } from "./victims.ts";

/** What a policy that is written in the page is given: a part of `PolicyMemory`. */
interface WrittenMemory extends Pick<PolicyMemory, "capacity" | "maxEntries" | "weigh" | "hashOf" | "seed"> {
  /** Draws a number from 0 to below 1; equal seeds give equal numbers. */
  random(): number;
}

/** The policy interface in its simplest form: a part of `Policy`, whose methods it says more about. */
export interface WrittenPolicy {
  hit(slot: number): void;
  insert(slot: number, hash: number): void;
  evict(incoming: number): unknown;
  remove(slot: number): void;
  miss?(hash: number): void;
  reweigh?(slot: number, oldWeight: number, newWeight: number): void;
  /** Slots by the name of their queue, or of one queue alone; the next to leave come first. */
  queues?(): unknown;
  /** The hashes of evicted keys that it remembers, the oldest first. */
  ghosts?(): unknown;
}

export type WrittenClass = new (memory: WrittenMemory) => WrittenPolicy;

const REQUIRED = ["insert", "hit", "evict", "remove"] as const;

/** What became of a slot. */
const UNUSED = 0;
const RESIDENT = 1;
const EVICTED = 2;
const REMOVED = 3;
const WENT: Readonly<Record<number, string>> = {
  [UNUSED]: "it has not been in use",
  [EVICTED]: "its entry was evicted before",
  [REMOVED]: "its entry has left, as remove was told",
};

/**
 * A policy that is written in the page, and judged at each decision. Its state is the reader's own objects and not
 * memory that it was given, so no copies of it can be made.
 */
export class JudgedPolicy implements Policy, Residents {
  readonly #own: WrittenPolicy;
  readonly #memory: PolicyMemory;
  readonly #victims: VictimSink;
  /** By slot. */
  readonly #fates: Uint8Array;
  #count = 0;

  constructor(written: WrittenClass, memory: PolicyMemory, victims: VictimSink) {
    const { capacity, maxEntries, weigh, hashOf, seed } = memory;
    const random = new SeededRandom(seed);
    this.#memory = memory;
    this.#victims = victims;
    this.#fates = new Uint8Array(maxEntries + 1);
    this.#own = new written({
      ...{ capacity, maxEntries, weigh, hashOf, seed },
      random: () => random.next(),
    });
    const missing = REQUIRED.find((name) => typeof this.#own[name] !== "function");
    if (missing !== undefined) throw new RuleBroken(`the class Policy has no method ${missing}`);
  }

  /** How many entries are resident. */
  get count(): number {
    return this.#count;
  }

  has(slot: number): boolean {
    return this.#fates[slot] === RESIDENT;
  }

  miss(hash: number): void {
    this.#own.miss?.(hash);
  }

  hit(slot: number): void {
    this.#own.hit(slot);
  }

  insert(slot: number, hash: number): void {
    this.#fates[slot] = RESIDENT;
    this.#count++;
    this.#own.insert(slot, hash);
  }

  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(incoming: number): number {
    const victim = this.#own.evict(incoming) as number;
    if (this.#fates[victim] !== RESIDENT) return this.#judge(victim);
    this.#fates[victim] = EVICTED;
    this.#count--;
    this.#victims.push(victim);
    return victim;
  }

  #judge(victim: unknown): number {
    const fault = faultOfVictim(victim, this);
    if (fault === undefined) return 0;
    const went =
      this.#count > 0 && typeof victim === "number" ? WENT[this.#fates[victim] ?? UNUSED] : undefined;
    const isSlot = Number.isInteger(victim) && (victim as number) > 0;
    throw new RuleBroken(went !== undefined && isSlot ? `${fault}: ${went}` : fault);
  }

  remove(slot: number): void {
    this.#fates[slot] = REMOVED;
    this.#count--;
    this.#own.remove(slot);
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#own.reweigh?.(slot, oldWeight, newWeight);
  }

  /** The playground moves no entry, and a written policy need not know of it. */
  move(from: number, to: number): void {
    throw new Error(`slot ${from} cannot be moved to ${to}: a written policy is told of no moves`);
  }

  explain(slot: number): Placement {
    const found = this.shown()?.queues.find(({ slots }) => slots.includes(slot));
    return { queue: found?.name ?? "table", detail: {} };
  }

  forEach(visit: (slot: number) => void): void {
    for (const [slot, fate] of this.#fates.entries()) if (fate === RESIDENT) visit(slot);
  }

  queues(): PolicyQueue[] {
    const slots: number[] = [];
    this.forEach((slot) => {
      slots.push(slot);
    });
    return policyQueues(
      this.shown() ?? { queues: [{ name: "table", slots }], ghosts: [] },
      this.#memory.hashOf,
    );
  }

  get hasQueues(): boolean {
    return typeof this.#own.queues === "function";
  }

  /** What the policy shows of its queues; nothing if it has no such method. @throws RuleBroken */
  shown(): ShownQueues | undefined {
    if (!this.hasQueues) return undefined;
    const shown = readShown(this.#own.queues!(), this.#own.ghosts?.());
    const fault = faultOfOrder(
      shown.queues.flatMap(({ slots }) => slots),
      this,
      "queues shows",
    );
    if (fault !== undefined) throw new RuleBroken(fault);
    return shown;
  }

  check(): void {
    this.shown();
  }

  /** Evicts until nothing is left: a policy that has lost sight of an entry does not come to that. @throws RuleBroken */
  drain(): void {
    while (this.#count > 0) this.evict(0);
    this.evict(0);
  }
}

/** A policy that is written in the page as the registry would know it. */
export function judgedType(create: (memory: PolicyMemory) => JudgedPolicy): PolicyType {
  return {
    ...{ name: "written", wordsPerSlot: 0, sums: 0, parameters: {}, ranges: {} },
    ...{ stateWords: () => 0, create },
  };
}
