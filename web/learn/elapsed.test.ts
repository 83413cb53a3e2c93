import { expect, test } from "bun:test";
import { elapsedText } from "./elapsed.ts";

test("the clock shows hundredths until an hour is over, then seconds, then days", () => {
  for (const [ms, text] of [
    [0, "0:00.00"],
    [1239, "0:01.23"],
    [845_200, "14:05.20"],
    [3_599_999, "59:59.99"],
    [3_600_000, "1:00:00"],
    [11_645_000, "3:14:05"],
    [184_445_999, "2 d 3:14:05"],
  ] as const) {
    expect(elapsedText(ms)).toBe(text);
  }
});
