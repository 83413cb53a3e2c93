import { describe, expect, test } from "bun:test";
import { flagName } from "../lib/number-setting.ts";
import { choice, count, duration, port, size, switchSetting, text, timeout } from "./setting.ts";

describe("texts become values", () => {
  test.each([
    ["64mb", size(), 64 * 1024 ** 2],
    ["4096", size(), 4096],
    ["30s", duration(), 30_000],
    ["0", duration(), 0],
    ["20000", count(), 20_000],
    ["0", port(0), 0],
    ["65535", port(1), 65_535],
    ["LMDB", choice("lmdb", "memory"), "lmdb"],
    [" a ", text(), " a "],
    ["true", switchSetting({ description: "" }).read, true],
    ["off", switchSetting({ description: "" }).read, false],
  ] as const)("%p", (given, read, value) => {
    expect(read(given)).toEqual(value);
  });
});

describe("a mistake is reported with the text", () => {
  test.each([
    ["lots", size(), '"lots" is not a size such as 64mb, 1gb or 4096'],
    ["10kb", size({ least: "1mb" }), '"10kb" is too small: the least is 1mb'],
    ["2gb", size({ most: "1gb" }), '"2gb" is too large: the most is 1gb'],
    ["1 fortnight", duration(), '"1 fortnight" is not a duration such as 30s, 500ms or 2m'],
    ["25d", timeout(), '"25d" is too large: the most is 24d'],
    ["1.5", count(), '"1.5" is not a whole number'],
    ["-1", count(), '"-1" is not a whole number'],
    ["0", port(1), '"0" is not a port: a number from 1 to 65535'],
    ["65536", port(0), '"65536" is not a port: a number from 0 to 65535'],
    ["0x50", port(0), '"0x50" is not a port: a number from 0 to 65535'],
    ["disk", choice("lmdb", "memory"), '"disk" is not one of lmdb, memory'],
    ["", text(), "must not be empty"],
    ["maybe", switchSetting({ description: "" }).read, '"maybe" is neither yes nor no'],
  ] as const)("%p", (given, read, message) => {
    expect(() => read(given)).toThrow(new RangeError(message));
  });
});

test("flags are the keys with dashes", () => {
  expect(flagName("maxUnauthenticatedValue")).toBe("max-unauthenticated-value");
  expect(flagName("host")).toBe("host");
});
