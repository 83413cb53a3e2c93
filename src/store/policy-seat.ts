import { fromUtf8, utf8 } from "../lib/bytes.ts";
import type { Policy, PolicyType } from "../policy/policy.ts";
import { formatPolicy, type PolicyChoice, parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import { ChainPlan } from "./chain-plan.ts";
import { chargedBytes } from "./entry.ts";
import { HASH, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import { Handover, SETTLED, ZEROING } from "./handover.ts";
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

/** The place of a policy in a shard: its choice in words that all threads read, and its state. */

/**
 * `PolicyMemory.passLimit` in a store. So many entries out of the processor's caches take about a millisecond; a shard
 * with fewer behaves in everything as the simulator does.
 */
const PASS_LIMIT = 16_384;

/** What decides in a shard at the moment. */
export interface SeatedPolicy {
  /** What was asked for last, and how much the shard may take with it. */
  readonly choice: PolicyChoice;
  readonly shardBytes: number;
  /** While the policy changes, this is `handover`. */
  readonly policy: Policy;
  readonly handover: Handover | undefined;
  /** How many entries there may be. */
  readonly entryLimit: number;
  /** Whether all entries weigh the same; else they weigh what they take of the memory. */
  readonly countsEntries: boolean;
  /** `POLICY_VERSION` when it was seated. */
  readonly version: number;
  /** The same, but −1 while the policy changes: so one comparison tells whether there is anything to be done. */
  readonly settledVersion: number;
}

/** The names of the policies that can run in a store. */
export function storePolicyNames(): string[] {
  return policyNames().filter((name) => whyNotInStore(policyType(name)) === undefined);
}

/**
 * Checks that a policy can run at all in a shard of so many bytes.
 * @throws RangeError naming what is wrong
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

/** How much a policy can deal with in the memory that a shard sets aside for it. */
export interface PolicyLimits {
  readonly entries: number;
  readonly ghosts: number;
  readonly stateWords: number;
  /** Bytes of all pages. */
  readonly capacityBytes: number;
}

/**
 * As many entries as the shard could hold, and for evicted keys the rest of the memory set aside. A policy with
 * state for every resident entry bounds their number instead: to one for every 100 bytes of the budget (`random`)
 * to 500 (`lfu`, `gdsf`). No entries at all where there is not even room for one, and no more than the store may
 * have (`MOST_ENTRIES`).
 * @param shardBytes what the shard may take; by default, what was asked for last
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

/** As many entries as there is memory for, and no more than there may be. */
function entryBound({ words }: ShardMemory, room: number): number {
  return Math.min(room, words[MOST_ENTRIES]! || room);
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

/** Bits of the stage in its word. */
const STAGE_BITS = 3;
/** Above the stage in its word: which of the texts says what runs now, and which what is to run next. */
const RUNNING_SHIFT = 2;
const NEXT_SHIFT = 4;
const TEXT_BITS = 3;

export function stageOf({ words }: ShardMemory): number {
  return words[POLICY_STAGE]! & STAGE_BITS;
}

/**
 * Enters a stage, in one write. Under the shard's lock.
 * @param adopts whether what was to run next runs now
 */
export function enterStage(memory: ShardMemory, stage: number, adopts: boolean): void {
  const next = nextText(memory);
  writeStage(memory, stage, adopts ? next : runningText(memory), next);
}

/** As `enterStage`, with another choice to run next, in a shard that may take so many bytes. */
export function enterStageFor(
  memory: ShardMemory,
  stage: number,
  choice: PolicyChoice,
  shardBytes: number,
): void {
  const running = runningText(memory);
  // The third text is that of neither: whoever dies while writing it does no harm.
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

/** How many bytes the shard may take, as was asked for last. */
export function askedBytes(memory: ShardMemory): number {
  return memory.words[TEXT_SHARD_BYTES + nextText(memory)]!;
}

/**
 * The policy that was asked for last, read without the lock. A text is written only while it is neither the running one
 * nor the next, and then named by a single write; so one that was named before and behind reading it is whole.
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

/** The policy that the shard's memory says, over its state there. Under the shard's lock. */
export function seatPolicy(memory: ShardMemory, seed: number, evicts: boolean): SeatedPolicy {
  const stage = stageOf(memory);
  const version = memory.words[POLICY_VERSION]!;
  const countsEntries = memory.words[MOST_ENTRIES]! > 0;
  const shardBytes = askedBytes(memory);
  const running = readChoice(memory, runningText(memory));
  const limits = policyLimits(memory, running, memory.words[TEXT_SHARD_BYTES + runningText(memory)]!);
  const policy = stage === ZEROING ? undefined : createPolicy(memory, running, limits, seed);
  if (stage === SETTLED) {
    const entryLimit = limits.entries;
    return {
      choice: running,
      shardBytes,
      policy: policy!,
      handover: undefined,
      entryLimit,
      countsEntries,
      version,
      settledVersion: version,
    };
  }
  const choice = readChoice(memory, nextText(memory));
  const handover = new Handover(memory, policy, stage);
  const next = policyLimits(memory, choice, shardBytes).entries;
  // What is too much for the next policy leaves step by step, not all at once for the next write.
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
    settledVersion: -1,
  };
}

/** Whether another policy than the running one is to run next, or the same in a shard of another size. */
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
