import type { SlotList } from "./slot-list.ts";

/** Most entries counted: the caller holds the shard's lock. */
const MOST_COUNTED = 10_000;

/**
 * Returns the place of an entry in its queue, for `Policy.explain`: 1 leaves next. Each shard of a store has a queue
 * of its own.
 */
export function rankIn(queue: SlotList, slot: number): { rank: number | string } {
  const before = queue.countBefore(slot, MOST_COUNTED);
  return { rank: before < MOST_COUNTED ? before + 1 : `over ${MOST_COUNTED}` };
}
