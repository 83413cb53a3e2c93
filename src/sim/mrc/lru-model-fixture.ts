import { DELETE, EXPIRE, READ } from "../../replay/records.ts";
import type { TestRecord } from "../record-source-fixture.ts";

export interface ModelCounts {
  requests: number;
  misses: number;
  bytesMissed: number;
}

/** An LRU cache as a list, most recent first: slow and obvious. Ignores times to live. */
export function modelLru(
  records: readonly TestRecord[],
  capacity: number,
  { isWeighed = false, drops = false, warmup = 0 } = {},
): ModelCounts {
  const cache: { key: number; weight: number }[] = [];
  const counts: ModelCounts = { requests: 0, misses: 0, bytesMissed: 0 };
  for (const [i, { key, size = 1, operation = READ }] of records.entries()) {
    if (operation === EXPIRE && !drops) continue;
    const weight = isWeighed ? size : 1;
    const at = cache.findIndex((entry) => entry.key === key);
    const isHit = at >= 0 && weight <= capacity;
    if (at >= 0) cache.splice(at, 1);
    if (operation === READ && i >= warmup) {
      counts.requests++;
      if (!isHit) {
        counts.misses++;
        counts.bytesMissed += size;
      }
    }
    if (operation === DELETE || (operation !== READ && drops) || weight > capacity) continue;
    cache.unshift({ key, weight });
    while (cache.reduce((sum, entry) => sum + entry.weight, 0) > capacity) cache.pop();
  }
  return counts;
}
