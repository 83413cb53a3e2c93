import { expect, test } from "bun:test";
import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import { MOST_NODES } from "../origin.ts";
import { SlotMap, UNKNOWN } from "./slot-map.ts";
import type { Primary } from "./topology.ts";

function primary(number: number): Primary {
  return { id: `node ${number}`, host: "10.0.0.1", port: number, configEpoch: number };
}

/** Gives each slot from 0 on an owner. */
function assign(map: SlotMap, owners: readonly (Primary | undefined)[]): number[] {
  return map.assign(
    owners.map((owner, slot) => ({ slot, primary: owner })),
    [],
    () => true,
  );
}

test("primaries have numbers from 1 on, as many as there may be nodes but for the one of nobody", () => {
  const memory = SlotMap.createMemory();
  const map = new SlotMap(memory);
  const most = Array.from({ length: MOST_NODES - 1 }, (_, index) => primary(index + 1));
  expect(assign(map, most).length).toBe(most.length);
  expect([...map.owners.subarray(0, most.length)]).toEqual(most.map((_, index) => index + 1));
  const other = new SlotMap(memory);
  for (const [slot, owner] of most.entries()) expect(other.primaryOf(slot)).toEqual(owner);
  expect(other.ownerOf(HASH_SLOTS - 1)).toBe(UNKNOWN);
  expect(other.primaryOf(HASH_SLOTS - 1)).toBeUndefined();

  expect(() => assign(map, [...most, primary(MOST_NODES)])).toThrow(
    `the cluster has more than ${MOST_NODES - 1} primaries`,
  );
  // The number of one that owns nothing any more is given anew.
  assign(map, [undefined]);
  const late = primary(MOST_NODES);
  assign(map, [late, ...most.slice(1)]);
  expect(map.ownerOf(0)).toBe(1);
  expect(other.primaryOf(0)).toEqual(late);
});

test("a change that is not due is left out, and what has not changed is not told", () => {
  const map = new SlotMap(SlotMap.createMemory());
  const [one, two] = [primary(1), primary(2)];
  expect(assign(map, [one, one, two])).toEqual([0, 1, 2]);
  const { version } = map;
  expect(assign(map, [one, one, two])).toEqual([]);
  expect(map.version).toBe(version);
  const told = map.assign(
    [
      { slot: 0, primary: two },
      { slot: 1, primary: two },
    ],
    [],
    ({ slot }, present) => slot === 1 && present?.id === one.id,
  );
  expect(told).toEqual([1]);
  expect([map.ownerOf(0), map.ownerOf(1), map.ownerOf(2)]).toEqual([1, 2, 2]);
});
