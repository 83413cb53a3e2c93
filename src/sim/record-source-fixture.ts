import { READ, RecordBatch, type RecordSource } from "../replay/records.ts";

/** A record as tests write it. By default, a read of one byte at time 0. */
export interface TestRecord {
  readonly key: number;
  readonly size?: number;
  readonly operation?: number;
  readonly timeMs?: number;
  readonly ttlMs?: number;
  readonly family?: number;
}

/** Makes a trace from a list. */
export function sourceOf(
  records: readonly TestRecord[],
  overrides: Partial<RecordSource> = {},
): RecordSource {
  return {
    name: "test",
    hasSizes: records.some(({ size }) => size !== undefined),
    isRepeatable: true,
    extent: records.length,
    async read(consume, progress) {
      const batch = new RecordBatch(100);
      for (let at = 0; at < records.length; at += batch.count) {
        const some = records.slice(at, at + batch.capacity);
        batch.count = some.length;
        for (const [i, record] of some.entries()) {
          // Uses both halves of the key.
          batch.keyLow[i] = record.key >>> 1;
          batch.keyHigh[i] = record.key & 1;
          batch.size[i] = record.size ?? 1;
          batch.operation[i] = record.operation ?? READ;
          batch.timeMs[i] = record.timeMs ?? 0;
          batch.ttlMs[i] = record.ttlMs ?? 0;
          batch.family[i] = record.family ?? 0;
        }
        if (!(await consume(batch))) return;
        progress?.(at + batch.count);
      }
    },
    ...overrides,
  };
}
