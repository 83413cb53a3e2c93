import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { ChainPlan } from "./chain-plan.ts";
import { chargedBytes } from "./entry.ts";
import { HASH, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import type { Policy } from "./policy.ts";
import { formatPolicy, type PolicyChoice, parsePolicy } from "./registry.ts";
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

/**
 * Checks that a policy can run in a shard at all.
 * @throws RangeError naming what is wrong
 */
export function checkPolicy(memory: ShardMemory, choice: PolicyChoice): void {
  const { type } = choice;
  if (type.offline === true) {
    throw new RangeError(`policy ${type.name} needs to know the future; it runs in the simulator only`);
  }
  if (type.wordsPerSlot > POLICY_WORDS) {
    throw new RangeError(
      `policy ${type.name} needs ${type.wordsPerSlot} words an entry; the store has ${POLICY_WORDS}`,
    );
  }
  if (type.sums > SUMS_LIMIT) {
    throw new RangeError(`policy ${type.name} keeps ${type.sums} sums; the store has room for ${SUMS_LIMIT}`);
  }
  if (entryLimitOf(memory, choice) < 1) {
    throw new RangeError(`policy ${type.name} has no room for its state within this budget`);
  }
  if (utf8(formatPolicy(choice)).length > POLICY_TEXT_LIMIT_BYTES) {
    throw new RangeError(
      `the parameters of policy ${type.name} are longer than ${POLICY_TEXT_LIMIT_BYTES} bytes`,
    );
  }
}

/** The most entries whose policy state has room in the shard. */
export function entryLimitOf(memory: ShardMemory, choice: PolicyChoice): number {
  const { type, parameters } = choice;
  let least = 0;
  let most = memory.entryLimit;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (type.stateWords(middle, parameters) <= memory.policyState.length) least = middle;
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
  const stateWords = choice.type.stateWords(entryLimitOf(memory, choice), choice.parameters);
  memory.policyState.fill(0, 0, stateWords);
  memory.policySums.fill(0);
}

/** The policy that the shard's memory says, over its state there. Under the shard's lock. */
export function seatPolicy(memory: ShardMemory, seed: number): SeatedPolicy {
  const text = fromUtf8(memory.policyText.slice(0, memory.words[POLICY_TEXT_BYTES]!));
  const choice = parsePolicy(text);
  const { type, parameters } = choice;
  const entryLimit = entryLimitOf(memory, choice);
  const plan = new ChainPlan();
  const policy = type.create(
    {
      words: memory.words,
      stride: 2,
      offset: POLICY_OFFSET,
      state: memory.policyState.subarray(0, type.stateWords(entryLimit, parameters)),
      sums: memory.policySums.subarray(0, type.sums),
      capacity: memory.pageCount * memory.sizes.pageBytes,
      maxEntries: entryLimit,
      weigh: (slot) => chargedBytes(memory, slot, plan),
      hashOf: (slot) => memory.words[slot * 2 + HASH]! >>> 0,
      seed,
    },
    parameters,
  );
  return { choice, policy, entryLimit, version: memory.words[POLICY_VERSION]! };
}
