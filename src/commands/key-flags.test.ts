import { expect, test } from "bun:test";
import { factsOf } from "./command-facts.ts";
import { hasWord, keyFlagsOf, permissionFor, specificationFlags } from "./key-flags.ts";

const request = (line: string) => {
  const words = line.split(" ");
  return { count: words.length, text: (index: number) => words[index]! };
};

test.each([
  ["get a", "R", ["RO", "access"]],
  ["strlen a", "", ["RO"]],
  ["exists a", "", ["RO"]],
  ["set a 1", "W", ["OW", "update"]],
  ["set get 1", "W", ["OW", "update"]],
  ["set a get", "W", ["OW", "update"]],
  ["set a 1 GET", "RW", ["RW", "access", "update"]],
  ["set a 1 ex 1 get", "RW", ["RW", "access", "update"]],
  ["bitfield a get u8 0", "R", ["RO", "access"]],
  ["bitfield a get u8 0 INCRBY u8 0 1", "RW", ["RW", "access", "update"]],
  ["bitfield a set u8 0 1", "RW", ["RW", "access", "update"]],
  ["bitfield set get u8 0", "R", ["RO", "access"]],
  ["del a", "W", ["RM", "delete"]],
  ["getdel a", "RW", ["RW", "access", "delete"]],
  ["incr a", "RW", ["RW", "access", "update"]],
  ["append a b", "W", ["RW", "insert"]],
  ["setnx a b", "W", ["OW", "insert"]],
  ["msetnx a b", "W", ["OW", "insert"]],
  ["mset a b", "W", ["OW", "update"]],
  ["expire a 1", "W", ["RW", "update"]],
])("%s needs %p, and shows %p", (line, permission, flags) => {
  const name = line.split(" ")[0]!;
  const [use] = factsOf(name).uses;
  expect(permissionFor(use!, name, request(line))).toBe(permission as "R");
  expect(keyFlagsOf(use!, name, request(line))).toEqual(flags);
});

test("options of the request before, which lie behind this one's, do not count", () => {
  const { text } = request("bitfield a set u8 0 1");
  expect(permissionFor(factsOf("bitfield").uses[0]!, "bitfield", { count: 2, text })).toBe("R");
  expect(hasWord({ count: 2, text }, 0, "set")).toBe(false);
});

test("the specification of a command whose options decide says so", () => {
  const shown = (name: string) => specificationFlags(factsOf(name).uses[0]!, name);
  expect(shown("set")).toEqual(["RW", "access", "update", "variable_flags"]);
  expect(shown("bitfield")).toEqual(["RW", "access", "update", "variable_flags"]);
  expect(shown("get")).toEqual(["RO", "access"]);
  expect(shown("del")).toEqual(["RM", "delete"]);
});

test("a word is looked for from a position on, in any case", () => {
  const line = request("a GeT b");
  const found = [0, 1, 2, 3].map((from) => hasWord(line, from, "get"));
  expect(found).toEqual([true, true, false, false]);
  expect(hasWord(line, 0, "b")).toBe(true);
});
