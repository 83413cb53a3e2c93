import { expect, test } from "bun:test";
import { COMMAND_FACTS } from "../commands/command-facts.ts";
import { READS } from "./commands.ts";

/** These are reads without a flag that says so. */
const UNFLAGGED = ["COMMAND", "ECHO", "INFO", "PING", "TIME"];

test("the commands sent again are those that the table calls reads, without those that wait", () => {
  const reads = [...COMMAND_FACTS.values()].filter(
    ({ name, flags, group }) =>
      !name.includes("|") &&
      flags.includes("readonly") &&
      !flags.includes("blocking") &&
      group !== "scripting",
  );
  const expected = [...reads.map(({ name }) => name.toUpperCase()), ...UNFLAGGED].sort();
  expect([...READS].sort()).toEqual(expected);
});
