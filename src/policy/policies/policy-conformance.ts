import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mix32 } from "../../lib/hash.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { faultOfOrder, faultOfVictim, type Residents } from "../policy-rules.ts";
import { formatPolicy } from "../registry.ts";
import { checkQueues, checkTurn, type Doomed, doomedOf } from "./queue-conformance.ts";

/**
 * The suite that every policy passes. Each policy brings a model: the same policy written for readability, with plain
 * arrays and maps. Random requests, deletes and overwrites drive three caches, which must agree on every decision:
 * the policy on dense slots, the policy on sparse slots that move about and are attached to anew all the time, and
 * the model.
 */

/** The policy interface in terms of keys, which are whole numbers ≥ 1. `Policy` says what the methods do. */
export interface Model {
  miss(key: number): void;
  hit(key: number): void;
  insert(key: number): void;
  /** @returns the victim, 0 if nothing is resident */
  evict(incoming: number): number;
  remove(key: number): void;
  reweigh(key: number, oldWeight: number, newWeight: number): void;
  queueOf(key: number): string;
  /** The resident keys in the order in which `forEach` visits them; absent if the policy promises no order. */
  order?(): number[];
}

/** What determines a model. */
export interface ModelSetup {
  readonly capacity: number;
  readonly maxEntries: number;
  /** How many evicted keys memory has room for; `Infinity` if it sets no bound. */
  readonly maxGhosts: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly seed: number;
  weigh(key: number): number;
  hashOf(key: number): number;
  now(): number;
  nextAccess(key: number): number;
}

export interface ConformanceOptions {
  /** More sets of parameters to try, besides the defaults. */
  readonly parameters?: readonly Readonly<Record<string, number>>[];
}

/** Random cases per property; raise it for a long search. */
const RUNS = Number(process.env["GLASSCACHE_CONFORMANCE_RUNS"] ?? 24);
const SEED = Number(process.env["GLASSCACHE_SEED"] ?? 1);

/** Declares the tests of a policy. */
export function testPolicy(
  type: PolicyType,
  createModel: (setup: ModelSetup) => Model,
  options: ConformanceOptions = {},
): void {
  describe(`policy ${type.name}`, () => {
    const { parameters } = type;

    test("decides as its model, on dense, sparse and moving slots, with equal weights", () => {
      checkAgainstModel(type, parameters, createModel, workload({ heaviest: 1 }));
    });

    test("decides as its model, on dense, sparse and moving slots, with different weights", () => {
      checkAgainstModel(type, parameters, createModel, workload({ heaviest: 60 }));
    });

    test("decides as its model when its owner has less room than the capacity", () => {
      checkAgainstModel(type, parameters, createModel, tightWorkload());
    });

    test("decides as its model in a larger cache", () => {
      followModel(type, parameters, createModel, { ...longWorkload(10_000, 200), checkEvery: 1000 });
    });

    test("keeps its invariants when key hashes collide", () => {
      const property = fc.property(workload({ heaviest: 10 }), (shape) => {
        const run = new Run(type, parameters, shape, (key) => key % 5);
        run.follow(undefined, [run.attachDense(), run.attachSparse()]);
      });
      fc.assert(property, { numRuns: RUNS, seed: SEED });
    });

    test("finds ghosts in its owner's index as by itself", () => {
      const shapes = fc.oneof(workload({ heaviest: 1 }), workload({ heaviest: 60 }), tightWorkload());
      const property = fc.property(shapes, (shape) => {
        const run = new Run(type, parameters, withoutLateFills(shape), mix32);
        run.follow(undefined, [run.attachDense(), run.attachIndexed()]);
      });
      fc.assert(property, { numRuns: RUNS, seed: SEED });
    });

    test("decides the same for the same seed", () => {
      const decide = () => {
        const run = new Run(type, parameters, longWorkload(2000, 30), mix32);
        return run.follow(undefined, [run.attachDense()]);
      };
      expect(decide()).toEqual(decide());
    });
  });

  for (const given of options.parameters ?? []) {
    const parameters = { ...type.parameters, ...given };
    test(`policy ${formatPolicy({ type, parameters })} decides as its model`, () => {
      const shape = fc.oneof(workload({ heaviest: 1 }), workload({ heaviest: 60 }), tightWorkload());
      checkAgainstModel(type, parameters, createModel, shape);
    });
  }
}

