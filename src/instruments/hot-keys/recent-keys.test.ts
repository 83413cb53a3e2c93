import { expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { RecentKeys } from "./recent-keys.ts";

function found(keys: RecentKeys, hash: number): string | undefined {
  return keys.find(hash) ? fromUtf8(keys.bytes.subarray(keys.start, keys.end)) : undefined;
}

test("finds keys by their hashes until others take their places", () => {
  const keys = new RecentKeys(4);
  const buffer = utf8("--user:1--user:22");
  keys.remember(5, buffer, 2, 8);
  keys.remember(6, buffer, 10, 17);
  keys.remember(0xffff_fff0, buffer, 0, 0);
  buffer.fill(0);
  expect([5, 6, 0xffff_fff0, 7, 9].map((hash) => found(keys, hash))).toEqual([
    "user:1",
    "user:22",
    "",
    undefined,
    undefined,
  ]);
  keys.remember(9, utf8("other"), 0, 5);
  expect([found(keys, 5), found(keys, 9)]).toEqual([undefined, "other"]);
});

test("a key that is too long is not remembered, and what it displaces neither", () => {
  const keys = new RecentKeys(4);
  keys.remember(1, utf8("x".repeat(512)), 0, 512);
  expect(found(keys, 1)).toBe("x".repeat(512));
  keys.remember(1, utf8("y".repeat(513)), 0, 513);
  expect(found(keys, 1)).toBeUndefined();
});
