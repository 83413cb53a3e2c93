import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { readPause } from "./pause-request.ts";

const NOW_MS = 1_700_000_000_000;

/** Reads `CLIENT PAUSE` with these arguments. */
function read(...args: string[]): ReturnType<typeof readPause> {
  return readPause(requestOf("CLIENT", "PAUSE", ...args), NOW_MS);
}

test("a pause lasts as long as it says, for all commands unless it says so", () => {
  expect(read("0")).toEqual({ forMs: 0, mode: "all" });
  expect(read("250")).toEqual({ forMs: 250, mode: "all" });
  expect(read("250", "ALL")).toEqual({ forMs: 250, mode: "all" });
  expect(read("1000000", "write")).toEqual({ forMs: 1_000_000, mode: "write" });
});

test("a pause whose end could not be represented is as long as one can be", () => {
  const mostMs = Number(BigInt(Number.MAX_SAFE_INTEGER) / 2n);
  expect(read(String(mostMs))).toEqual({ forMs: mostMs, mode: "all" });
  expect(read(`${BigInt(mostMs) + 1n}`)).toEqual({ forMs: mostMs, mode: "all" });
  expect(read(String(2n ** 63n - 1n - BigInt(NOW_MS)))).toEqual({ forMs: mostMs, mode: "all" });
});

test.each([
  [["1", "reads"], "ERR CLIENT PAUSE mode must be WRITE or ALL"],
  [["1", "all", "2"], "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP."],
  [["one"], "ERR timeout is not an integer or out of range"],
  [["9223372036854775808"], "ERR timeout is not an integer or out of range"],
  [["-1"], "ERR timeout is negative"],
  [[String(2n ** 63n - BigInt(NOW_MS))], "ERR timeout is out of range"],
] as const)("%j is refused", (args, error) => {
  expect(read(...args)).toBe(error);
});