function checkAgainstModel(
  type: PolicyType,
  parameters: Readonly<Record<string, number>>,
  createModel: (setup: ModelSetup) => Model,
  shapes: fc.Arbitrary<WorkloadShape>,
): void {
  const property = fc.property(shapes, (shape) => followModel(type, parameters, createModel, shape));
  fc.assert(property, { numRuns: RUNS, seed: SEED });
}

/** In the simulator, every miss is filled at once or never, so no resident key has a ghost. */
function withoutLateFills(shape: WorkloadShape): WorkloadShape {
  const operations = shape.operations.map((operation) =>
    operation.action === "late fill" ? ({ ...operation, action: "request" } as const) : operation,
  );
  return { ...shape, operations };
}

function followModel(
  type: PolicyType,
  parameters: Readonly<Record<string, number>>,
  createModel: (setup: ModelSetup) => Model,
  shape: WorkloadShape,
): void {
  const run = new Run(type, parameters, shape, mix32);
  run.follow(createModel(run.setup), [run.attachDense(), run.attachSparse()]);
}

interface Operation {
  /** A miss may be filled later, after other requests, or never. */
  readonly action: "request" | "delete" | "overwrite" | "unfilled miss" | "late fill";
  /** From 0 to 1; low ones are requested often. */
  readonly key: number;
  /** From 0 to 1; low ones are common. */
  readonly weight: number;
}

interface WorkloadShape {
  readonly capacity: number;
  readonly heaviest: number;
  readonly operations: readonly Operation[];
  /** How many entries may be resident, as a share of what the capacity could hold. */
  readonly entriesShare?: number;
  /** The share of the capacity that the owner can use. */
  readonly usableShare?: number;
  /** How many evicted keys may be remembered; as many as the policy wants by default. */
  readonly maxGhosts?: number;
  /** Steps between two checks of the invariants; 1 by default. */
  readonly checkEvery?: number;
}

const ACTIONS: readonly Operation["action"][] = ["delete", "overwrite", "unfilled miss", "late fill"];

function workload({ heaviest }: { heaviest: number }): fc.Arbitrary<WorkloadShape> {
  const operation = fc
    .record({ choice: fc.nat(27), key: fc.nat(1000), weight: fc.nat(1000) })
    .map(({ choice, key, weight }): Operation => {
      return { action: ACTIONS[choice] ?? "request", key: key / 1001, weight: weight / 1001 };
    });
  return fc.record({
    capacity: fc.integer({ min: 1, max: 50 }),
    heaviest: fc.constant(heaviest),
    operations: fc.array(operation, { maxLength: 500, size: "max" }),
  });
}

/** Few entries may be resident, few ghosts kept, or part of the capacity is unusable. */
function tightWorkload(): fc.Arbitrary<WorkloadShape> {
  const bounds = fc.record({
    entriesShare: fc.constantFrom(0.2, 1),
    usableShare: fc.constantFrom(0.7, 1),
    maxGhosts: fc.constantFrom(0, 1, 5, Number.POSITIVE_INFINITY),
  });
  return fc.tuple(workload({ heaviest: 20 }), bounds).map(([shape, given]) => ({ ...shape, ...given }));
}

function longWorkload(length: number, capacity: number): WorkloadShape {
  const random = new SeededRandom(SEED);
  const operations = Array.from({ length }, (): Operation => {
    const action = random.below(200) === 0 ? "delete" : "request";
    return { action, key: random.next(), weight: 0 };
  });
  return { capacity, heaviest: 1, operations };
}

/** One cache driven through a workload, with several policies and a model deciding for it side by side. */
class Run {
  readonly setup: ModelSetup;
  readonly #type: PolicyType;
  readonly #shape: WorkloadShape;
  /** The operations, with keys and weights as whole numbers. */
  readonly #requests: readonly Operation[];
  readonly #weights = new Map<number, number>();
  readonly #nextAccesses = new Map<number, number>();
  #now = 0;

