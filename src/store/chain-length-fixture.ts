import { nextInBucket } from "./bucket-walk.ts";
import { HASH } from "./entry-layout.ts";
import { wordOfBucket } from "./index-table.ts";
import { BUCKET_COUNT, ShardMemory } from "./shard-memory.ts";
import type { Store } from "./store.ts";

/** Returns the length of the longest chain in the index, and the number of different hashes. */
export function chainsOf(store: Store): { longest: number; hashes: number } {
  const hashes = new Set<number>();
  let longest = 0;
  for (const buffer of store.handle.shards) {
    const memory = new ShardMemory(buffer);
    for (let bucket = 0; bucket < memory.words[BUCKET_COUNT]!; bucket++) {
      let length = 0;
      for (
        let slot = memory.words[wordOfBucket(memory, bucket)]!;
        slot !== 0;
        slot = nextInBucket(memory, slot)
      ) {
        hashes.add(memory.words[slot * 2 + HASH]!);
        length++;
      }
      longest = Math.max(longest, length);
    }
  }
  return { longest, hashes: hashes.size };
}
