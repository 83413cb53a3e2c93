import { expect, test } from "bun:test";
import { visitBucket } from "./bucket-walk.ts";
import { HASH } from "./entry-layout.ts";
import { nextPosition, reverseBits } from "./index-table.ts";
import { keyIn } from "./key-fixture.ts";
import { ShardMemory } from "./shard-memory.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

test("a bucket has the entries from a position on up to the next bucket, with their hashes", () => {
  const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 5, high: 1 } });
  const hashes = Array.from({ length: 3000 }, (_, i) => {
    const key = keyIn(store, `${i}`);
    expect(store.set(key, new Uint8Array(1), 0, NOW_MS)).toBe("stored");
    return key.hash;
  });
  const memory = new ShardMemory(store.handle.shards[0]!);
  const positions = hashes.map(reverseBits).toSorted((a, b) => a - b);
  const visited = (position: number): number[] => {
    const found: number[] = [];
    visitBucket(memory, position, (slot, hash) => {
      expect(memory.words[slot * 2 + HASH]! >>> 0).toBe(hash);
      found.push(reverseBits(hash));
    });
    return found.toSorted((a, b) => a - b);
  };
  for (const one of positions) {
    for (const position of [one, Math.min(one + 1, 2 ** 32 - 1)]) {
      const end = nextPosition(memory, position);
      expect(visited(position)).toEqual(positions.filter((other) => other >= position && other < end));
    }
  }
});
