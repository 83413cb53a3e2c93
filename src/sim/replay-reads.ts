import type { Policy } from "../cache/policy.ts";

/**
 * Replays reads of objects of equal weight that live for ever: the common case, and the loop that everything waits
 * for. Slots are handed out in order until the cache is full.
 * @param resident how many entries there are
 * @returns how many reads missed; so many entries more are resident now, up to `maxEntries`
 */
export function replayReads(
  policy: Policy,
  objects: Uint32Array,
  from: number,
  to: number,
  slotOf: Int32Array,
  objectOf: Uint32Array,
  maxEntries: number,
  resident: number,
): number {
  let misses = 0;
  for (let i = from; i < to; i++) {
    const object = objects[i]!;
    let slot = slotOf[object]!;
    if (slot !== 0) {
      policy.hit(slot);
      continue;
    }
    misses++;
    policy.miss(object);
    if (resident === maxEntries) {
      slot = policy.evict(object);
      slotOf[objectOf[slot]!] = 0;
    } else {
      slot = ++resident;
    }
    objectOf[slot] = object;
    slotOf[object] = slot;
    policy.insert(slot, object);
  }
  return misses;
}
