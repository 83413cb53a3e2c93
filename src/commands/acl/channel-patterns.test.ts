import { expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { ChannelPatterns } from "./channel-patterns.ts";

function patterns(...rules: string[]): ChannelPatterns {
  const all = new ChannelPatterns();
  for (const rule of rules) all.add(rule);
  return all;
}

test("nothing is allowed at first", () => {
  const none = patterns();
  expect([none.isAll, none.text, none.allows(utf8("a"), false), none.allows(utf8("a"), true)]).toEqual([
    false,
    "",
    false,
    false,
  ]);
});

test("a channel is allowed that a pattern matches; a pattern of PSUBSCRIBE, that is given as it is", () => {
  const some = patterns("&news:*", "&a");
  expect(some.text).toBe("&news:* &a");
  expect(["news:1", "a", "b", "news"].map((name) => some.allows(utf8(name), false))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(["news:*", "a", "news:1", "*"].map((name) => some.allows(utf8(name), true))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("all channels are allowed, or none: what was given before goes", () => {
  const some = patterns("&a");
  some.setAll(true);
  expect([some.isAll, some.text, some.allows(utf8("b"), false), some.allows(utf8("b*"), true)]).toEqual([
    true,
    "&*",
    true,
    true,
  ]);
  expect(() => some.add("&b")).toThrow("Adding a pattern after the * pattern (or the 'allchannels' flag)");
  some.setAll(false);
  expect([some.isAll, some.text, some.allows(utf8("a"), false)]).toEqual([false, "", false]);
});

test("a pattern has no spaces", () => {
  expect(() => patterns("&a b")).toThrow("Syntax error");
});

test("a copy changes alone", () => {
  const some = patterns("&a");
  const copy = some.copy();
  copy.add("&b");
  expect([some.text, copy.text]).toEqual(["&a", "&a &b"]);
  some.setAll(true);
  expect([copy.isAll, some.copy().isAll]).toEqual([false, true]);
});
