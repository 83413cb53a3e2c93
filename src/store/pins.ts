import { ChainPlan } from "./chain-plan.ts";
import { compact } from "./compaction.ts";
import { freeChain, planEntry } from "./entry.ts";
import { isDetached, isHeldBy, releaseRow, takeRow } from "./pin-table.ts";
import type { Shard } from "./shard.ts";
import { PIN_ROWS, PINNED_BYTES } from "./shard-memory.ts";

/** Unpins entries. All functions expect the shard's lock to be held. */

/** Removes one pin of a row. The last pin of an entry that is not in the index frees its memory. */
export function unpin(shard: Shard, row: number): void {
  if (releaseRow(shard.memory, row)) dropRow(shard, row);
}

/**
 * Frees the memory of entries that have left the index and are pinned by readers only. The readers find them lost.
 * @returns whether there were any
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

/** Removes all pins of a dead thread. */
export function dropHolder(shard: Shard, holder: number): void {
  for (let row = 0; row < PIN_ROWS; row++) if (isHeldBy(shard.memory, row, holder)) dropRow(shard, row);
}

/** Removes all pins of a row; their owners find them void. */
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
