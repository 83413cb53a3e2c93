import { ChainPlan } from "./chain-plan.ts";
import { compact } from "./compaction.ts";
import { freeChain, planEntry } from "./entry.ts";
import { isDetached, isHeldBy, releaseRow, takeRow } from "./pin-table.ts";
import type { Shard } from "./shard.ts";
import { PIN_ROWS, PINNED_BYTES } from "./shard-memory.ts";

/** How pinned entries are let go of. Called with the shard's lock held. */

/** Lets go of what the row stands for, once. The last hold on what is not in the index gives its memory back. */
export function unpin(shard: Shard, row: number): void {
  if (releaseRow(shard.memory, row)) dropRow(shard, row);
}

/**
 * Gives back the memory of all that is only being read and not in the index any more: its readers find it lost.
 * @returns whether there was any
 */
export function voidDetached(shard: Shard): boolean {
  let dropped = false;
  for (let row = 0; row < PIN_ROWS; row++) {
    if (!isDetached(shard.memory, row)) continue;
    dropRow(shard, row);
    dropped = true;
  }
  return dropped;
}

/** Lets go of all that a dead thread held. */
export function dropHolder(shard: Shard, holder: number): void {
  for (let row = 0; row < PIN_ROWS; row++) if (isHeldBy(shard.memory, row, holder)) dropRow(shard, row);
}

/** Ends all holds of a row: who has one finds it void. */
export function dropRow(shard: Shard, row: number): void {
  const { memory } = shard;
  const unpinned = takeRow(memory, row);
  if (unpinned === 0) return;
  const slot = Math.abs(unpinned);
  const plan = new ChainPlan();
  planEntry(memory, slot, plan);
  memory.floats[PINNED_BYTES]! -= plan.bytes;
  if (unpinned > 0) return;
  freeChain(memory, slot);
  compact(shard, plan);
}
