import { expect, test } from "bun:test";
import { copyName, DamageError, damageText } from "./damage.ts";

test("a damage is told with its file, its place if it has one, and what is lost", () => {
  expect(damageText({ file: "journal-odd", at: 0, what: "gone" })).toBe("journal-odd, byte 0: gone");
  expect(damageText({ file: "data.mdb", at: undefined, what: "gone" })).toBe("data.mdb: gone");
});

test("the error tells of all damages, a line each, and what can be done", () => {
  const damages = [
    { file: "journal-odd", at: 5120, what: "gone" },
    { file: "data.mdb", at: undefined, what: "lost" },
  ];
  const { message, damages: told } = new DamageError("/data", damages);
  expect(message.split("\n").slice(0, 3)).toEqual([
    ...["the data directory /data is damaged:", "  journal-odd, byte 5120: gone", "  data.mdb: lost"],
  ]);
  expect(message).toContain(
    "start once with --recover: it keeps the damaged files under the name FILE.damaged-TIME",
  );
  expect(told).toBe(damages);
});

test("a damaged file is set aside under a name that any file system takes", () => {
  expect(copyName("data.mdb", 1_700_000_000_123)).toBe("data.mdb.damaged-2023-11-14T22-13-20.123Z");
});
