import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { ObjectTable } from "./object-table.ts";

/** Numbers the keys with a Map. */
function expected(keys: readonly bigint[]): number[] {
  const numbers = new Map<bigint, number>();
  return keys.map((key) => {
    if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
    return numbers.get(key)!;
  });
}

function numbered(table: ObjectTable, keys: readonly bigint[], batch: number): number[] {
  const result: number[] = [];
  for (let from = 0; from < keys.length; from += batch) {
    const some = keys.slice(from, from + batch);
    const low = Uint32Array.from(some, (key) => Number(key & 0xffff_ffffn));
    const high = Uint32Array.from(some, (key) => Number(key >> 32n));
    const numbers = new Uint32Array(batch);
    table.number(low, high, some.length, numbers);
    result.push(...numbers.subarray(0, some.length));
  }
  return result;
}

const random = new SeededRandom(1);

test.each([
  ["in order", () => (i: number) => BigInt(i)],
  ["whose lower half is 0", () => (i: number) => BigInt(i) << 32n],
  ["of large steps", () => (i: number) => (BigInt(i) << 44n) | (BigInt(i) << 12n)],
  ["with all bits set above", () => (i: number) => 0xffff_ffff_ffff_ffffn - BigInt(i)],
  [
    "at random, some of them again",
    () => () => (BigInt(random.below(40_000)) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn,
  ],
])("keys %s get numbers in order of appearance, while the table grows", (_, makeKey) => {
  const keys = Array.from({ length: 100_000 }, (_, i) => i).map(makeKey());
  const table = new ObjectTable();
  const numbers = numbered(table, keys, 1000);
  expect(Bun.deepEquals(numbers, expected(keys))).toBe(true);
  expect(table.objects).toBe(new Set(keys).size);
  expect(numbered(table, keys.slice(0, 10), 10)).toEqual(numbers.slice(0, 10));
});
