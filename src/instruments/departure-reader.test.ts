import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { DepartureLog } from "../store/departure-log.ts";
import { keyIn } from "../store/key-fixture.ts";
import { Store } from "../store/store.ts";
import { DepartureReader } from "./departure-reader.ts";

const NOW_MS = 1_800_000_000_000;

/** A cache of one entry: each write evicts the one before. */
function cache(capacity: number): { log: DepartureLog; write(name: string): void } {
  const store = Store.create({ budgetBytes: 2 ** 20, maxEntries: 1, seed: 1 });
  const log = new DepartureLog(
    new SharedArrayBuffer(DepartureLog.bytes(capacity)),
    0,
    capacity,
    () => NOW_MS,
  );
  store.departures = log;
  return { log, write: (name) => void store.set(keyIn(store, name), utf8("v"), 0, NOW_MS) };
}

test("reads each departure of all logs once, those from before it began excepted", () => {
  const [one, other] = [cache(64), cache(64)];
  for (const name of ["a", "b"]) one.write(name);
  const reader = new DepartureReader([one.log, other.log]);
  const read = (most = 100): number => {
    let count = 0;
    reader.drain(NOW_MS, most, () => count++);
    return count;
  };
  expect(read()).toBe(0);
  for (const name of ["c", "d", "e"]) one.write(name);
  for (const name of ["x", "y"]) other.write(name);
  expect(read(2)).toBe(3);
  expect(read()).toBe(1);
  expect(read()).toBe(0);
  expect(reader.lost).toBe(0);
});

test("counts those that were replaced before it came", () => {
  const { log, write } = cache(8);
  const reader = new DepartureReader([log]);
  for (let i = 0; i < 31; i++) write(`key ${i}`);
  let read = 0;
  reader.drain(NOW_MS, 100, () => read++);
  expect(read).toBe(7);
  expect(reader.lost).toBe(23);
});
