import type { RecordSource } from "./records.ts";

/** The first records of a source, as many as `limit`. */
export function limitSource(source: RecordSource, limit: number): RecordSource {
  return {
    name: source.name,
    hasSizes: source.hasSizes,
    isRepeatable: source.isRepeatable,
    // Counted in records from here on: how many there are is not known, but how many are wanted.
    extent: limit,
    async read(consume, progress) {
      let left = limit;
      await source.read(async (batch) => {
        batch.count = Math.min(batch.count, left);
        left -= batch.count;
        const goesOn = await consume(batch);
        progress?.(limit - left);
        return goesOn && left > 0;
      });
    },
  };
}
