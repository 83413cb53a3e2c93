import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { ChainPlan } from "./chain-plan.ts";
import { chargedBytes } from "./entry.ts";
import { HASH, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import type { Policy, PolicyType } from "./policy.ts";
import { formatPolicy, type PolicyChoice, parsePolicy, policyNames, policyType } from "./registry.ts";
import {
  POLICY_TEXT_BYTES,
  POLICY_TEXT_LIMIT_BYTES,
  POLICY_VERSION,
  type ShardMemory,
  SUMS_LIMIT,
} from "./shard-memory.ts";

/** The place of a policy in a shard: its choice in words that all threads read, and its state. */

/** A policy over a shard's memory, and how many entries it may have to deal with. */
export interface SeatedPolicy {
  readonly choice: PolicyChoice;
  readonly policy: Policy;
  readonly entryLimit: number;
  /** `POLICY_VERSION` when it was seated. */
  readonly version: number;
}

/** The names of the policies that can run in a store. */
export function storePolicyNames(): string[] {
  return policyNames().filter((name) => whyNotInStore(policyType(name)) === undefined);
}

/**
 * Checks that a policy can run in a shard at all.
 * @throws RangeError naming what is wrong
 */
export function checkPolicy(memory: ShardMemory, choice: PolicyChoice): void {
  const { type } = choice;
  const reason = whyNotInStore(type);
  if (reason !== undefined) {
    throw new RangeError(`policy ${type.name} ${reason}; known are ${storePolicyNames().join(", ")}`);
  }
  if (policyLimits(memory, choice).entries < 1) {
    throw new RangeError(`policy ${type.name} has no room for its state within this budget`);
  }
  if (utf8(formatPolicy(choice)).length > POLICY_TEXT_LIMIT_BYTES) {
    throw new RangeError(
      `the parameters of policy ${type.name} are longer than ${POLICY_TEXT_LIMIT_BYTES} bytes`,
    );
  }
}

function whyNotInStore(type: PolicyType): string | undefined {
  if (type.offline === true) return "needs to know the future, so it runs in the simulator only";
  if (type.wordsPerSlot > POLICY_WORDS) {
    return `takes ${type.wordsPerSlot} words an entry, and the store has ${POLICY_WORDS}`;
  }
  if (type.sums > SUMS_LIMIT) return `keeps ${type.sums} sums, and the store has room for ${SUMS_LIMIT}`;
  return undefined;
}

/** How much a policy can deal with in the memory that a shard sets aside for it. */
export interface PolicyLimits {
  readonly entries: number;
  readonly ghosts: number;
  readonly stateWords: number;
}

/**
 * As many entries as the shard could hold, and for evicted keys the rest of the memory set aside. A policy with
 * state for every resident entry bounds their number instead: to one for every 100 bytes of the budget (`random`)
 * to 500 (`lfu`, `gdsf`). No entries at all where there is not even room for one.
 */
export function policyLimits(memory: ShardMemory, { type, parameters }: PolicyChoice): PolicyLimits {
  const available = memory.policyState.length;
  const fits = (entries: number, ghosts: number) => type.stateWords(entries, parameters, ghosts) <= available;
  const entries = largest(memory.entryLimit, (count) => fits(count, 0));
  const ghosts = largest(memory.entryLimit, (count) => fits(entries, count));
  return { entries, ghosts, stateWords: type.stateWords(entries, parameters, ghosts) };
}

/** The largest number up to `limit` that satisfies what all smaller ones do; 0 when none does. */
function largest(limit: number, satisfies: (count: number) => boolean): number {
  let least = 0;
  let most = limit;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (satisfies(middle)) least = middle;
    else most = middle - 1;
  }
  return least;
}

/** Writes down a choice for all threads and zeroes the memory it starts with. Under the shard's lock. */
export function writePolicyChoice(memory: ShardMemory, choice: PolicyChoice): void {
  const text = utf8(formatPolicy(choice));
  memory.policyText.set(text);
  memory.words[POLICY_TEXT_BYTES] = text.length;
  memory.words[POLICY_VERSION]!++;
  clearPolicyState(memory, choice);
}

/** Empties the policy. */
export function clearPolicyState(memory: ShardMemory, choice: PolicyChoice): void {
  memory.policyState.fill(0, 0, policyLimits(memory, choice).stateWords);
  memory.policySums.fill(0);
}

/** The policy that the shard's memory says, over its state there. Under the shard's lock. */
export function seatPolicy(memory: ShardMemory, seed: number): SeatedPolicy {
  const text = fromUtf8(memory.policyText.slice(0, memory.words[POLICY_TEXT_BYTES]!));
  const choice = parsePolicy(text);
  const { type, parameters } = choice;
  const limits = policyLimits(memory, choice);
  const plan = new ChainPlan();
  const policy = type.create(
    {
      words: memory.words,
      stride: 2,
      offset: POLICY_OFFSET,
      state: memory.policyState.subarray(0, limits.stateWords),
      sums: memory.policySums.subarray(0, type.sums),
      capacity: memory.pageCount * memory.sizes.pageBytes,
      maxEntries: limits.entries,
      maxGhosts: limits.ghosts,
      weigh: (slot) => chargedBytes(memory, slot, plan),
      hashOf: (slot) => memory.words[slot * 2 + HASH]! >>> 0,
      seed,
    },
    parameters,
  );
  return { choice, policy, entryLimit: limits.entries, version: memory.words[POLICY_VERSION]! };
}
