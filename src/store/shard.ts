import type { PolicyChoice } from "../policy/registry.ts";
import { resetArena } from "./arena.ts";
import { ChainPlan } from "./chain-plan.ts";
import { Draft } from "./draft.ts";
import type { Epochs } from "./epochs.ts";
import { STEADY, ZEROING } from "./handover.ts";
import { resetIndex } from "./index-table.ts";
import { voidPins } from "./pin-table.ts";
import type { Removals } from "./removals.ts";
import {
  ENTRIES,
  EXPIRING,
  PAYLOAD_BYTES,
  type ShardMemory,
  SWEEP_POSITION,
  USED_BYTES,
  VALUES_BYTES,
  VARIANTS,
  WAITING_ENTRIES,
  WAITING_LIST,
  ZEROED_WORDS,
} from "./shard-memory.ts";
import {
  askedBytes,
  enterStage,
  enterStageFor,
  readShardPolicy,
  type ShardPolicy,
  stageOf,
} from "./shard-policy.ts";

/**
 * A shard, and how it is initialised. `reading.ts`, `storing.ts` and `leaving.ts` read, store and remove its entries.
 */

/** One thread's view of a shard. Everything that threads share is in `memory`. */
export class Shard {
  readonly memory: ShardMemory;
  /** Those of the whole store. */
  readonly epochs: Epochs;
  /** Whether entries are evicted to make room; otherwise writes are refused. */
  readonly evicts: boolean;
  readonly removals: Removals;
  readonly seed: number;
  current: ShardPolicy;
  /** Used within one operation: the entry to be stored, its plan, and the plan of an entry that leaves. */
  readonly draft: Draft = new Draft();
  readonly plan: ChainPlan = new ChainPlan();
  readonly leavingPlan: ChainPlan = new ChainPlan();

  constructor(memory: ShardMemory, epochs: Epochs, evicts: boolean, removals: Removals, seed: number) {
    this.memory = memory;
    this.epochs = epochs;
    this.evicts = evicts;
    this.removals = removals;
    this.seed = seed;
    this.current = readShardPolicy(memory, seed, evicts);
  }
}

/** Formats new memory: no entries, all pages free. `MOST_ENTRIES` may have been set before. */
export function formatShard(memory: ShardMemory, choice: PolicyChoice): void {
  resetArena(memory);
  resetIndex(memory);
  enterStageFor(memory, STEADY, choice, askedBytes(memory));
  enterStage(memory, STEADY, true);
}

/** Adopts a policy change that was written to the shard's memory. */
export function refreshPolicy(shard: Shard): void {
  shard.current = readShardPolicy(shard.memory, shard.seed, shard.evicts);
}

/** Removes all entries without a walk. Readers and writers of pinned entries find them lost. */
export function clearShard(shard: Shard): void {
  const { words, floats } = shard.memory;
  words[ENTRIES] = 0;
  words[EXPIRING] = 0;
  words[VARIANTS] = 0;
  words[SWEEP_POSITION] = 0;
  floats[USED_BYTES] = 0;
  floats[PAYLOAD_BYTES] = 0;
  floats[VALUES_BYTES] = 0;
  voidPins(shard.memory);
  resetArena(shard.memory);
  resetIndex(shard.memory);
  emptyPolicy(shard);
}

/** Starts the policy afresh once its state is zeroed (see `policy-change.ts`). */
function emptyPolicy(shard: Shard): void {
  const { memory } = shard;
  const { words } = memory;
  words[WAITING_LIST] = 0;
  words[WAITING_LIST + 1] = 0;
  words[WAITING_ENTRIES] = 0;
  // No thread writes to the policy's state while it is being zeroed.
  if (stageOf(memory) !== ZEROING) words[ZEROED_WORDS] = 0;
  enterStage(memory, ZEROING, false);
  refreshPolicy(shard);
}
