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

test("no primary gets the number of nobody, though every slot has an owner", () => {
  const map = new SlotMap(SlotMap.createMemory());
  const most = Array.from({ length: MOST_NODES - 1 }, (_, index) => primary(index + 1));
  const owners = Array.from({ length: HASH_SLOTS }, (_, slot) => most[slot % most.length]!);
  expect(assign(map, owners).length).toBe(HASH_SLOTS);
  expect(() => assign(map, [primary(MOST_NODES)])).toThrow("the cluster has more than");
  expect(map.primaryOf(0)).toEqual(most[0]!);
});

test("as many primaries as there may be fit in, with names as long as there are", () => {
  const memory = SlotMap.createMemory();
  const host = "h".repeat(253);
  const most = Array.from({ length: MOST_NODES - 1 }, (_, index) => ({
    ...{ id: "f".repeat(40), host, port: 65_535 - index, configEpoch: Number.MAX_SAFE_INTEGER },
  }));
  assign(new SlotMap(memory), most);
  expect(new SlotMap(memory).primaryOf(most.length - 1)).toEqual(most.at(-1)!);
});

test("each change makes the version greater, also one of what is known of a primary", () => {
  const memory = SlotMap.createMemory();
  const [map, other] = [new SlotMap(memory), new SlotMap(memory)];
  const versions = [map.version];
  assign(map, [primary(1)]);
  versions.push(other.version);
  const changed = { ...primary(1), id: "another", configEpoch: 9 };
  expect(map.assign([], [changed, primary(2)], () => true)).toEqual([]);
  versions.push(other.version);
  expect(other.primaryOf(0)).toEqual(changed);
  expect(map.assign([], [changed], () => true)).toEqual([]);
  expect(other.version).toBe(versions.at(-1)!);
  expect(versions.toSorted((a, b) => a - b)).toEqual(versions);
  expect(new Set(versions).size).toBe(3);
});
