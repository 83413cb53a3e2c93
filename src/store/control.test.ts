import { expect, test } from "bun:test";
import { leaseCountFor } from "../coherence/leases.ts";
import { Control, controlBytes, SWEEP_SHARD } from "./control.ts";

const HASH_KEY = { low: 0xfedc_ba98, high: 0x8765_4321 };
const BUDGET_BYTES = 1_234_567.5;
const MOST_BUDGET_BYTES = 7_654_321.25;
const SEED = 0xdead_beef;

function created(evicts: boolean): Control {
  return Control.create(BUDGET_BYTES, MOST_BUDGET_BYTES, 4, evicts, SEED, HASH_KEY);
}

function settingsOf(control: Control): unknown[] {
  const { shardCount, evicts, seed, hashKey, budgetBytes, mostBudgetBytes } = control;
  return [shardCount, evicts, seed, hashKey, budgetBytes, mostBudgetBytes];
}

test("another thread finds the settings that a store was made with", () => {
  for (const evicts of [true, false]) {
    const expected = [4, evicts, SEED, HASH_KEY, BUDGET_BYTES, MOST_BUDGET_BYTES];
    const control = created(evicts);
    expect(settingsOf(control)).toEqual(expected);
    expect(settingsOf(new Control(control.buffer))).toEqual(expected);
  }
});

test("another thread finds a budget that is set later", () => {
  const control = created(true);
  const other = new Control(control.buffer);
  control.budgetBytes = 2_000_001;
  expect(settingsOf(other)).toEqual([4, true, SEED, HASH_KEY, 2_000_001, MOST_BUDGET_BYTES]);
});

test("settings, epochs, fills of hash slots, leases and the sweep's shard have places of their own", () => {
  const control = created(true);
  const { epochs, leases, slotFills, words, buffer } = control;
  expect(buffer.byteLength).toBe(controlBytes(BUDGET_BYTES));
  const hashes = Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 0);
  const tokens = (): number[] => hashes.map((hash) => leases.of(hash));
  words[SWEEP_SHARD] = 3;
  slotFills.fill(-1);
  expect([epochs.count, epochs.of(0), epochs.usesHashSlots]).toEqual([0, 0, false]);
  expect(new Set(tokens())).toEqual(new Set([0]));
  for (const hash of hashes) leases.change(hash);
  for (const hash of hashes) leases.begin(hash);
  expect(slotFills.every((fills) => fills === -1)).toBe(true);
  expect(epochs.count).toBe(0);
  const before = tokens();
  epochs.useHashSlots();
  epochs.bump(Array.from({ length: 16_383 }, (_, slot) => slot + 1));
  expect(tokens()).toEqual(before);
  expect(slotFills.every((fills) => fills === -1)).toBe(true);
  expect(settingsOf(control)).toEqual([4, true, SEED, HASH_KEY, BUDGET_BYTES, MOST_BUDGET_BYTES]);
  expect(words[SWEEP_SHARD]).toBe(3);
  const other = new Control(buffer);
  expect(settingsOf(other)).toEqual(settingsOf(control));
  expect(hashes.map((hash) => other.leases.of(hash))).toEqual(before);
});

test("leases are as many as the budget asks for", () => {
  for (const budgetBytes of [2 ** 20, 2 ** 28]) {
    const { leases } = Control.create(budgetBytes, 2 ** 28, 4, true, SEED, HASH_KEY);
    const count = leaseCountFor(budgetBytes);
    leases.change(0);
    const changed = Array.from({ length: 2 * count }, (_, hash) => hash).filter(
      (hash) => leases.of(hash) !== 0,
    );
    expect(changed).toEqual([0, count]);
  }
});
