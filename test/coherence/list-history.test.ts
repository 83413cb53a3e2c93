import { describe, expect, test } from "bun:test";
import { checkHistory } from "./check-history.ts";
import { ORIGIN } from "./history.ts";
import { type Append, historyOfLists, type ListRead, type Loss } from "./list-history.ts";

const BOUND_MS = 100;
let connections = 0;

function append(item: string, startMs: number, endMs: number, more: Partial<Append> = {}): Append {
  const outcome = endMs === Number.POSITIVE_INFINITY ? "unknown" : "done";
  const place = { site: "A", connection: connections++, sequence: 0 };
  return { key: "k", item, startMs, endMs, outcome, how: "APPEND", ...place, ...more };
}

function read(value: string, startMs: number, endMs: number, more: Partial<ListRead> = {}): ListRead {
  const place = { site: "A", connection: connections++, sequence: 0 };
  return { key: "k", value, startMs, endMs, how: "GET", ...place, ...more };
}

/** @param final the value in the end */
function judge(final: string, operations: readonly (Append | ListRead)[], losses: readonly Loss[] = []) {
  const appends = operations.filter((one): one is Append => "item" in one);
  const reads = operations.filter((one): one is ListRead => !("item" in one));
  const records = { appends, reads, seen: [] };
  const { history, lostCount, problems } = historyOfLists(
    records,
    new Map([["k", final]]),
    () => losses,
    BOUND_MS,
  );
  return { rules: checkHistory(history).map(({ rule }) => rule), lostCount, problems };
}

const FAILOVER: Loss = { startMs: 100, endMs: 200, how: "failover" };

describe("without a failover", () => {
  const writes = [append("a", 0, 10), append("b", 20, 30, { site: ORIGIN })];

  test("the order is that of the last value", () => {
    const late = append("c", 1, Number.POSITIVE_INFINITY);
    const operations = [...writes, late, read("", 0, 5), read(";a", 11, 12), read(";a;c", 25, 26)];
    expect(judge(";a;c;b", operations)).toEqual({ rules: [], lostCount: 0, problems: [] });
    expect(judge(";a;c;b", [...operations, read(";a", 27, 28)]).rules).toEqual(["backwards"]);
  });

  test("a read lacks no acknowledged write of its proxy, and none for longer than the bound", () => {
    expect(judge(";a;b", [...writes, read("", 11, 12)]).rules).toEqual(["acknowledged"]);
    expect(judge(";a;b", [...writes, read("", 11, 12, { site: "B" })]).rules).toEqual([]);
    expect(judge(";a;b", [...writes, read(";a", 129, 131)]).rules).toEqual([]);
    expect(judge(";a;b", [...writes, read(";a", 131, 132)]).rules).toEqual(["bound"]);
  });

  test("no acknowledged write vanishes, whether it was seen or not", () => {
    expect(judge(";b", [...writes, read(";a", 11, 12)])).toMatchObject({ lostCount: 1 });
    expect(judge(";b", [...writes, read(";a", 11, 12)]).problems[0]).toContain("no failover explains it");
    expect(judge(";b", writes).problems[0]).toContain("lacks a, which was acknowledged");
    expect(judge("", [append("a", 0, Number.POSITIVE_INFINITY)]).problems).toEqual([]);
  });

  test("no write is executed twice, or although it was refused, or without anybody", () => {
    expect(judge(";a;b;a", writes).problems[0]).toContain("twice");
    expect(judge(";a", [append("a", 0, 1, { outcome: "failed" })]).problems[0]).toContain("was refused");
    expect(judge(";z", []).problems[0]).toContain("nobody has written");
  });
});

describe("a failover that loses acknowledged writes", () => {
  const lost = [append("b", 50, 60), append("c", 70, 80, { site: ORIGIN })];
  const writes = [append("a", 0, 10), ...lost, append("d", 150, 160)];
  const judged = (...reads: ListRead[]) => judge(";a;d", [...writes, ...reads], [FAILOVER]);

  test("is no broken promise: they are counted", () => {
    expect(judged(read(";a;b;c", 90, 91), read(";a", 120, 121), read(";a;d", 161, 162))).toEqual({
      rules: [],
      lostCount: 2,
      problems: [],
    });
  });

  test("takes nothing back before it begins", () => {
    expect(judged(read(";a;b", 90, 91), read(";a", 95, 99)).rules).toEqual(["acknowledged"]);
    expect(judged(read(";a;b;c", 95, 96), read(";a", 95, 101)).rules).toEqual([]);
    expect(judged(read(";a;b;c", 95, 96), read("", 120, 121)).rules).toEqual(["backwards"]);
  });

  test("takes it back for good: what was lost is not read any more behind what was not", () => {
    expect(judged(read(";a;b", 90, 91), read(";a", 120, 121), read(";a;b", 122, 123)).rules).toEqual([
      "backwards",
    ]);
    expect(judged(read(";a;b", 161, 162)).rules).toEqual(["acknowledged"]);
    expect(judged(read(";a;b", 161, 162, { site: "B" })).rules).toEqual([]);
    expect(judged(read(";a;b", 301, 302, { site: "B" })).rules).toEqual(["bound"]);
  });

  test("explains only what was written before it has ended", () => {
    const late = append("e", 201, 210);
    expect(judge(";a;d", [...writes, late, read(";a;d;e", 211, 212)], [FAILOVER]).problems[0]).toContain(
      "lost e",
    );
  });
});

test("a key that is lost as a whole begins anew", () => {
  const writes = [append("a", 0, 10), append("b", 20, 30), append("c", 150, 160)];
  const judged = (...reads: ListRead[]) => judge(";c", [...writes, ...reads], [FAILOVER]);
  expect(judged(read(";a;b", 40, 41), read("", 120, 121), read(";c", 161, 162))).toEqual({
    rules: [],
    lostCount: 2,
    problems: [],
  });
  expect(judged(read(";a;b", 40, 41), read("", 80, 99)).rules).toEqual(["acknowledged"]);
  expect(judged(read("", 120, 121), read(";a;b", 161, 162)).rules).toEqual(["acknowledged"]);
});

test("two losses, one behind the other", () => {
  const again: Loss = { startMs: 300, endMs: 400, how: "failover" };
  const writes = [append("a", 0, 10), append("b", 250, 260), append("c", 350, 360)];
  const judged = (...reads: ListRead[]) => judge(";c", [...writes, ...reads], [FAILOVER, again]);
  expect(judged(read(";a", 90, 91), read("", 120, 121), read(";b", 261, 262), read(";c", 361, 362))).toEqual({
    rules: [],
    lostCount: 2,
    problems: [],
  });
  expect(judged(read(";a", 261, 262)).rules).toEqual([]);
  expect(judged(read("", 120, 121), read(";a", 261, 262)).rules).toEqual(["backwards"]);
  expect(judged(read(";b", 261, 262), read("", 270, 280)).rules).toEqual(["acknowledged"]);
});
