/** Which scripts and functions are remembered as writing nothing. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { requestOf } from "../../test/support/request.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";
import { ReadOnlyScripts } from "./read-only-scripts.ts";

const HARMLESS = "#!lua flags=no-writes\nreturn 1";

function digestOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}

/** Scripts, the digests that other threads were told of, and the questions to the origin that await a reply. */
function scene() {
  const told: string[] = [];
  const asked: ((reply: ReplyValue) => void)[] = [];
  const scripts = new ReadOnlyScripts({
    listFunctions: (then) => asked.push(then),
    tell: (digest) => told.push(digest),
  });
  return { scripts, told, asked };
}

/** The names that are found in a reply to FUNCTION LIST. */
function namesIn(reply: ReplyValue): string[] {
  const { scripts, asked } = scene();
  let names: string[] = [];
  scripts.withFunctions((found) => {
    names = [...found];
  });
  asked[0]!(reply);
  return names;
}

test("the script of an EVAL is remembered by its digest, in any case", () => {
  const { scripts } = scene();
  scripts.note("eval", requestOf("EVAL", HARMLESS, "0"));
  expect(scripts.has(digestOf(HARMLESS))).toBe(true);
  expect(scripts.has(digestOf(HARMLESS).toUpperCase())).toBe(true);
  expect(scripts.has(digestOf("return 1"))).toBe(false);
});

test("the script of a SCRIPT LOAD is remembered, in any case, and that of no other subcommand", () => {
  const { scripts } = scene();
  scripts.note("script", requestOf("SCRIPT", "EXISTS", HARMLESS));
  scripts.note("script", requestOf("SCRIPT"));
  scripts.note("script", requestOf("SCRIPT", "LOAD"));
  scripts.note("evalsha", requestOf("EVALSHA", HARMLESS, "0"));
  expect(scripts.has(digestOf(HARMLESS))).toBe(false);
  scripts.note("script", requestOf("SCRIPT", "Load", HARMLESS));
  expect(scripts.has(digestOf(HARMLESS))).toBe(true);
});

test("what an earlier request has left behind is no script", () => {
  const { scripts } = scene();
  const request = requestOf("SCRIPT", "LOAD", HARMLESS);
  request.count = 2;
  scripts.note("script", request);
  expect(scripts.has(digestOf(HARMLESS))).toBe(false);
});

test("other threads are told of a script once", () => {
  const { scripts, told } = scene();
  scripts.note("eval", requestOf("EVAL", HARMLESS, "0"));
  scripts.note("script", requestOf("SCRIPT", "LOAD", HARMLESS));
  expect(told).toEqual([digestOf(HARMLESS)]);
  scripts.add(digestOf("of another thread"));
  expect(told).toHaveLength(1);
});

test.each([
  ["without a first line of its own kind", "return 1 -- flags=no-writes"],
  ["with a comment in place of it", "# lua flags=no-writes"],
  ["with one of its two characters", "-!lua flags=no-writes"],
  ["that says so on its second line", "#!lua\n-- flags=no-writes"],
  ["with other flags", "#!lua flags=allow-stale\nreturn 1"],
  ["of two characters", "#!"],
])("a script %s is not taken for harmless", (_, script) => {
  const { scripts, told } = scene();
  scripts.note("eval", requestOf("EVAL", script, "0"));
  expect(told).toEqual([]);
  expect(scripts.has(digestOf(script))).toBe(false);
});

test("the script seen first is forgotten when one more than ten thousand are known", () => {
  const { scripts } = scene();
  for (let n = 0; n < 10_000; n++) scripts.add(String(n));
  expect(scripts.has("0")).toBe(true);
  scripts.add("one more");
  expect([scripts.has("0"), scripts.has("1"), scripts.has("9999"), scripts.has("one more")]).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test("the origin is asked once for all that wait, and again for those that come later", () => {
  const { scripts, asked } = scene();
  const got: string[] = [];
  const wait = (name: string) => scripts.withFunctions((found) => got.push(`${name}: ${[...found].join()}`));
  wait("first");
  wait("second");
  expect(asked).toHaveLength(1);
  asked[0]!([["library_name", "l", "functions", [["name", "f", "flags", ["no-writes"]]]]]);
  expect(got).toEqual(["first: f", "second: f"]);
  wait("third");
  expect(asked).toHaveLength(2);
  asked[1]!([]);
  expect(got[2]).toBe("third: ");
});

test("the functions with the flag are found in all libraries, wherever the field lies", () => {
  const reply: ReplyValue = [
    ["functions", [["name", "first", "description", null, "flags", ["allow-stale", "no-writes"]]]],
    ["library_name", "functions", "engine", "LUA", "functions", [["flags", ["no-writes"], "name", "last"]]],
    [
      "library_name",
      "writing",
      "functions",
      [
        ["name", "writes", "flags", []],
        ["name", "none"],
      ],
    ],
    ["library_name", "empty"],
  ];
  expect(namesIn(reply)).toEqual(["first", "last"]);
});

test.each([
  ["an error", "ERR unknown command"],
  ["libraries of another kind", ["library"]],
  ["functions of another kind", [["functions", "f"]]],
  ["a function of another kind", [["functions", ["f"]]]],
] as const)("a reply with %s names no functions", (_, reply) => {
  expect(namesIn(reply as ReplyValue)).toEqual([]);
});
