import { expect, test } from "bun:test";
import { countText, durationText, joined, percentText, sizeText, UNKNOWN } from "./text.ts";

test.each([
  [0, "0"],
  [0.04, "0.04"],
  [0.996, "1.0"],
  [8.31, "8.3"],
  [9, "9"],
  [12.4, "12"],
  [1230, "1,230"],
  [9_999_999, "9,999,999"],
  [12_345_678, "12.3 million"],
  [4.2e9, "4.2 billion"],
  [9.9e15, "9,900.0 trillion"],
  [-3.2, "-3.2"],
  [Number.NaN, UNKNOWN],
  [undefined, UNKNOWN],
] as const)("%p things: %s", (value, text) => expect(countText(value)).toBe(text));

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 kB"],
  [3 * 2 ** 20, "3.00 MB"],
  [64 * 2 ** 20, "64.0 MB"],
  [1023 * 2 ** 20, "1.00 GB"],
  [2 ** 60, "1,048,576 TB"],
] as const)("%p bytes: %s", (bytes, text) => expect(sizeText(bytes)).toBe(text));

test.each([
  [0, "0 µs"],
  [0.0124, "12 µs"],
  [0.00999, "10 µs"],
  [1.24, "1.2 ms"],
  [999, "999 ms"],
  [1500, "1.5 s"],
  [90_000, "1.5 min"],
  [7_200_000, "2.0 h"],
  [864_000_000, "10 d"],
  [null, UNKNOWN],
] as const)("%p ms: %s", (ms, text) => expect(durationText(ms)).toBe(text));

test("ratios, and figures without a unit", () => {
  expect(percentText(0.8304)).toBe("83.0");
  expect(percentText(undefined)).toBe(UNKNOWN);
  expect(percentText(-0.0001)).toBe("0.0");
  expect(joined(["5", ""])).toBe("5");
});
