import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { matchesGlob } from "../../lib/glob.ts";
import type { KeyPermission } from "../facts.ts";
import { ChannelPatterns } from "./channel-patterns.ts";
import { KeyPatterns } from "./key-patterns.ts";

function patternsOf(...rules: string[]): KeyPatterns {
  const patterns = new KeyPatterns();
  for (const rule of rules) patterns.add(rule);
  return patterns;
}

function allows(patterns: KeyPatterns, key: string, permission: KeyPermission): boolean {
  const bytes = utf8(`<${key}>`);
  return patterns.allows(bytes, 1, bytes.length - 1, permission);
}

describe("a pattern allows the keys that its glob matches", () => {
  test.each(["app:*", "app:", "*", "a?", "[ab]c", "a\\*", "", "a*c", "**", "ab*"])("%j", (glob) => {
    const patterns = patternsOf(`~${glob}`);
    for (const key of [
      "",
      "a",
      "ab",
      "abc",
      "ac",
      "bc",
      "a*",
      "a\\*",
      "app",
      "app:",
      "app:1",
      "xapp:1",
      "bpp:1",
      "b",
    ]) {
      expect([key, allows(patterns, key, "R")]).toEqual([key, matchesGlob(utf8(glob), utf8(key))]);
    }
  });
});

test.each([
  [["~k"], "RW", [true, true, true, true]],
  [["%R~k"], "R", [true, true, false, false]],
  [["%W~k"], "W", [true, false, true, false]],
  [["%R~k", "%W~k"], "both", [true, true, true, true]],
  // Two patterns give no more than each of them.
  [["%R~k", "%W~k*"], "either", [true, true, true, false]],
  [["~other"], "none", [false, false, false, false]],
] as const)("patterns %j give %s", (rules, _, expected) => {
  const patterns = patternsOf(...rules);
  expect((["", "R", "W", "RW"] as const).map((permission) => allows(patterns, "k", permission))).toEqual([
    ...expected,
  ]);
});

test.each([
  [["%R~app:*"], "app:*", true],
  [["%R~app:*"], "app:user:?", true],
  [["%R~app:*"], "app:1", true],
  [["%R~app:*"], "app?*", false],
  [["%R~app:*"], "app", false],
  [["%R~app:*"], "*", false],
  [["%W~app:*"], "app:1", false],
  [["~app:1"], "app:1", true],
  [["~app:1"], "app:12", false],
  [["~app:1"], "app:", false],
  [["~app:?"], "app:?", true],
  [["~app:?"], "app:1", false],
  [["~app:*x"], "app:*x", true],
  [["~app:*x"], "app:*", false],
  [["~x", "~app:*"], "app:1", true],
  [["%W~app:*", "%R~ap*"], "app:1", true],
  [["%R~*"], "[x", true],
  [["%W~*"], "x", false],
  [["%W~*", "%R~*"], "x", true],
] as const)("whoever may read %j may read all of %s: %p", (rules, glob, isCovered) => {
  expect(patternsOf(...rules).readsAllOf(utf8(glob))).toBe(isCovered);
});

test.each(["a", "%~a", "%RR~a", "%X~a", "%R", "~a b", "~\t", "%RWa"])("%j is no pattern", (rule) => {
  expect(() => patternsOf(rule)).toThrow("Syntax error");
});

test("patterns are shown as they were given, one for each glob", () => {
  const patterns = patternsOf("%r~a", "%WR~b", "%W~c", "~d", "%W~a");
  expect(patterns.text).toBe("~a ~b %W~c ~d");
  const copy = patterns.copy();
  patterns.setAll(true);
  expect([patterns.text, copy.text]).toEqual(["~*", "~a ~b %W~c ~d"]);
  expect(() => patterns.add("~x")).toThrow("Adding a pattern after the * pattern (or the 'allkeys' flag)");
  patterns.setAll(false);
  expect([patterns.text, allows(patterns, "a", "")]).toEqual(["", false]);
});

test("channels are allowed by any of the globs, patterns as they are written alone", () => {
  const channels = new ChannelPatterns();
  channels.add("&news:*");
  channels.add("&a");
  const may = (name: string, isPattern: boolean) => channels.allows(utf8(name), isPattern);
  expect([may("news:1", false), may("a", false), may("b", false)]).toEqual([true, true, false]);
  expect([may("news:*", true), may("news:1", true), may("a", true)]).toEqual([true, false, true]);
  const copy = channels.copy();
  expect(() => channels.add("&a b")).toThrow("Syntax error");
  channels.setAll(true);
  expect([channels.text, may("b", true), copy.text, copy.isAll]).toEqual(["&*", true, "&news:* &a", false]);
  expect(() => channels.add("&b")).toThrow("(or the 'allchannels' flag)");
  channels.setAll(false);
  expect([channels.text, may("a", false)]).toEqual(["", false]);
});
