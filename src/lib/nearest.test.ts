import { expect, test } from "bun:test";
import { nearest, unknownName } from "./nearest.ts";

test("the name that was probably meant", () => {
  const names = ["random", "lru", "slru", "s3-fifo", "w-tinylfu", "lru-k"];
  for (const [given, meant] of [
    ["lur", "lru"],
    ["LRUU", "lru"],
    ["s3fifo", "s3-fifo"],
    ["w-tinylfo", "w-tinylfu"],
    ["rnd", undefined],
    ["best", undefined],
    ["", undefined],
  ] as const) {
    expect([given, nearest(given, names)]).toEqual([given, meant]);
  }
  expect(unknownName("fruit", "aple", ["pear", "apple"])).toBe(
    'unknown fruit "aple": did you mean apple? (known are pear, apple)',
  );
  expect(unknownName("fruit", "fish", ["pear"])).toBe('unknown fruit "fish"; known are pear');
});
