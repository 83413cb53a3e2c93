import { expect, test } from "bun:test";
import {
  countedCommands,
  FIRST_COMMAND,
  OTHER_COMMAND,
  sumByFamily,
  TEXT_COMMAND,
} from "./counted-commands.ts";
import { FAMILIES, familyOf, OTHER, TEXT } from "./families.ts";

const HASH = familyOf("hash");
const commands = countedCommands([
  { name: "get", family: familyOf("string") },
  { name: "hget", family: HASH },
  { name: "hset", family: HASH },
]);

test("what is no command of the tables is counted before them", () => {
  expect([commands[OTHER_COMMAND]?.name, commands[TEXT_COMMAND]?.name]).toEqual(["other", "text"]);
  expect(commands.slice(FIRST_COMMAND).map(({ name }) => name)).toEqual(["get", "hget", "hset"]);
  expect(commands.slice(0, FIRST_COMMAND).map(({ family }) => family)).toEqual([OTHER, TEXT]);
  expect([FAMILIES[OTHER], FAMILIES[TEXT]]).toEqual(["other", "text"]);
});

test("an unknown group counts as other", () => {
  expect([FAMILIES[familyOf("string")], FAMILIES[familyOf("nosuch")]]).toEqual(["string", "other"]);
});

test("counts are added up by family, each result for itself; what was there before goes, what lies behind stays", () => {
  const sums = new Float64Array(FAMILIES.length * 2 + 2).fill(99);
  sumByFamily(commands, Float64Array.of(1, 2, 10, 20, 100, 200, 1_000, 2_000, 10_000, 20_000), 2, sums);
  const of = (name: string) => [...sums.subarray(familyOf(name) * 2, familyOf(name) * 2 + 2)];
  expect(["string", "hash", "text", "other"].map(of)).toEqual([
    [100, 200],
    [11_000, 22_000],
    [10, 20],
    [1, 2],
  ]);
  expect(sums.subarray(0, FAMILIES.length * 2).reduce((sum, one) => sum + one)).toBe(33_333);
  expect([...sums.subarray(-2)]).toEqual([99, 99]);
});
