import { resetArena } from "./arena.ts";
import { ChainPlan } from "./chain-plan.ts";
import type { Departures } from "./departures.ts";
import { Draft } from "./draft.ts";
import { resetIndex } from "./index-table.ts";
import { clearPolicyState, type SeatedPolicy, seatPolicy, writePolicyChoice } from "./policy-seat.ts";
import type { PolicyChoice } from "./registry.ts";
import {
  ENTRIES,
  EXPIRING,
  PAYLOAD_BYTES,
  type ShardMemory,
  SWEEP_EPOCH,
  SWEEP_POSITION,
  SWEPT_EPOCH,
  USED_BYTES,
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
    this.seated = seatPolicy(memory, seed);
  }
}

/** Prepares zeroed memory: no entries, all pages free. */
export function formatShard(memory: ShardMemory, choice: PolicyChoice, epoch: number): void {
  resetArena(memory);
  resetIndex(memory);
  memory.words[SWEEP_EPOCH] = epoch;
  memory.words[SWEPT_EPOCH] = epoch;
  writePolicyChoice(memory, choice);
}

/** Takes part in a policy change that another thread made. */
export function seatAgain(shard: Shard): void {
  shard.seated = seatPolicy(shard.memory, shard.seed);
}

/** Removes all entries. */
export function clearShard(shard: Shard): void {
  const { words, floats } = shard.memory;
  words[ENTRIES] = 0;
  words[EXPIRING] = 0;
  words[SWEEP_POSITION] = 0;
  floats[USED_BYTES] = 0;
  floats[PAYLOAD_BYTES] = 0;
  resetArena(shard.memory);
  resetIndex(shard.memory);
  clearPolicyState(shard.memory, shard.seated.choice);
}
