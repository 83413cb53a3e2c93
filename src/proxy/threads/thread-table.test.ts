import { describe, expect, test } from "bun:test";
import type { Connection } from "../../net/connection.ts";
import { MOST_NODES } from "../../upstream/origin.ts";
import { channelsReport } from "./channels-report.ts";
import { SharedRegistry } from "./shared-registry.ts";
import { threadMetrics } from "./thread-metrics.ts";
import { ThreadTable } from "./thread-table.ts";

const NEVER = Number.POSITIVE_INFINITY;

describe("the table of threads", () => {
  test("serves until the first channel is no longer proven", () => {
    const table = ThreadTable.create(3);
    expect([table.provenUntilMs, table.provenUntilMsOf(0), table.provenUntilMsOf(MOST_NODES - 1)]).toEqual([
      ...[NEVER, NEVER, NEVER],
    ]);
    for (const [index, untilMs] of [30, 10, 20].entries()) table.prove(index, untilMs);
    expect(table.provenUntilMs).toBe(10);
    expect([0, 1, 2].map((index) => table.provenUntilOf(index))).toEqual([30, 10, 20]);
    table.prove(1, 40);
    expect(table.provenUntilMs).toBe(20);
    table.prove(2, 40);
    expect(table.provenUntilMs).toBe(30);
  });

  test("proves each node apart", () => {
    const table = ThreadTable.create(2);
    table.proveNode(0, 5, 10);
    table.proveNode(1, 5, 20);
    table.proveNode(1, 6, 30);
    table.proveNode(1, MOST_NODES - 1, 40);
    expect([4, 5, 6, 7, MOST_NODES - 1].map((node) => table.provenUntilMsOf(node))).toEqual([
      ...[NEVER, 10, 30, NEVER, 40],
    ]);
    table.proveNode(0, 5, 25);
    expect(table.provenUntilMsOf(5)).toBe(20);
  });

  test("vouches for what was fetched once every thread does", () => {
    const table = ThreadTable.create(2);
    expect(table.allVouch).toBe(false);
    table.prove(1, 10);
    expect(table.allVouch).toBe(false);
    table.prove(0, 10);
    expect(table.allVouch).toBe(true);
  });

  test("is the same for all that share its memory", () => {
    const table = ThreadTable.create(2);
    const same = new ThreadTable(table.buffer, table.count);
    table.prove(0, 10);
    table.proveNode(1, 3, 20);
    table.numbers.set(1, "misses", 3);
    table.common[63] = 4;
    table.setAlive(1);
    table.addMonitors(1, 1);
    table.addConnections(0, 1);
    expect([
      same.provenUntilMs,
      same.provenUntilMsOf(3),
      same.numbers.sum("misses"),
      same.common[63],
    ]).toEqual([...[10, 20, 3, 4]]);
    expect([same.isAlive(0), same.isAlive(1), same.hasMonitors, same.connections]).toEqual([
      ...[false, true, true, 1],
    ]);
  });

  test("its parts do not overlap", () => {
    const table = ThreadTable.create(3);
    table.calls.setFrom(2, "get hit", new Float64Array([7]));
    table.common.fill(5);
    for (const index of [0, 1, 2]) {
      table.setAlive(index);
      table.addConnections(index, 1);
      table.addMonitors(index, 1);
    }
    expect(table.provenUntilMsOf(0)).toBe(NEVER);
    for (let node = 0; node < MOST_NODES; node++) table.proveNode(2, node, 9);
    const body = new Uint8Array([1]);
    const none = { originMs: 0, otherReadMs: 0, transferMs: 0, fenceMs: 0 };
    const record = {
      ...none,
      result: 1,
      durationMs: 2,
      endedAtMs: 3,
      body,
      clientAddress: "",
      clientName: "",
    };
    for (const index of [0, 1, 2]) table.slowLog.add(index, record, 1);
    expect(table.slowLog.newest(10).map(({ id }) => id)).toEqual([2, 1, 0]);
    expect(table.calls.sum("get hit")).toBe(7);
    expect(new Set(table.common)).toEqual(new Set([5]));
    expect([table.connections, table.provenUntilMs, table.provenUntilMsOf(0)]).toEqual([3, NEVER, 9]);
  });

  test("forgets all of a thread that has ended, and nothing of the others", () => {
    const table = ThreadTable.create(2);
    for (const index of [0, 1]) {
      table.setAlive(index);
      table.prove(index, 10 + index);
      table.proveNode(index, 0, 20 + index);
      table.proveNode(index, MOST_NODES - 1, 30 + index);
      table.addConnections(index, 1);
      table.addMonitors(index, 1);
    }
    table.addMonitors(0, 1);
    table.clear(0);
    expect([table.isAlive(0), table.isAlive(1), table.connections, table.hasMonitors]).toEqual([
      ...[false, true, 1, true],
    ]);
    expect([table.provenUntilMs, table.provenUntilMsOf(0), table.provenUntilMsOf(MOST_NODES - 1)]).toEqual([
      ...[11, 21, 31],
    ]);
    table.clear(0);
    expect(table.hasMonitors).toBe(true);
    table.addMonitors(1, -1);
    expect(table.hasMonitors).toBe(false);
  });
});

