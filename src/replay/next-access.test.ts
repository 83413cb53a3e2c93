import { expect, test } from "bun:test";
import fc from "fast-check";
import { TemporaryWords } from "../sim/temporary-words.ts";
import { NextAccesses, type WordStorage, WordsInMemory } from "./next-access.ts";
import { NumberedBatch } from "./numbered-batch.ts";
import { DELETE, READ, WRITE } from "./records.ts";

interface Access {
  readonly object: number;
  readonly operation: number;
}

/** How many records ahead the next record of the same object is, if that record is a read. */
function distances(accesses: readonly Access[]): number[] {
  return accesses.map(({ object }, at) => {
    const ahead = accesses.slice(at + 1).findIndex((later) => later.object === object);
    return ahead !== -1 && accesses[at + 1 + ahead]!.operation === READ ? ahead + 1 : 0;
  });
}

function distancesThrough(
  words: WordStorage,
  accesses: readonly Access[],
  objects: number,
  capacity: number,
): number[] {
  using nextAccesses = new NextAccesses(words);
  const batch = new NumberedBatch(capacity);
  for (let from = 0; from < accesses.length; from += capacity) {
    const some = accesses.slice(from, from + capacity);
    batch.count = some.length;
    batch.hasOperations = true;
    for (const [i, access] of some.entries()) {
      batch.objects[i] = access.object;
      batch.operation[i] = access.operation;
    }
    nextAccesses.append(batch);
  }
  nextAccesses.finish(objects);
  const result: number[] = [];
  for (let from = 0; from < accesses.length; from += 7) {
    const count = Math.min(7, accesses.length - from);
    const target = new Uint32Array(7);
    nextAccesses.take(target, count);
    result.push(...target.subarray(0, count));
  }
  return result;
}

const STORAGES = [
  ["a temporary file", () => new TemporaryWords()],
  ["memory", () => new WordsInMemory()],
] as const;

test.each(STORAGES)("with %s gives the next read of every record's object", (_, open) => {
  const access = fc.record({
    object: fc.integer({ min: 1, max: 8 }),
    operation: fc.constantFrom(READ, READ, READ, WRITE, DELETE),
  });
  fc.assert(
    fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
      expect(distancesThrough(open(), accesses, 8, 16)).toEqual(distances(accesses));
    }),
    { numRuns: 100, seed: 4 },
  );
});

test.each(STORAGES)("with %s over more records than are worked on at once", (_, open) => {
  const period = 300_000;
  const accesses = Array.from({ length: 2 * period }, (_, i) => ({
    object: (i % period) + 1,
    operation: READ,
  }));
  const result = distancesThrough(open(), accesses, period, 2 ** 19);
  expect(new Set(result.slice(0, period))).toEqual(new Set([period]));
  expect(new Set(result.slice(period))).toEqual(new Set([0]));
});
