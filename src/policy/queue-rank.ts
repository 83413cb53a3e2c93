import type { SlotList } from "./slot-list.ts";

/** Entries counted at most: whoever asks holds the shard's lock. */
const MOST_COUNTED = 10_000;

/** The place of an entry in its queue, for `Policy.explain`: 1 leaves next. One shard of a store has one queue. */
export function rankIn(queue: SlotList, slot: number): { rank: number | string } {
  const before = queue.countBefore(slot, MOST_COUNTED);
  return { rank: before < MOST_COUNTED ? before + 1 : `over ${MOST_COUNTED}` };
}
