import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../lib/bytes.ts";
import { HASH_SLOTS } from "../lib/hash-slot.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { EPOCH_BYTES, Epochs } from "./epochs.ts";
import { newEpochs } from "./epochs-fixture.ts";

/** How many epochs lie between two removals of everything. */
const HALF_TURN = 32_768;

/** Tells whether its hash slot has been computed. */
class WatchedKey extends KeyRef {
  get isSlotKnown(): boolean {
    return this.slot >= 0;
  }
}

function keyOf(name: string): WatchedKey {
  const bytes = utf8(`..${name}..`);
  return new WatchedKey().refer(bytes, 2, bytes.length - 2, 0);
}

function all(epochs: Epochs): number[] {
  return Array.from({ length: HASH_SLOTS }, (_, slot) => epochs.of(slot));
}

describe("epochs", () => {
  test("are one for all keys until hash slots are used, whichever slots are bumped", () => {
    const epochs = newEpochs();
    epochs.bump();
    epochs.bump([7]);
    expect(epochs.usesHashSlots).toBe(false);
    expect(new Set(all(epochs))).toEqual(new Set([2]));
    expect([epochs.ofKey(keyOf("a")), epochs.count]).toEqual([2, 2]);
  });

  test("all begin anew when hash slots are used, once", () => {
    const epochs = newEpochs();
    epochs.bump();
    epochs.useHashSlots();
    expect(epochs.usesHashSlots).toBe(true);
    expect(new Set(all(epochs))).toEqual(new Set([2]));
    expect(epochs.count).toBe(2);
    epochs.bump([5]);
    epochs.useHashSlots();
    expect([epochs.of(4), epochs.of(5), epochs.count]).toEqual([2, 3, 3]);
  });

  test("are those of the slots bumped, the first and the last included", () => {
    const epochs = newEpochs();
    epochs.useHashSlots();
    epochs.bump([0, 100, HASH_SLOTS - 1]);
    epochs.bump([100]);
    epochs.bump([]);
    const expected = new Array<number>(HASH_SLOTS).fill(1);
    expected[0] = 2;
    expected[100] = 3;
    expected[HASH_SLOTS - 1] = 2;
    expect(all(epochs)).toEqual(expected);
    expect(epochs.count).toBe(3);
    epochs.bump();
    expect(all(epochs)).toEqual(expected.map((epoch) => epoch + 1));
    expect(epochs.count).toBe(4);
    for (const slot of [-1, HASH_SLOTS]) expect(() => epochs.bump([slot])).toThrow("out of range");
  });

  test("of a key are those of its hash slot, hash tags included", () => {
    const epochs = newEpochs();
    epochs.useHashSlots();
    // The number that `CLUSTER KEYSLOT foo` gives.
    epochs.bump([12_182]);
    expect(["foo", "{foo}1", "x{foo}", "bar", "{bar}foo"].map((name) => epochs.ofKey(keyOf(name)))).toEqual([
      ...[2, 2, 2],
      ...[1, 1],
    ]);
  });

  test("differ only once some slots are bumped alone: until then no key needs its hash slot", () => {
    const epochs = newEpochs();
    epochs.useHashSlots();
    const key = keyOf("foo");
    epochs.bump();
    // As when a cluster's nodes become known.
    epochs.bump(Array.from({ length: HASH_SLOTS }, (_, slot) => slot));
    expect([epochs.ofKey(key), key.isSlotKnown]).toEqual([3, false]);
    epochs.bump([1]);
    expect([epochs.ofKey(key), key.isSlotKnown]).toEqual([3, true]);
    epochs.bump();
    expect([epochs.ofKey(key), epochs.of(1), epochs.count]).toEqual([4, 5, 5]);
  });

  test("are seen by all that share the memory, but not by a copy", () => {
    const buffer = new SharedArrayBuffer(64 + EPOCH_BYTES);
    const one = new Epochs(buffer, 64);
    const other = new Epochs(buffer, 64);
    one.useHashSlots();
    one.bump([3]);
    const copy = other.copy();
    one.bump([3, 4]);
    expect([other.of(3), other.of(4), other.of(5), other.count]).toEqual([3, 2, 1, 3]);
    expect([copy.of(3), copy.of(4), copy.of(5), copy.count]).toEqual([2, 1, 1, 2]);
    expect([...new Int32Array(buffer, 0, 16)]).toEqual(new Array(16).fill(0));
  });

  test("tell of each half turn of each slot once", () => {
    const epochs = newEpochs();
    const turns = (times: number, bump: () => boolean): number[] =>
      Array.from({ length: times }, bump).flatMap((isTurn, index) => (isTurn ? [index + 1] : []));
    expect(turns(HALF_TURN - 1, () => epochs.bump())).toEqual([]);
    expect(epochs.useHashSlots()).toBe(true);
    expect(turns(10, () => epochs.bump([1]))).toEqual([]);
    // Slot 1 is ten bumps ahead of slot 2.
    expect(turns(2 * HALF_TURN, () => epochs.bump([1, 2]))).toEqual([
      ...[HALF_TURN - 10, HALF_TURN],
      ...[2 * HALF_TURN - 10, 2 * HALF_TURN],
    ]);
    expect(epochs.of(3)).toBe(HALF_TURN);
  });

  test("are counted as an obvious model counts them", () => {
    const slot = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: HASH_SLOTS - 1 }));
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.uniqueArray(slot, { maxLength: 5 }) },
      { weight: 1, arbitrary: fc.constantFrom("all" as const, "use" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const epochs = newEpochs();
        const model = new Int32Array(HASH_SLOTS);
        let usesHashSlots = false;
        let count = 0;
        for (const one of steps) {
          if (one === "use") epochs.useHashSlots();
          else epochs.bump(one === "all" ? undefined : one);
          if (one === "use" ? usesHashSlots : one.length === 0) continue;
          count++;
          if (typeof one === "string" || !usesHashSlots) for (let i = 0; i < HASH_SLOTS; i++) model[i]!++;
          else for (const each of one) model[each]!++;
          usesHashSlots ||= one === "use";
        }
        expect(Int32Array.from(all(epochs))).toEqual(model);
        expect(epochs.count).toBe(count);
      }),
      { numRuns: 200 },
    );
  });
});
