import type { PolicyChoice } from "../policy/registry.ts";
import { lowerPageLimit, raisePageLimit } from "./arena.ts";
import { DRAINING, FILLING, STEADY, ZEROING } from "./handover.ts";
import { evictOne } from "./leaving.ts";
import { voidDetached } from "./pins.ts";
import { refreshPolicy, type Shard } from "./shard.ts";
import { ENTRIES, FREE_PAGES, HANDED_ENTRIES, PAGE_LIMIT, roomWithin, ZEROED_WORDS } from "./shard-memory.ts";
import { enterStage, enterStageFor, hasNextChoice, policyLimits, stageOf } from "./shard-policy.ts";

/**
 * Changes a shard's policy, or the number of bytes that the shard may take (its policy then starts afresh). The
 * change goes in steps, each under the shard's lock, done by any thread that uses the shard, so that no thread waits
 * for long. The shard serves requests between the steps. Old and new policy share one memory for their state, so
 * there are three stages:
 *
 * 1. draining: the old policy's entries move to a list, next victims first. New entries still go to the old policy.
 * 2. zeroing: the entries that the new policy or the new size has no room for are evicted, and the policy's state is
 *    zeroed. A smaller size takes away pages as they become free, until its limit is reached. A larger size raises
 *    the limit at the end of this stage.
 * 3. filling: the entries move from the list to the new policy. Each has its rank in the list, so that the policy can
 *    tell valuable entries from others. New entries go to the end of the list, and are new to the policy, too.
 *
 * Emptying a shard is a change as well: it begins with the second stage, without entries (`clearShard`). The shard's
 * memory holds everything that a stage needs, and a single write enters a stage. So a change that a dead thread
 * leaves behind can be replaced by an emptied shard.
 */

/** The words that are zeroed in one step. */
const WORDS_PER_STEP = 1024;

/**
 * Begins a change to another policy or another size. A change under way gets a new goal, or is completed first.
 * @param shardBytes the bytes that the shard may take; the size asked for last by default
 */
export function beginChange(
  shard: Shard,
  choice: PolicyChoice,
  shardBytes: number = shard.current.shardBytes,
): void {
  const { memory } = shard;
  const stage = stageOf(memory);
  enterStageFor(memory, stage === STEADY ? DRAINING : stage, choice, shardBytes);
  refreshPolicy(shard);
  // In a store that never evicts, no page may come into use that would have to be taken away.
  if (!shard.evicts) lowerPageLimit(memory, roomWithin(shardBytes, memory.pageShift).pages);
}

/**
 * Continues a policy change, if there is one.
 * @param steps the most entries to hand over or evict, or blocks of 1,024 words to zero
 * @returns the steps left over: none, unless the change is over
 */
export function continuePolicyChange(shard: Shard, steps: number): number {
  let left = steps;
  while (left > 0 && shard.current.handover !== undefined) {
    switch (stageOf(shard.memory)) {
      case DRAINING:
        left = drain(shard, left);
        break;
      case ZEROING:
        left = zero(shard, left);
        break;
      default:
        left = fill(shard, left);
    }
  }
  return left;
}

/** @throws RangeError if the store never evicts, and holds more than the policy or the size has room for */
export function checkRoom({ memory }: Shard, choice: PolicyChoice, shardBytes: number): void {
  const { words } = memory;
  if (words[PAGE_LIMIT]! - words[FREE_PAGES]! > roomWithin(shardBytes, memory.pageShift).pages) {
    throw new RangeError("more is stored than that holds, and nothing may be evicted");
  }
  if (words[ENTRIES]! > policyLimits(memory, choice, shardBytes).entries) {
    throw new RangeError(
      `policy ${choice.type.name} has room for fewer entries than are stored, and none may be evicted`,
    );
  }
}

function drain(shard: Shard, steps: number): number {
  const handover = shard.current.handover!;
  for (let left = steps; left > 0; left--) {
    if (handover.takeOver()) continue;
    shard.memory.words[ZEROED_WORDS] = 0;
    enterStage(shard.memory, ZEROING, false);
    refreshPolicy(shard);
    return left - 1;
  }
  return 0;
}

function zero(shard: Shard, steps: number): number {
  const { memory } = shard;
  const { words } = memory;
  const { choice, shardBytes } = shard.current;
  const { entries, stateWords } = policyLimits(memory, choice, shardBytes);
  const { pages } = roomWithin(shardBytes, memory.pageShift);
  let left = steps;
  for (; words[ENTRIES]! > entries || !(lowerPageLimit(memory, pages) || !shard.evicts); left--) {
    if (left === 0) return 0;
    // An entry that is still being written must be completed or released first.
    if (!evictOne(shard, 0) && !voidDetached(shard)) return 0;
  }
  for (; words[ZEROED_WORDS]! < stateWords; left--) {
    if (left === 0) return 0;
    const from = words[ZEROED_WORDS]!;
    const to = Math.min(from + WORDS_PER_STEP, stateWords);
    memory.policyState.fill(0, from, to);
    words[ZEROED_WORDS] = to;
  }
  raisePageLimit(memory, pages);
  memory.policySums.fill(0);
  words[HANDED_ENTRIES] = 0;
  enterStage(memory, FILLING, true);
  refreshPolicy(shard);
  return left;
}

function fill(shard: Shard, steps: number): number {
  const handover = shard.current.handover!;
  for (let left = steps; left > 0; left--) {
    if (handover.handOver()) continue;
    enterStage(shard.memory, hasNextChoice(shard.memory) ? DRAINING : STEADY, false);
    refreshPolicy(shard);
    return left - 1;
  }
  return 0;
}