  constructor(
    type: PolicyType,
    parameters: Readonly<Record<string, number>>,
    shape: WorkloadShape,
    hashOf: (key: number) => number,
  ) {
    const { capacity, heaviest, operations } = shape;
    const keys = capacity * 3 + 2;
    this.#requests = operations.map((operation) => ({
      action: operation.action,
      key: 1 + Math.floor(operation.key ** 2.5 * keys),
      weight: 1 + Math.floor(operation.weight ** 3 * heaviest),
    }));
    this.#type = type;
    this.#shape = shape;
    this.setup = {
      capacity,
      maxEntries: Math.max(1, Math.floor(capacity * (shape.entriesShare ?? 1))),
      maxGhosts: shape.maxGhosts ?? Number.POSITIVE_INFINITY,
      parameters,
      seed: 7,
      weigh: (key) => this.#weights.get(key)!,
      hashOf,
      now: () => this.#now,
      nextAccess: (key) => this.#nextAccesses.get(key)!,
    };
  }

  attachDense(): AttachedPolicy {
    return new AttachedPolicy(this.#type, this.setup, false);
  }

  attachSparse(): AttachedPolicy {
    return new AttachedPolicy(this.#type, this.setup, true);
  }

  /** Attaches the policy to dense slots, with the owner's index for ghosts. Only for keys with distinct hashes. */
  attachIndexed(): AttachedPolicy {
    return new AttachedPolicy(this.#type, this.setup, false, new Map());
  }

  /** @returns the victims in order */
  follow(model: Model | undefined, policies: readonly AttachedPolicy[]): number[] {
    const { maxEntries } = this.setup;
    const capacity = Math.max(1, Math.floor(this.setup.capacity * (this.#shape.usableShare ?? 1)));
    const weights = this.#weights;
    const deciders: Model[] = model === undefined ? [...policies] : [model, ...policies];
    const victims: number[] = [];
    let used = 0;
    /** Keys that missed and may be filled later, in order of the miss. */
    const unfilled = new Set<number>();

    const evict = (incoming: number) => {
      const doomed = policies[0]!.doomed();
      const [victim, ...others] = deciders.map((decider) => decider.evict(incoming));
      for (const other of others) {
        if (other !== victim) throw new Error(`victims ${victim} and ${other} at once`);
      }
      expectNoFault(faultOfVictim(victim, residentsOf(weights)));
      policies[0]!.checkTurn(doomed, victim!);
      for (const policy of policies) policy.free(victim!);
      used -= weights.get(victim!)!;
      weights.delete(victim!);
      victims.push(victim!);
    };
    const request = (key: number, weight: number) => {
      this.#nextAccesses.set(key, this.#nextAccessAfter(key, this.#now));
      if (weights.has(key)) {
        for (const decider of deciders) decider.hit(key);
        return;
      }
      if (weight > capacity) return;
      for (const decider of deciders) decider.miss(key);
      unfilled.delete(key);
      fill(key, weight);
    };
    const fill = (key: number, weight: number) => {
      while (used + weight > capacity || weights.size === maxEntries) evict(key);
      used += weight;
      weights.set(key, weight);
      for (const decider of deciders) decider.insert(key);
    };
    const missUnfilled = (key: number) => {
      if (weights.has(key)) return;
      for (const decider of deciders) decider.miss(key);
      unfilled.add(key);
    };
    const fillLate = (weight: number) => {
      const [key] = unfilled;
      if (key === undefined || weight > capacity) return;
      this.#nextAccesses.set(key, this.#nextAccessAfter(key, this.#now));
      unfilled.delete(key);
      fill(key, weight);
    };
    const remove = (key: number) => {
      if (!weights.has(key)) return;
      for (const decider of deciders) decider.remove(key);
      for (const policy of policies) policy.free(key);
      used -= weights.get(key)!;
      weights.delete(key);
    };
    const overwrite = (key: number, weight: number) => {
      const oldWeight = weights.get(key);
      if (oldWeight === undefined || weight > capacity) return;
      weights.set(key, weight);
      used += weight - oldWeight;
      for (const decider of deciders) decider.reweigh(key, oldWeight, weight);
      while (used > capacity) evict(key);
    };

    const checkEvery = this.#shape.checkEvery ?? 1;
    this.#requests.forEach(({ action, key, weight }, step) => {
      this.#now = step;
      if (action === "request") request(key, weight);
      else if (action === "delete") remove(key);
      else if (action === "unfilled miss") missUnfilled(key);
      else if (action === "late fill") fillLate(weight);
      else overwrite(key, weight);
      for (const policy of policies) policy.stir();
      if (step % checkEvery === 0) this.#check(model, policies);
      if (step % (checkEvery * QUEUE_CHECK_EVERY) === 0) for (const policy of policies) policy.checkQueues();
    });
    this.#check(model, policies);
    for (const policy of policies) policy.checkQueues();
    while (weights.size > 0) evict(0);
    for (const decider of deciders) expectNoFault(faultOfVictim(decider.evict(0), residentsOf(weights)));
    this.#check(model, policies);
    return victims;
  }

  #nextAccessAfter(key: number, step: number): number {
    for (let i = step + 1; i < this.#requests.length; i++) {
      const request = this.#requests[i]!;
      if (request.action === "request" && request.key === key) return i;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Uses plain comparisons: this runs after every step, and calls of `expect` would take most of the time. */
  #check(model: Model | undefined, policies: readonly AttachedPolicy[]): void {
    const expectedOrder = model?.order?.();
    for (const policy of policies) {
      policy.check();
      const order = policy.order();
      expectNoFault(faultOfOrder(order, residentsOf(this.#weights), "forEach visits"));
      for (const key of this.#weights.keys()) {
        if (model === undefined) continue;
        const [queue, expected] = [policy.queueOf(key), model.queueOf(key)];
        if (queue !== expected) throw new Error(`key ${key} is in queue ${queue}, expected in ${expected}`);
      }
      if (expectedOrder === undefined) continue;
      if (order.some((key, i) => key !== expectedOrder[i])) {
        throw new Error(`visited in the order ${order}, expected ${expectedOrder}`);
      }
    }
  }
}

/** Keys stand for slots here. */
function residentsOf(weights: ReadonlyMap<number, number>): Residents {
  return { count: weights.size, has: (key) => weights.has(key) };
}

function expectNoFault(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault);
}

/** Steps between two checks of what a policy shows of its queues, per step between two checks of invariants. */
const QUEUE_CHECK_EVERY = 5;

const GUARD = 0x5a5a_5a5a;
const GUARD_WORDS = 4;

/** A policy with the slots and the memory it works on. */
class AttachedPolicy implements Model {
  readonly #type: PolicyType;
  readonly #parameters: Readonly<Record<string, number>>;
  readonly #setup: ModelSetup;
  readonly #sparse: boolean;
  readonly #ghosts: Map<number, number> | undefined;
  readonly #memory: PolicyMemory;
  readonly #guarded: Int32Array;
  readonly #slotOf = new Map<number, number>();
  readonly #keyOf = new Map<number, number>();
  readonly #freeSlots: number[];
  readonly #random = new SeededRandom(SEED);
  #policy: Policy;

  /**
   * @param sparse whether slots are far apart, move about, and have other words around the policy's
   * @param ghosts the index that the owner lends the policy
   */
  constructor(type: PolicyType, setup: ModelSetup, sparse: boolean, ghosts?: Map<number, number>) {
    const { capacity, maxEntries, maxGhosts, parameters, seed } = setup;
    const stride = sparse ? 2 : type.wordsPerSlot;
    const offset = sparse ? 3 : 0;
    const slotCount = sparse ? 2 * maxEntries + 1 : maxEntries;
    const spacing = sparse ? 4 : 1;
    const words = new Int32Array((slotCount + 1) * spacing * stride + offset + type.wordsPerSlot);
    if (sparse) for (let i = 0; i < words.length; i++) words[i] = this.#garbage();
    const stateWords = type.stateWords(maxEntries, parameters, maxGhosts);
    this.#guarded = new Int32Array(new SharedArrayBuffer(4 * (stateWords + 2 * GUARD_WORDS)));
    this.#guarded.fill(GUARD, 0, GUARD_WORDS);
    this.#guarded.fill(GUARD, GUARD_WORDS + stateWords);
    this.#type = type;
    this.#parameters = parameters;
    this.#setup = setup;
    this.#sparse = sparse;
    this.#ghosts = ghosts;
    this.#freeSlots = Array.from({ length: slotCount }, (_, i) => (i + 1) * spacing);
    this.#memory = {
      words,
      stride,
      offset,
      state: this.#guarded.subarray(GUARD_WORDS, GUARD_WORDS + stateWords),
      sums: new Float64Array(type.sums),
      capacity,
      maxEntries,
      maxGhosts,
      weigh: (slot) => setup.weigh(this.#key(slot)),
      hashOf: (slot) => setup.hashOf(this.#key(slot)),
      future: { now: setup.now, nextAccess: (slot) => setup.nextAccess(this.#key(slot)) },
      ...(ghosts !== undefined && {
        ghostIndex: {
          findGhost: (hash) => ghosts.get(hash >>> 0) ?? 0,
          putGhost: (hash, ghost) => {
            if (ghost === 0) ghosts.delete(hash >>> 0);
            else ghosts.set(hash >>> 0, ghost);
          },
        },
      }),
      seed,
    };
    this.#policy = type.create(this.#memory, parameters);
  }

  miss(key: number): void {
    this.#policy.miss(this.#setup.hashOf(key));
  }

  hit(key: number): void {
    this.#policy.hit(this.#slot(key));
  }

  insert(key: number): void {
    const slot = this.#takeFreeSlot();
    this.#slotOf.set(key, slot);
    this.#keyOf.set(slot, key);
    this.#policy.insert(slot, this.#setup.hashOf(key));
  }

  evict(incoming: number): number {
    const slot = this.#policy.evict(this.#setup.hashOf(incoming));
    return slot === 0 ? 0 : this.#key(slot);
  }

  remove(key: number): void {
    this.#policy.remove(this.#slot(key));
  }

  reweigh(key: number, oldWeight: number, newWeight: number): void {
    this.#policy.reweigh(this.#slot(key), oldWeight, newWeight);
  }

  /** Frees the slot of an entry that has left. */
  free(key: number): void {
    const slot = this.#slot(key);
    this.#slotOf.delete(key);
    this.#freeSlot(slot);
  }

  /** On sparse slots, moves an entry and attaches another policy object to the same memory. */
  stir(): void {
    if (!this.#sparse) return;
    if (this.#slotOf.size > 0) this.#move(this.#random.pick([...this.#slotOf.keys()]));
    this.#policy = this.#type.create(this.#memory, this.#parameters);
  }

  queueOf(key: number): string {
    return this.#policy.explain(this.#slot(key)).queue;
  }

  order(): number[] {
    const keys: number[] = [];
    this.#policy.forEach((slot) => {
      keys.push(this.#key(slot));
    });
    return keys;
  }

  /** Tells what would become of each entry. */
  doomed(): Doomed {
    return doomedOf(this.#policy);
  }

  /** Checks that the victim's turn had come. */
  checkTurn(doomed: Doomed, victim: number): void {
    checkTurn(doomed, this.#slot(victim));
  }

  checkQueues(): void {
    const { capacity, hashOf } = this.#setup;
    const hashes = Array.from({ length: capacity * 3 + 2 }, (_, i) => hashOf(i + 1));
    const indexed = this.#ghosts === undefined ? undefined : [...this.#ghosts.keys()];
    checkQueues(this.#policy, this.#memory, hashes, indexed);
  }

  check(): void {
    this.#policy.check();
    for (const key of this.#slotOf.keys()) {
      if (this.#ghosts?.has(this.#setup.hashOf(key) >>> 0))
        throw new Error(`key ${key} is resident, and a ghost`);
    }
    for (let i = 0; i < GUARD_WORDS; i++) {
      if (this.#guarded[i] !== GUARD || this.#guarded.at(-1 - i) !== GUARD) {
        throw new Error("the policy wrote beyond its state");
      }
    }
  }

  #move(key: number): void {
    const { words, stride, offset } = this.#memory;
    const from = this.#slot(key);
    const to = this.#takeFreeSlot();
    const source = from * stride + offset;
    words.copyWithin(to * stride + offset, source, source + this.#type.wordsPerSlot);
    this.#slotOf.set(key, to);
    this.#keyOf.set(to, key);
    this.#freeSlot(from);
    this.#policy.move(from, to);
  }

  #takeFreeSlot(): number {
    const at = this.#sparse ? this.#random.below(this.#freeSlots.length) : this.#freeSlots.length - 1;
    const [slot] = this.#freeSlots.splice(at, 1);
    return slot!;
  }

  /** Overwrites a free slot: nothing may depend on its former words, nor the next entry on its present ones. */
  #freeSlot(slot: number): void {
    const { words, stride, offset } = this.#memory;
    this.#keyOf.delete(slot);
    this.#freeSlots.push(slot);
    for (let i = 0; i < this.#type.wordsPerSlot; i++) words[slot * stride + offset + i] = this.#garbage();
  }

  #garbage(): number {
    return this.#random.below(2 ** 32) | 0;
  }

  #slot(key: number): number {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) throw new Error(`key ${key} has no slot`);
    return slot;
  }

  #key(slot: number): number {
    const key = this.#keyOf.get(slot);
    if (key === undefined) throw new Error(`slot ${slot} holds no entry`);
    return key;
  }
}