test("clients of several threads have different ids, and are counted together", () => {
  const table = ThreadTable.create(3);
  const registries = [0, 1, 2].map((index) => new SharedRegistry(table, index));
  expect(registries.map((registry) => [registry.nextId(), registry.nextId()])).toEqual([
    ...[
      [1, 4],
      [2, 5],
      [3, 6],
    ],
  ]);
  const connection = { id: 1 } as Connection;
  registries[0]!.add(connection);
  registries[1]!.add({ id: 2 } as Connection);
  expect([registries[2]!.openCount, registries[0]!.size, registries[0]!.get(1)]).toEqual([2, 1, connection]);
  registries[0]!.remove(connection);
  expect([registries[2]!.openCount, registries[0]!.size]).toEqual([1, 0]);
});

describe("the channels of threads", () => {
  /** Two threads; the bound is 200 ms. The first was proven at 900 ms, the second sends no invalidations. */
  function scene(): ThreadTable {
    const table = ThreadTable.create(2);
    table.prove(0, 1100);
    table.numbers.set(0, "stalenessBoundMs", 200);
    table.numbers.set(1, "stalenessBoundMs", 150);
    table.numbers.set(0, "heartbeatMicros", 1500);
    table.numbers.set(1, "pushInvalidations", 4);
    table.numbers.set(1, "channelLosses", 2);
    return table;
  }

  test("are told each, with what is known", () => {
    const table = scene();
    const second = { thread: 1, isUp: true, pushes: 4, losses: 2 };
    const first = { thread: 0, isUp: true, silenceMs: 100, roundTripMs: 1.5, pushes: 0, losses: 0 };
    expect(channelsReport(table, 1000)).toEqual({ boundMs: 200, channels: [first, second] });
    expect(channelsReport(table, 800).channels[0]).toEqual({ ...first, silenceMs: 0 });
    expect(channelsReport(table, 1100).channels[0]).toEqual({ ...first, silenceMs: 200 });
    expect(channelsReport(table, 1101).channels[0]).toEqual({ ...first, silenceMs: 201, isUp: false });
    table.numbers.set(1, "channelsDown", 1);
    expect(channelsReport(table, 1000).channels).toEqual([first, { ...second, isUp: false }]);
  });

  test("have metrics: the worst of all threads, in seconds", () => {
    const table = scene();
    const values = (nowMs: number) => threadMetrics(table, nowMs).map(({ samples }) => samples[0]!.value);
    expect(values(1000)).toEqual([1, 0.2, 0.1, 0.0015]);
    expect(values(1100)).toEqual([1, 0.2, 0.2, 0.0015]);
    expect(values(1101)[0]).toBe(0);
    table.numbers.set(1, "channelsDown", 1);
    expect(values(1000)[0]).toBe(0);
    table.prove(0, NEVER);
    expect(values(1000)[2]).toBe(0);
  });
});
