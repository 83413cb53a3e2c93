import { describe, expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { parseBigNumber, parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";

/** Parses a text that other bytes surround. */
function parse<T>(how: (bytes: Uint8Array, start: number, end: number) => T, text: string): T {
  return how(fromLatin1(`1${text}1`), 1, text.length + 1);
}

test.each([
  ["0", 0],
  ["+7", 7],
  ["-7", -7],
  ["9007199254740991", 9_007_199_254_740_991],
  ["9223372036854775807", 9_223_372_036_854_775_807n],
  ["-9223372036854775808", -9_223_372_036_854_775_808n],
  ["9223372036854775808", undefined],
  ["", undefined],
  ["+", undefined],
  ["++7", undefined],
  ["7.0", undefined],
])("the integer %j", (text, value) => {
  expect(parse(parseInteger, text)).toBe(value);
});

describe("a double", () => {
  test.each([
    ["1.5", 1.5],
    ["+1.5", 1.5],
    ["-1.", -1],
    ["10", 10],
    ["1E3", 1000],
    ["1.5e-2", 0.015],
    ["inf", Number.POSITIVE_INFINITY],
    ["+inf", Number.POSITIVE_INFINITY],
    ["-INF", Number.NEGATIVE_INFINITY],
    ["nan", Number.NaN],
    ["-NaN", Number.NaN],
    ["", undefined],
    ["infinity", undefined],
    [".5", undefined],
    ["1e", undefined],
    ["0x10", undefined],
    [" 1", undefined],
  ])("%j", (text, value) => {
    expect(parse(parseDouble, text)).toBe(value);
  });
});

test.each([
  ["12", 12n],
  ["+12", 12n],
  ["-36893488147419103232", -36_893_488_147_419_103_232n],
  ["", undefined],
  ["+", undefined],
  ["1.0", undefined],
  ["0x10", undefined],
])("the big number %j", (text, value) => {
  expect(parse(parseBigNumber, text)).toBe(value);
});

test.each([
  ["t", true],
  ["f", false],
  ["", undefined],
  ["T", undefined],
  ["tt", undefined],
])("the boolean %j", (text, value) => {
  expect(parse(parseBoolean, text)).toBe(value);
});
