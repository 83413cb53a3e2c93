import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { drawHashKey } from "../lib/hash-key.ts";
import { murmurCollisions } from "../lib/murmur-collisions-fixture.ts";
import { type Trackers, TrackingTable } from "./tracking-table.ts";

function ids(trackers: Trackers | undefined): number[] | undefined {
  if (trackers === undefined) return undefined;
  return typeof trackers === "number" ? [trackers] : [...trackers].sort((a, b) => a - b);
}

type Step =
  | { kind: "add"; key: number; client: number }
  | { kind: "take"; key: number }
  | { kind: "oldest" }
  | { kind: "clear" };

/** Keys of all lengths; some are larger than a chunk of the table under test. */
function keyOf(number: number): Uint8Array {
  return fromLatin1(`${number}:`.padEnd((number * 7) % 150, "\xff"));
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      key: fc.nat(60),
      client: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 30, arbitrary: fc.record({ kind: fc.constant("take" as const), key: fc.nat(60) }) },
  { weight: 15, arbitrary: fc.record({ kind: fc.constant("oldest" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);

describe("the table of tracked keys", () => {
  test("is a map from keys to sets of clients", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new TrackingTable({ isLive: () => true, hashKey: { low: 1, high: 0 }, chunkWords: 32 });
        const model = new Map<string, Set<number>>();
        for (const { kind, ...rest } of steps) {
          if (kind === "add") {
            const { key, client } = rest as { key: number; client: number };
            const bytes = keyOf(key);
            table.add(bytes, 0, bytes.length, client);
            model.set(latin1(bytes), (model.get(latin1(bytes)) ?? new Set()).add(client));
          } else if (kind === "take") {
            const bytes = keyOf((rest as { key: number }).key);
            const expected = model.get(latin1(bytes));
            model.delete(latin1(bytes));
            expect(ids(table.take(bytes, 0, bytes.length))).toEqual(
              expected && [...expected].sort((a, b) => a - b),
            );
          } else if (kind === "oldest") {
            const oldest = table.takeOldest();
            expect(oldest === undefined).toBe(model.size === 0);
            if (oldest !== undefined) {
              const expected = model.get(latin1(oldest.key))!;
              expect(ids(oldest.trackers)).toEqual([...expected].sort((a, b) => a - b));
              model.delete(latin1(oldest.key));
            }
          } else {
            table.clear();
            model.clear();
          }
          expect(table.keyCount).toBe(model.size);
          expect(table.itemCount).toBe([...model.values()].reduce((sum, clients) => sum + clients.size, 0));
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  test("returns the oldest key first", () => {
    const table = new TrackingTable({ isLive: () => true, hashKey: { low: 1, high: 0 }, chunkWords: 64 });
    for (let i = 0; i < 1000; i++) table.add(keyOf(i), 0, keyOf(i).length, 1);
    table.take(keyOf(0), 0, keyOf(0).length);
    for (let i = 1; i < 1000; i++) expect(latin1(table.takeOldest()!.key)).toBe(latin1(keyOf(i)));
    expect(table.takeOldest()).toBeUndefined();
  });

  test("takes no more memory the longer it is used", () => {
    const table = new TrackingTable({ isLive: () => true, hashKey: { low: 1, high: 0 }, chunkWords: 256 });
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    const key = (number: number, length: number) => {
      view.setUint32(0, number);
      return length;
    };
    let mostBytes = 0;
    for (let round = 0; round < 200_000; round++) {
      // Lengths shift over time, and most keys leave in another order.
      table.add(bytes, 0, key(round, 8 + Math.floor(round / 10_000)), 1 + (round % 3));
      const gone = (round * 7919) % (round + 1);
      table.take(bytes, 0, key(gone, 8 + Math.floor(gone / 10_000)));
      while (table.keyCount > 1000) table.takeOldest();
      if (round > 20_000) mostBytes = Math.max(mostBytes, table.memoryBytes);
    }
    const indexBytes = 2 ** 19 * 4;
    expect(mostBytes - indexBytes).toBeLessThan(4 * 1000 * (16 + 28));
  });

  test("drops clients that have gone when others read the same key", () => {
    const gone = new Set<number>();
    const table = new TrackingTable({ isLive: (id) => !gone.has(id), hashKey: { low: 1, high: 0 } });
    const key = fromLatin1("hot");
    for (let id = 1; id <= 1000; id++) {
      table.add(key, 0, key.length, id);
      gone.add(id - 1);
    }
    expect(table.itemCount).toBeLessThan(4);
    expect(ids(table.take(key, 0, key.length))).toContain(1000);
    expect(table.itemCount).toBe(0);
  });

  test("has short chains of keys chosen to collide", () => {
    const table = new TrackingTable({ isLive: () => true, hashKey: drawHashKey() });
    const keys = murmurCollisions(36_000);
    for (const key of keys) table.add(key, 0, key.length, 1);
    expect(table.keyCount).toBe(keys.length);
    expect(table.longestChain()).toBeLessThan(10);
    for (const key of keys) expect(table.take(key, 0, key.length)).toBe(1);
  });
});
