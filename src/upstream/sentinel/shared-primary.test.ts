import { expect, test } from "bun:test";
import { isSamePlace, SharedPrimary } from "./shared-primary.ts";

const A = { host: "a", port: 1, configEpoch: 1 };
const B = { host: "b".repeat(253), port: 65_535, configEpoch: Number.MAX_SAFE_INTEGER };

test("a primary is known to all that share the memory, once one has noted it", () => {
  const memory = SharedPrimary.createMemory();
  const [one, other] = [new SharedPrimary(memory), new SharedPrimary(memory)];
  expect(other.read()).toEqual({ version: 0, primary: undefined });
  expect(one.replace(A, 0)).toBe(true);
  const { version, primary } = other.read();
  expect(primary).toEqual(A);
  expect(version).not.toBe(0);
  expect(other.version).toBe(version);
  expect(other.replace(B, version)).toBe(true);
  expect(one.read().primary).toEqual(B);
});

test("a primary is not noted by one that began to ask before another one was", () => {
  const shared = new SharedPrimary(SharedPrimary.createMemory());
  shared.replace(A, 0);
  const before = shared.read();
  expect(shared.replace(B, 0)).toBe(false);
  expect(shared.read()).toEqual(before);
});

test("two primaries are the same if they are reached at the same place", () => {
  expect(isSamePlace(A, { ...A, configEpoch: 2 })).toBe(true);
  expect(isSamePlace(A, { ...A, host: "b" })).toBe(false);
  expect(isSamePlace(A, { ...A, port: 2 })).toBe(false);
  expect(isSamePlace(A, undefined)).toBe(false);
});
