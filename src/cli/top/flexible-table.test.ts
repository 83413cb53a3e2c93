import { expect, test } from "bun:test";
import fc from "fast-check";
import { widthOf } from "../wrapping.ts";
import { type Column, tableText } from "./flexible-table.ts";

interface Row {
  readonly name: string;
  readonly rate: string;
  readonly size: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "key", importance: 9, leastCells: 5, cell: ({ name }) => name },
  { title: "rate", importance: 8, cell: ({ rate }) => rate },
  { title: "size", importance: 1, cell: ({ size }) => size },
];
const ROWS = [
  { name: "user:1234", rate: "12.5", size: "1 KB" },
  { name: "漢字", rate: "3", size: "12 MB" },
];

test.each([
  [40, ["key        rate   size", "user:1234  12.5   1 KB", "漢字          3  12 MB"]],
  [20, ["key      rate   size", "user:1…  12.5   1 KB", "漢字        3  12 MB"]],
  [17, ["key        rate", "user:1234  12.5", "漢字          3"]],
  [12, ["key     rate", "user:…  12.5", "漢字       3"]],
  [8, ["key", "user:12…", "漢字"]],
  [3, ["key", "us…", "漢…"]],
])("at %d columns", (width, expected) => {
  const { head, rows } = tableText(COLUMNS, ROWS, width);
  expect([head, ...rows]).toEqual(expected);
});

test("never wider than there is room", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "漢", "é", " ", "👍") });
  const row = fc.record({ name: text, rate: text, size: text });
  fc.assert(
    fc.property(fc.array(row), fc.integer({ min: 1, max: 60 }), (rows, width) => {
      const laid = tableText(COLUMNS, rows, width);
      for (const line of [laid.head, ...laid.rows]) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
    { seed: 3, numRuns: 500 },
  );
});
