import { fromUtf8, utf8 } from "../lib/bytes.ts";
import type { Policy, PolicyType } from "../policy/policy.ts";
import { formatPolicy, type PolicyChoice, parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import { ChainPlan } from "./chain-plan.ts";
import { chargedBytes } from "./entry.ts";
import { HASH, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import { Handover, STEADY, ZEROING } from "./handover.ts";
import {
  MOST_ENTRIES,
  POLICY_STAGE,
  POLICY_TEXT_LIMIT_BYTES,
  POLICY_VERSION,
  roomWithin,
  type ShardMemory,
  SUMS_LIMIT,
  TEXT_SHARD_BYTES,
} from "./shard-memory.ts";

/** The policy of a shard: the choice, in words that all threads read, and the policy's state. */

/**
 * `PolicyMemory.passLimit` in a store. Visiting this many entries outside the processor's caches takes about a
 * millisecond. A shard with fewer entries behaves exactly as the simulator does.
 */
const PASS_LIMIT = 16_384;

/** The policy that a shard runs at present. */
export interface ShardPolicy {
  /** The policy and the size that were asked for last. */
  readonly choice: PolicyChoice;
  readonly shardBytes: number;
  /** The running policy; during a change, `handover`. */
  readonly policy: Policy;
  readonly handover: Handover | undefined;
  /** The most entries that there may be. */
  readonly entryLimit: number;
  /** Whether all entries weigh 1; otherwise they weigh their size in memory. */
  readonly countsEntries: boolean;
  /** The `POLICY_VERSION` that this object was made for. */
  readonly version: number;
  /** The same, but −1 during a change: one comparison tells whether there is anything to do. */
  readonly steadyVersion: number;
}

/** Returns the names of the policies that can run in a store. */
export function storePolicyNames(): string[] {
  return policyNames().filter((name) => whyNotInStore(policyType(name)) === undefined);
}

/**
 * Checks that a policy can run in a shard of this size.
 * @throws RangeError if it cannot, saying why
 */
export function checkPolicy(
  memory: ShardMemory,
  choice: PolicyChoice,
  shardBytes: number = askedBytes(memory),
): void {
  const { type } = choice;
  const reason = whyNotInStore(type);
  if (reason !== undefined) {
    throw new RangeError(`policy ${type.name} ${reason}; known are ${storePolicyNames().join(", ")}`);
  }
  const { entries } = policyLimits(memory, choice, shardBytes);
  if (entries < 1) {
    throw new RangeError(`policy ${type.name} has no room for its state within this budget`);
  }
  const wanted = memory.words[MOST_ENTRIES]!;
  if (entries < wanted) {
    const [some, all] = [entries, wanted].map((count) => count.toLocaleString("en"));
    throw new RangeError(
      `with policy ${type.name} a shard of this budget has room for ${some} entries at most, not for ${all}`,
    );
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

/** The number of entries and bytes that a policy can manage in its share of a shard's memory. */
export interface PolicyLimits {
  readonly entries: number;
  readonly ghosts: number;
  readonly stateWords: number;
  /** Bytes of all pages. */
  readonly capacityBytes: number;
}

/**
 * Returns the limits of a policy in a shard: as many entries as the shard could hold; the rest of the memory set
 * aside goes to evicted keys. A policy with state for every resident entry allows fewer: one per 100 bytes of the
 * budget (`random`) to 500 (`lfu`, `gdsf`). The limit is 0 if not even one entry fits, and never above
 * `MOST_ENTRIES`.
 * @param shardBytes the bytes that the shard may take; the size asked for last by default
 */
export function policyLimits(
  memory: ShardMemory,
  { type, parameters }: PolicyChoice,
  shardBytes: number = askedBytes(memory),
): PolicyLimits {
  const room = roomWithin(shardBytes, memory.pageShift);
  const fits = (entries: number, ghosts: number) =>
    type.stateWords(entries, parameters, ghosts) <= room.policyWords;
  const entries = largest(entryBound(memory, room.entries), (count) => fits(count, 0));
  const ghosts = largest(room.entries, (count) => fits(entries, count));
  const stateWords = type.stateWords(entries, parameters, ghosts);
  return { entries, ghosts, stateWords, capacityBytes: room.pages * memory.sizes.pageBytes };
}

/** Returns the number of entries that there is memory for, bounded by `MOST_ENTRIES`. */
function entryBound({ words }: ShardMemory, room: number): number {
  return Math.min(room, words[MOST_ENTRIES]! || room);
}

/** Returns the largest number up to `limit` that satisfies a condition which holds for all smaller ones; 0: none. */
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

/** Bits of the word that hold the stage. */
const STAGE_BITS = 3;
/** The bits above the stage: which text names the running policy, and which the next one. */
const RUNNING_SHIFT = 2;
const NEXT_SHIFT = 4;
const TEXT_BITS = 3;

export function stageOf({ words }: ShardMemory): number {
  return words[POLICY_STAGE]! & STAGE_BITS;
}

/**
 * Enters a stage, in one write. Called with the shard's lock held.
 * @param adopts whether the next policy becomes the running one
 */
export function enterStage(memory: ShardMemory, stage: number, adopts: boolean): void {
  const next = nextText(memory);
  writeStage(memory, stage, adopts ? next : runningText(memory), next);
}

/** As `enterStage`, with another next policy, in a shard that may take this many bytes. */
export function enterStageFor(
  memory: ShardMemory,
  stage: number,
  choice: PolicyChoice,
  shardBytes: number,
): void {
  const running = runningText(memory);
  // The third text is neither the running nor the next one: a thread that dies while writing it does no harm.
  const next = [0, 1, 2].find((index) => index !== running && index !== nextText(memory))!;
  const text = memory.policyTexts[next]!;
  text.fill(0);
  text.set(utf8(formatPolicy(choice)));
  memory.words[TEXT_SHARD_BYTES + next] = shardBytes;
  writeStage(memory, stage, running, next);
}

function writeStage({ words }: ShardMemory, stage: number, running: number, next: number): void {
  words[POLICY_STAGE] = stage | (running << RUNNING_SHIFT) | (next << NEXT_SHIFT);
  words[POLICY_VERSION]!++;
}

/** Returns the bytes that the shard may take, as asked for last. */
export function askedBytes(memory: ShardMemory): number {
  return memory.words[TEXT_SHARD_BYTES + nextText(memory)]!;
}

/**
 * Returns the policy that was asked for last, without taking the lock. A text is written only while it is neither the
 * running nor the next one, and a single write then names it. So a text that is named both before and after it was
 * read is whole.
 */
export function askedPolicy(memory: ShardMemory): string {
  const { words } = memory;
  for (;;) {
    const version = Atomics.load(words, POLICY_VERSION);
    const stage = Atomics.load(words, POLICY_STAGE);
    const text = readText(memory, nextText(memory));
    if (Atomics.load(words, POLICY_STAGE) === stage && Atomics.load(words, POLICY_VERSION) === version) {
      return text;
    }
  }
}

/** Creates the policy that the shard's memory names, over its state there. Called with the shard's lock held. */
export function readShardPolicy(memory: ShardMemory, seed: number, evicts: boolean): ShardPolicy {
  const stage = stageOf(memory);
  const version = memory.words[POLICY_VERSION]!;
  const countsEntries = memory.words[MOST_ENTRIES]! > 0;
  const shardBytes = askedBytes(memory);
  const running = readChoice(memory, runningText(memory));
  const limits = policyLimits(memory, running, memory.words[TEXT_SHARD_BYTES + runningText(memory)]!);
  const policy = stage === ZEROING ? undefined : createPolicy(memory, running, limits, seed);
  if (stage === STEADY) {
    const entryLimit = limits.entries;
    return {
      choice: running,
      shardBytes,
      policy: policy!,
      handover: undefined,
      entryLimit,
      countsEntries,
      version,
      steadyVersion: version,
    };
  }
  const choice = readChoice(memory, nextText(memory));
  const handover = new Handover(memory, policy, stage);
  const next = policyLimits(memory, choice, shardBytes).entries;
  // Entries beyond the next policy's limit leave in steps, not all at once for the next write.
  let entryLimit = stage === ZEROING ? entryBound(memory, memory.entryLimit) : limits.entries;
  if (!evicts) entryLimit = Math.min(entryLimit, next);
  return {
    choice,
    shardBytes,
    policy: handover,
    handover,
    entryLimit,
    countsEntries,
    version,
    steadyVersion: -1,
  };
}

/** Whether the next policy or size differs from the running one. */
export function hasNextChoice(memory: ShardMemory): boolean {
  return runningText(memory) !== nextText(memory);
}

function createPolicy(
  memory: ShardMemory,
  { type, parameters }: PolicyChoice,
  limits: PolicyLimits,
  seed: number,
): Policy {
  const countsEntries = memory.words[MOST_ENTRIES]! > 0;
  const plan = new ChainPlan();
  return type.create(
    {
      words: memory.words,
      stride: 2,
      offset: POLICY_OFFSET,
      state: memory.policyState.subarray(0, limits.stateWords),
      sums: memory.policySums.subarray(0, type.sums),
      capacity: countsEntries ? limits.entries : limits.capacityBytes,
      maxEntries: limits.entries,
      maxGhosts: limits.ghosts,
      passLimit: PASS_LIMIT,
      weigh: countsEntries ? () => 1 : (slot) => chargedBytes(memory, slot, plan),
      hashOf: (slot) => memory.words[slot * 2 + HASH]! >>> 0,
      seed,
    },
    parameters,
  );
}

function runningText({ words }: ShardMemory): number {
  return (words[POLICY_STAGE]! >> RUNNING_SHIFT) & TEXT_BITS;
}

function nextText({ words }: ShardMemory): number {
  return (words[POLICY_STAGE]! >> NEXT_SHIFT) & TEXT_BITS;
}

function readChoice(memory: ShardMemory, index: number): PolicyChoice {
  return parsePolicy(readText(memory, index));
}

function readText(memory: ShardMemory, index: number): string {
  const text = memory.policyTexts[index]!;
  const end = text.indexOf(0);
  return fromUtf8(text.slice(0, end < 0 ? text.length : end));
}
