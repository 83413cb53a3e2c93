import type { PolicyChoice } from "../policy/registry.ts";
import { resetArena } from "./arena.ts";
import { ChainPlan } from "./chain-plan.ts";
import type { Departures } from "./departures.ts";
import { Draft } from "./draft.ts";
import { SETTLED, ZEROING } from "./handover.ts";
import { resetIndex } from "./index-table.ts";
import { voidPins } from "./pin-table.ts";
import {
  askedBytes,
  enterStage,
  enterStageFor,
  type SeatedPolicy,
  seatPolicy,
  stageOf,
} from "./policy-seat.ts";
import {
  ENTRIES,
  EXPIRING,
  PAYLOAD_BYTES,
  type ShardMemory,
  SWEEP_EPOCH,
  SWEEP_POSITION,
  SWEPT_EPOCH,
  USED_BYTES,
  VARIANTS,
  WAITING_ENTRIES,
  WAITING_LIST,
  ZEROED_WORDS,
} from "./shard-memory.ts";

/** A shard and its beginnings. What happens to entries is in `reading.ts`, `storing.ts` and `leaving.ts`. */

/** One thread's hold on a shard. What threads share is all in `memory`. */
export class Shard {
  readonly memory: ShardMemory;
  /** Whether entries are evicted to make room; otherwise writes are refused. */
  readonly evicts: boolean;
  readonly departures: Departures;
  readonly seed: number;
  seated: SeatedPolicy;
  /** In use during one operation: the entry to be stored, its plan, and that of an entry that leaves. */
  readonly draft: Draft = new Draft();
  readonly plan: ChainPlan = new ChainPlan();
  readonly leavingPlan: ChainPlan = new ChainPlan();

  constructor(memory: ShardMemory, evicts: boolean, departures: Departures, seed: number) {
    this.memory = memory;
    this.evicts = evicts;
    this.departures = departures;
    this.seed = seed;
    this.seated = seatPolicy(memory, seed, evicts);
  }
}

/** Prepares memory that was just taken, with or without `MOST_ENTRIES`: no entries, all pages free. */
export function formatShard(memory: ShardMemory, choice: PolicyChoice, epoch: number): void {
  resetArena(memory);
  resetIndex(memory);
  memory.words[SWEEP_EPOCH] = epoch;
  memory.words[SWEPT_EPOCH] = epoch;
  enterStageFor(memory, SETTLED, choice, askedBytes(memory));
  enterStage(memory, SETTLED, true);
}

/** Takes note of what was written about the policy. */
export function seatAgain(shard: Shard): void {
  shard.seated = seatPolicy(shard.memory, shard.seed, shard.evicts);
}

/** Removes all entries, without a walk; who reads or writes one little by little finds it lost. */
export function clearShard(shard: Shard): void {
  const { words, floats } = shard.memory;
  words[ENTRIES] = 0;
  words[EXPIRING] = 0;
  words[VARIANTS] = 0;
  words[SWEEP_POSITION] = 0;
  floats[USED_BYTES] = 0;
  floats[PAYLOAD_BYTES] = 0;
  voidPins(shard.memory);
  resetArena(shard.memory);
  resetIndex(shard.memory);
  emptyPolicy(shard);
}

/** Lets the policy begin anew, once its state is zeroed: see `policy-change.ts`. */
function emptyPolicy(shard: Shard): void {
  const { memory } = shard;
  const { words } = memory;
  words[WAITING_LIST] = 0;
  words[WAITING_LIST + 1] = 0;
  words[WAITING_ENTRIES] = 0;
  // While it is being zeroed, nobody writes to the policy's state.
  if (stageOf(memory) !== ZEROING) words[ZEROED_WORDS] = 0;
  enterStage(memory, ZEROING, false);
  seatAgain(shard);
}
