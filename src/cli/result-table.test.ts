import { expect, test } from "bun:test";
import type { ResultRow } from "../sim/runner.ts";
import { csvHeader, formatCsvLines, formatJsonLines } from "./result-lines.ts";
import { formatResults } from "./result-table.ts";

function row(policy: string, size: number, misses: number, more: Partial<ResultRow> = {}): ResultRow {
  return {
    trace: "a.csv",
    policy,
    size,
    sizeUnit: "entries",
    requests: 1000,
    misses,
    missRatio: misses / 1000,
    bytesMissed: misses,
    byteMissRatio: misses / 1000,
    seconds: 0.5,
    ...more,
  };
}

const ROWS = [
  row("lru", 10, 500),
  row("s3-fifo(small=0.2)", 10, 450),
  row("belady", 10, 300),
  row("lru", 2000, 100),
  row("s3-fifo(small=0.2)", 2000, 100),
  row("belady", 2000, 100),
];

test("policies down, sizes across; the best of each size marked, the optimum left out of it", () => {
  expect(`\n${formatResults(ROWS, 80)}\n`).toBe(`
Miss ratio                10     2,000
lru                   50.00%  * 10.00%
s3-fifo(small=0.2)  * 45.00%  * 10.00%
belady                30.00%    10.00%

Above belady, points     10  2,000
lru                   20.00   0.00
s3-fifo(small=0.2)    15.00   0.00
`);
});

test("sizes that do not fit go below", () => {
  expect(`\n${formatResults(ROWS, 30).split("\n\n").slice(0, 2).join("\n\n")}\n`).toBe(`
Miss ratio                10
lru                   50.00%
s3-fifo(small=0.2)  * 45.00%
belady                30.00%

Miss ratio             2,000
lru                 * 10.00%
s3-fifo(small=0.2)  * 10.00%
belady                10.00%
`);
});

test("bytes if they differ from requests; a single policy is not marked", () => {
  const rows = [row("lru", 64 * 1024 ** 2, 500, { sizeUnit: "bytes", byteMissRatio: 0.75 })];
  expect(`\n${formatResults(rows, 80)}\n`).toBe(`
Miss ratio   64 MB
lru         50.00%

Byte miss ratio   64 MB
lru              75.00%
`);
});

test("windows and families", () => {
  const windows = [
    { from: 0, requests: 500, misses: 400, missRatio: 0.8, byteMissRatio: 0.8 },
    { from: 500, requests: 500, misses: 100, missRatio: 0.2, byteMissRatio: 0.2 },
  ];
  const families = Array.from({ length: 21 }, (_, i) => ({
    family: `user${i}:`,
    requests: 50,
    misses: 25,
    missRatio: 0.5,
  }));
  const text = formatResults([row("lru", 10, 500, { windows, families })], 80);
  expect(text).toContain(`
Miss ratio from record, 10 entries     lru
0                                   80.00%
500                                 20.00%
`);
  expect(text).toContain(`
Misses by prefix: lru, 10 entries  misses  of all  requests  miss ratio
user0:                                 25   5.00%        50      50.00%
`);
  expect(text).toEndWith("\nand 1 more");
});

test("lines for programs", () => {
  expect(
    formatJsonLines([ROWS[0]!])
      .split("\n")
      .map((line) => (line === "" ? "" : JSON.parse(line))),
  ).toEqual([ROWS[0], ""]);
  expect(csvHeader() + formatCsvLines([row("s3-fifo(small=0.1,ghost=0.5)", 10, 500)])).toBe(
    "trace,policy,size,sizeUnit,requests,misses,missRatio,bytesMissed,byteMissRatio,seconds\n" +
      'a.csv,"s3-fifo(small=0.1,ghost=0.5)",10,entries,1000,500,0.5,500,0.5,0.5\n',
  );
});
