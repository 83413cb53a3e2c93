/** How the tables are read, beside `command-facts.test.ts`, which holds what they say against Redis. */
import { describe, expect, test } from "bun:test";
import {
  CATEGORIES,
  changesKeys,
  type FactsRow,
  isSameInBoth,
  keyRange,
  keysOf,
  readFacts,
} from "./facts.ts";

/** The facts of a command with these keys. */
const using = (uses: string, reply = "status") =>
  readFacts("string", ["name", -1, "fast", uses, reply, "1.0.0"]);

describe("a row of the tables", () => {
  test("has all that it says", () => {
    const row: FactsRow = [
      "name",
      3,
      "write  fast",
      "reads 1; creates:RW 2..-1/2",
      "status|integer",
      "1.2.3",
    ];
    const { name, arity, flags, group, since, family, number, reply } = readFacts("generic", row);
    expect([name, arity, flags, group, since]).toEqual(["name", 3, ["write", "fast"], "generic", "1.2.3"]);
    expect([family, number, reply]).toEqual([1, 0, ["status", "integer"]]);
  });

  test.each([
    ["reads 1", { effect: "reads", permission: "R", first: 1, last: 1, step: 1 }],
    ["reads: 2", { effect: "reads", permission: "", first: 2, last: 2, step: 1 }],
    ["creates 1..-1", { effect: "creates", permission: "W", first: 1, last: -1, step: 1 }],
    ["changes:RW 1..-2/2", { effect: "changes", permission: "RW", first: 1, last: -2, step: 2 }],
    ["deletes:R 1..3", { effect: "deletes", permission: "R", first: 1, last: 3, step: 1 }],
    ["reads 2#", { effect: "reads", permission: "R", first: 2, last: 2, step: 1, isCounted: true }],
    ["reads 2#/3", { effect: "reads", permission: "R", first: 2, last: 2, step: 3, isCounted: true }],
    [
      "replaces store@4",
      { effect: "replaces", permission: "W", first: 4, last: 0, step: 1, keyword: "store" },
    ],
    ["deletes *", { effect: "deletes", permission: "W", first: 0, last: 0, step: 1, isEveryKey: true }],
  ])("reads keys: %s", (text, expected) => {
    const nothing = { isEveryKey: false, isCounted: false, keyword: undefined };
    expect(using(text).uses as unknown[]).toEqual([{ ...nothing, ...expected }]);
  });

  test.each(["reads", "reads x", "1", "reads 1..", "reads:X 1", "reads 1;creates 2", "reads -1"])(
    "is refused with these keys: %s",
    (text) => {
      expect(() => using(text)).toThrow(new RangeError(`keys of name: ${text}`));
    },
  );

  test("may have no keys", () => {
    expect(using("").uses).toEqual([]);
  });

  test.each([
    ["string", "fast", undefined, ["@string", "@fast"]],
    ["sorted-set", "write", undefined, ["@write", "@sortedset", "@slow"]],
    ["generic", "readonly fast", undefined, ["@keyspace", "@read", "@fast"]],
    ["server", "admin", undefined, ["@admin", "@slow", "@dangerous"]],
    ["list", "write blocking", undefined, ["@write", "@list", "@slow", "@blocking"]],
    ["pubsub", "pubsub fast", undefined, ["@pubsub", "@fast"]],
    ["scripting", "readonly", undefined, ["@slow", "@scripting"]],
    ["string", "fast", "dangerous", ["@fast", "@dangerous"]],
    ["string", "fast", "", ["@fast"]],
  ] as const)("of group %s with flags %s and categories %p is in %p", (group, flags, own, expected) => {
    const row: FactsRow = ["name", 1, flags, "", "status", "1", ...(own === undefined ? [] : [own])] as never;
    expect(readFacts(group, row).categories).toEqual([...expected]);
  });
});

test("the categories are Redis's twenty-one", () => {
  expect([CATEGORIES.length, CATEGORIES[0], CATEGORIES.at(-1)]).toEqual([21, "keyspace", "scripting"]);
});

describe("the keys of a request", () => {
  function keys(uses: string, line: string): number[] {
    const words = line.split(" ");
    return keysOf(using(uses).uses[0]!, { count: words.length, text: (index) => words[index]! });
  }

  test.each([
    ["reads 1", "x a b", [1]],
    ["reads 1", "x", []],
    ["reads 1..2", "x a", [1]],
    ["reads 1..2", "x a b c", [1, 2]],
    ["reads 1..-1", "x a b c", [1, 2, 3]],
    ["reads 1..-2", "x a b c", [1, 2]],
    ["reads 1..-1/2", "x a 1 b 2", [1, 3]],
    ["reads 2..-1", "x a", []],
    ["reads *", "x a b", []],
    ["reads 1#", "x 2 a b c", [2, 3]],
    ["reads 1#/2", "x 2 a 1 b 2", [2, 4]],
    ["reads 1#", "x 5 a b", [2, 3]],
    ["reads 1#", "x 1 a b", [2]],
    ["reads 1#", "x 0 a", []],
    ["reads 1#", "x -1 a", []],
    ["reads 1#", "x 1.5 a", []],
    ["reads 1#", "x what a", []],
    ["reads 1#", "x", []],
    ["reads 2#", "x d 1 a", [3]],
    ["replaces store@2", "x a STORE b", [3]],
    ["replaces store@2", "x store b c", []],
    ["replaces store@2", "x a store", []],
    ["replaces store@2", "x a store b get c store d", [3, 7]],
    ["reads keys@3", "x a b KEYS c d", [4, 5]],
    ["reads keys@3", "x a keys c d", []],
    ["reads keys@3", "x a b keys keys d", [4, 5]],
    ["reads streams@1", "x streams a b 0 0", [2, 3]],
    ["reads streams@1", "x streams a b 0", [2]],
    ["reads streams@1", "x COUNT streams streams a 0", [4]],
    ["reads streams@4", "x group g streams streams a 0", [5]],
    ["reads streams@1", "x block 1 count 2 streams a 0", [6]],
    ["reads streams@1", "x streams streams 0", [2]],
    ["reads streams@1", "x block 1 streams a 0", [4]],
    ["reads streams@1", "x block streams streams a 0", [4]],
  ])("with keys %s: %s", (uses, line, expected) => {
    expect(keys(uses, line)).toEqual(expected);
  });
});

test.each([
  ["", undefined],
  ["reads 1", [1, 1, 1]],
  ["reads 1..-1/2", [1, -1, 2]],
  ["replaces 1; reads 2..-1", [1, -1, 1]],
  ["deletes 1; replaces 2", [1, 2, 1]],
  ["reads 2..3; reads 4", [2, 4, 1]],
  ["reads 1; reads 3", undefined],
  ["reads 2; reads 1", undefined],
  ["reads 1..2/2; reads 3", undefined],
  ["reads 1; reads 2..-1/2", undefined],
  ["reads 1#", undefined],
  ["reads 1; reads store@2", undefined],
  ["deletes *", undefined],
] as const)("the range of the keys %p is %p", (uses, expected) => {
  expect(keyRange(using(uses)) as readonly number[] | undefined).toEqual(expected);
});

test.each([
  ["", false],
  ["reads 1", false],
  ["reads 1; expires 2", true],
  ["deletes *", true],
])("a command with keys %p changes some: %p", (uses, expected) => {
  expect(changesKeys(using(uses))).toBe(expected);
});

test.each([
  ["status", true],
  ["integer|bulk|array", true],
  ["integer|map", false],
  ["double", false],
])("the reply %s has the same form in both versions: %p", (reply, expected) => {
  expect(isSameInBoth(using("", reply))).toBe(expected);
});
