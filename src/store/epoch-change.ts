import type { DeadThreads } from "./dead-threads.ts";
import { clearShard } from "./shard.ts";
import type { Shards } from "./shards.ts";
import { droppedAtEpoch, droppedInSlots, noteFills } from "./store-stats.ts";

/** See `Store.useHashSlots`. */
export function beginHashSlots(shards: Shards): number {
  const { epochs, slotFills } = shards.control;
  if (epochs.usesHashSlots) return 0;
  const mustRemove = epochs.useHashSlots();
  const memories = shards.all.map(({ memory }) => memory);
  const dropped = memories.reduce((sum, memory) => sum + droppedAtEpoch(memory), 0);
  noteFills(memories, slotFills);
  if (mustRemove) shards.underEachLock(clearShard);
  return dropped;
}

/**
 * See `Store.bumpEpoch`.
 * @param dead finishes what needs locks later; undefined: this thread waits for them
 */
export function beginEpoch(
  shards: Shards,
  slots: readonly number[] | undefined,
  dead: DeadThreads | undefined,
): number {
  const { epochs, slotFills } = shards.control;
  const { usesHashSlots } = epochs;
  const mustRemove = epochs.bump(slots);
  const memories = shards.all.map(({ memory }) => memory);
  const dropped = usesHashSlots
    ? droppedInSlots(memories, slotFills, slots)
    : memories.reduce((sum, memory) => sum + droppedAtEpoch(memory), 0);
  // Entries store the lowest 16 bits of their epoch. Long before those repeat, all entries are removed.
  if (!mustRemove) return dropped;
  if (dead === undefined) shards.underEachLock(clearShard);
  else dead.clear(shards.all);
  return dropped;
}
