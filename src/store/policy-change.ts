import type { PolicyChoice } from "../policy/registry.ts";
import { lowerPageLimit, raisePageLimit } from "./arena.ts";
import { DRAINING, FILLING, SETTLED, ZEROING } from "./handover.ts";
import { evictOne } from "./leaving.ts";
import { voidDetached } from "./pins.ts";
import { enterStage, enterStageFor, hasNextChoice, policyLimits, stageOf } from "./policy-seat.ts";
import { type Shard, seatAgain } from "./shard.ts";
import { ENTRIES, FREE_PAGES, HANDED_ENTRIES, PAGE_LIMIT, roomWithin, ZEROED_WORDS } from "./shard-memory.ts";

/**
 * How a shard changes its policy, or the number of bytes that it may take, for which its policy begins anew: in steps, so that nobody waits for long, each under the shard's lock, by whichever
 * thread comes along. Between them the shard is in use as ever. Old and new policy have the same memory for their
 * state, so there are three stages:
 *
 * 1. draining: the old policy's entries go to a list, next victims first; new ones still come to the policy.
 * 2. zeroing: entries beyond what the new policy can deal with, or the new size holds, are evicted, and the policy's
 *    state is zeroed. Pages that become free are taken away until no more than the new size's may be in use. Where that
 *    is more than before, they may from the end of this stage on.
 * 3. filling: the entries go from the list to the new policy, each with its rank in the list, so that it can tell those
 *    that are worth more from the others; new ones come to the end of the list, and are new to the policy, too.
 *
 * Emptying a shard is a change as well, which begins with the second stage and no entries (`clearShard`). All that a
 * stage needs to know is in the shard's memory, and it is entered by a single write: whatever a thread that dies
 * leaves behind can be emptied.
 */

/** Words that count as one step. */
const WORDS_PER_STEP = 1024;

/**
 * Begins to change to another policy, or another size. A change that is under way gets another aim, or is done first.
 * @param shardBytes what the shard may take; by default, what was asked for last
 */
export function beginChange(
  shard: Shard,
  choice: PolicyChoice,
  shardBytes: number = shard.seated.shardBytes,
): void {
  const { memory } = shard;
  const stage = stageOf(memory);
  enterStageFor(memory, stage === SETTLED ? DRAINING : stage, choice, shardBytes);
  seatAgain(shard);
  // Where nothing may be evicted, no page may come into use that has to go.
  if (!shard.evicts) lowerPageLimit(memory, roomWithin(shardBytes, memory.pageShift).pages);
}

/**
 * Takes a change of the policy further, if there is one.
 * @param steps how many entries are handed over or evicted, or times 1,024 words of state zeroed, at most
 * @returns the steps that were left over: none, unless the change is over
 */
export function continuePolicyChange(shard: Shard, epoch: number, steps: number): number {
  let left = steps;
  while (left > 0 && shard.seated.handover !== undefined) {
    switch (stageOf(shard.memory)) {
      case DRAINING:
        left = drain(shard, left);
        break;
      case ZEROING:
        left = zero(shard, epoch, left);
        break;
      default:
        left = fill(shard, left);
    }
  }
  return left;
}

/** @throws RangeError where nothing may be evicted and more is there than a policy can deal with, or a size holds */
export function checkRoom({ memory }: Shard, choice: PolicyChoice, shardBytes: number): void {
  const { words } = memory;
  if (words[PAGE_LIMIT]! - words[FREE_PAGES]! > roomWithin(shardBytes, memory.pageShift).pages) {
    throw new RangeError("more is stored than that holds, and nothing may be evicted");
  }
  if (words[ENTRIES]! > policyLimits(memory, choice, shardBytes).entries) {
    throw new RangeError(
      `policy ${choice.type.name} cannot deal with as many entries as there are, and none may be evicted`,
    );
  }
}

function drain(shard: Shard, steps: number): number {
  const handover = shard.seated.handover!;
  for (let left = steps; left > 0; left--) {
    if (handover.takeOver()) continue;
    shard.memory.words[ZEROED_WORDS] = 0;
    enterStage(shard.memory, ZEROING, false);
    seatAgain(shard);
    return left - 1;
  }
  return 0;
}

function zero(shard: Shard, epoch: number, steps: number): number {
  const { memory } = shard;
  const { words } = memory;
  const { choice, shardBytes } = shard.seated;
  const { entries, stateWords } = policyLimits(memory, choice, shardBytes);
  const { pages } = roomWithin(shardBytes, memory.pageShift);
  let left = steps;
  for (; words[ENTRIES]! > entries || !(lowerPageLimit(memory, pages) || !shard.evicts); left--) {
    if (left === 0) return 0;
    // What is only being written little by little has to come to its end first.
    if (!evictOne(shard, epoch, 0) && !voidDetached(shard)) return 0;
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
  seatAgain(shard);
  return left;
}

function fill(shard: Shard, steps: number): number {
  const handover = shard.seated.handover!;
  for (let left = steps; left > 0; left--) {
    if (handover.handOver()) continue;
    enterStage(shard.memory, hasNextChoice(shard.memory) ? DRAINING : SETTLED, false);
    seatAgain(shard);
    return left - 1;
  }
  return 0;
}
