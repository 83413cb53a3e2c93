import { describe, expect, test } from "bun:test";
import { HistorySearch } from "./history-search.ts";
import { widthOf } from "./wrapping.ts";

const LONG = `SET ${"x".repeat(120)} needle ${"y".repeat(120)}`;
const HISTORY = ["GET a", "PUT b=1", "GET a", "get b", LONG];

describe("Ctrl-R", () => {
  test("finds the newest line first, then older ones that differ", () => {
    const search = new HistorySearch(HISTORY);
    expect(search.shown(80)).toBe("(search) : ");
    expect(search.line).toBe("");
    search.add("g");
    expect(search.shown(80)).toBe("(search) g: GET a");
    search.older();
    expect(search.line).toBe("get b");
    search.older();
    expect(search.shown(80)).toBe("(not found) g: get b");
    search.erase();
    search.add("pu");
    expect(search.line).toBe("PUT b=1");
    search.add("x");
    expect(search.shown(80)).toBe("(not found) pux: PUT b=1");
    search.erase();
    expect(search.shown(80)).toBe("(search) pu: PUT b=1");
  });

  test("without a history", () => {
    const search = new HistorySearch([]);
    search.add("a");
    search.older();
    expect(search.line).toBe("");
    expect(search.shown(80)).toBe("(not found) a: ");
  });

  test.each([40, 80, 200])("stays in one row of %d columns, with the match", (columns) => {
    const search = new HistorySearch(HISTORY);
    search.add("needle");
    expect(search.line).toBe(LONG);
    expect(widthOf(search.shown(columns))).toBeLessThan(columns);
    expect(search.shown(columns)).toContain("needle y");
  });
});
