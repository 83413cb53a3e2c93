import { expect, test } from "bun:test";
import { BODY_BYTES, MOST_SLOW_REQUESTS, SlowLog, type SlowRecord } from "./slow-log.ts";

function record(durationMs: number, body = new Uint8Array(3)): SlowRecord {
  return {
    ...{ endedAtMs: 5, durationMs, result: 1, originMs: 1, otherReadMs: 2, transferMs: 3, fenceMs: 4 },
    ...{ body, clientAddress: "127.0.0.1:1", clientName: "é" },
  };
}

function create(threads: number): { readonly log: SlowLog; readonly buffer: SharedArrayBuffer } {
  const buffer = new SharedArrayBuffer(SlowLog.bytes(threads));
  return { log: new SlowLog(buffer, 0, threads), buffer };
}

const durations = (log: SlowLog, count = 10): number[] =>
  log.newest(count).map(({ durationMs }) => durationMs);

test("entries are read as they were written, by another reader of the memory", () => {
  const { log, buffer } = create(2);
  const written = record(1.5, new Uint8Array(BODY_BYTES).fill(7));
  log.add(1, written, 8);
  expect(new SlowLog(buffer, 0, 2).newest(1)).toEqual([{ id: 0, ...written }]);
});

test("the newest of all threads come first; each thread keeps its latest", () => {
  const { log } = create(2);
  for (let i = 0; i < 10; i++) log.add(i % 2, record(i), 3);
  expect(durations(log)).toEqual([9, 8, 7, 6, 5, 4]);
  expect(durations(log, 2)).toEqual([9, 8]);
  log.clear();
  expect(durations(log)).toEqual([]);
  log.add(0, record(10), 3);
  expect(log.newest(10)).toMatchObject([{ id: 10, durationMs: 10 }]);
});

test("as many as there is room for, and fewer or more from then on", () => {
  const { log } = create(1);
  for (let i = 0; i < MOST_SLOW_REQUESTS + 5; i++) log.add(0, record(i), MOST_SLOW_REQUESTS);
  expect(durations(log, MOST_SLOW_REQUESTS).length).toBe(MOST_SLOW_REQUESTS);
  for (let i = 0; i < 5; i++) log.add(0, record(-i), 2);
  expect(durations(log, 2)).toEqual([-4, -3]);
  for (let i = 0; i < 5; i++) log.add(0, record(100 + i), MOST_SLOW_REQUESTS);
  expect(durations(log, 5)).toEqual([104, 103, 102, 101, 100]);
});

test("an entry whose thread died while it wrote is left out, until its place is written again", () => {
  const { log, buffer } = create(1);
  log.add(0, record(1), 1);
  const versionAt = MOST_SLOW_REQUESTS * 8 * 8;
  new Int32Array(buffer, versionAt, 1)[0]!++;
  expect(durations(log)).toEqual([]);
  log.add(0, record(2), 1);
  expect(durations(log)).toEqual([2]);
});

test("texts that are too long are cut", () => {
  const { log } = create(1);
  log.add(0, { ...record(1, new Uint8Array(BODY_BYTES + 1)), clientName: "n".repeat(200) }, 1);
  const [entry] = log.newest(1);
  expect([entry!.body.length, entry!.clientName.length]).toEqual([BODY_BYTES, 128]);
});
