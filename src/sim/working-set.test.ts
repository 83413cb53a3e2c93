import { expect, test } from "bun:test";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { READ, WRITE } from "../replay/records.ts";
import { WorkingSetMeter } from "./working-set.ts";

function batchOf(
  records: readonly (readonly [object: number, size: number, operation?: number])[],
): NumberedBatch {
  const batch = new NumberedBatch(records.length);
  batch.count = records.length;
  batch.hasSizes = records.some(([, size]) => size !== 1);
  batch.hasOperations = records.some(([, , operation]) => operation !== undefined);
  for (const [i, [object, size, operation]] of records.entries()) {
    batch.objects[i] = object;
    batch.size[i] = size;
    batch.operation[i] = operation ?? READ;
  }
  return batch;
}

test("objects of one size", () => {
  const meter = new WorkingSetMeter();
  meter.add(
    batchOf([
      [1, 1],
      [2, 1],
      [1, 1],
    ]),
    2,
  );
  const set = meter.finish();
  expect({ ...set, entriesWithin: [1, 2, 99].map(set.entriesWithin) }).toEqual({
    objects: 2,
    bytes: 2,
    records: 3,
    reads: 3,
    hasSizes: false,
    entriesWithin: [1, 2, 2],
  });
});

test("objects of many sizes: each counts at its largest, and fits at its smallest", () => {
  const meter = new WorkingSetMeter();
  meter.add(
    batchOf([
      [1, 1],
      [2, 1],
    ]),
    2,
  );
  meter.add(
    batchOf([
      [3, 10],
      [1, 5],
      [4, 7, WRITE],
    ]),
    4,
  );
  meter.add(batchOf([[3, 1]]), 4);
  const set = meter.finish();
  expect({ ...set, entriesWithin: [0, 1, 3, 9, 10, 99].map(set.entriesWithin) }).toEqual({
    objects: 4,
    bytes: 5 + 1 + 10 + 7,
    records: 6,
    reads: 5,
    hasSizes: true,
    entriesWithin: [0, 1, 3, 3, 4, 4],
  });
});
