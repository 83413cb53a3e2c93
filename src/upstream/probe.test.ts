import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin, type FakeOriginOptions } from "../../test/support/fake-origin.ts";
import { commandsOf } from "../../test/support/node-bench.ts";
import { until } from "../../test/support/until.ts";
import { systemClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { Probe, wireLost } from "./probe.ts";

const opened: Disposable[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

/** Probes an origin. Timers run when the test says so. */
function open(options: FakeOriginOptions = {}, login: { user?: string; password?: string } = {}) {
  const origin = new FakeOrigin(options);
  const timers = new ManualTimers();
  const told: boolean[] = [];
  const address = { host: "127.0.0.1", port: origin.port, ...login };
  const times = { connectTimeoutMs: 5000, timeoutMs: 5000 };
  const probe = new Probe(
    { address, clock: systemClock, timers, pendingBytes: 1000, ...times },
    (isAnswered) => told.push(isAnswered),
  );
  opened.push({
    [Symbol.dispose]() {
      probe.close();
      origin[Symbol.dispose]();
    },
  });
  /** Waits for the timer of the second question, beside the connection's own. */
  const waits = async (): Promise<void> => {
    await origin.received(1, "PUBLISH");
    await until(() => timers.count === 2);
  };
  return { origin, timers, told, probe, waits };
}

describe("a probe", () => {
  test("asks a second time 100 ms after the first answer, and is over with the second", async () => {
    const { origin, timers, told, waits } = open();
    await waits();
    timers.advance(99);
    expect(timers.count).toBe(2);
    timers.advance(1);
    await until(() => told.length > 0);
    expect(commandsOf(origin, origin.connections[0]!)).toEqual(["PUBLISH glasscache:probe ", "PING"]);
    await until(() => origin.openConnections.length === 0);
    expect([told, timers.count]).toEqual([[true], 0]);
  });

  test("takes an error for an answer", async () => {
    const { timers, told, waits } = open({ script: () => "-NOPERM no\r\n" });
    await waits();
    timers.advance(100);
    await until(() => told.length > 0);
    expect(told).toEqual([true]);
  });

  test("is not answered when the connection ends before the first answer", async () => {
    const { origin, told } = open({ script: () => "" });
    await origin.received(1, "PUBLISH");
    origin.dropAll();
    await until(() => told.length > 0);
    expect(told).toEqual([false]);
  });

  test("is answered when the connection ends behind the first answer", async () => {
    const { origin, timers, told, waits } = open();
    await waits();
    origin.dropAll();
    // The connection stops its own timer as it ends.
    await until(() => timers.count === 1);
    expect(told).toEqual([]);
    timers.advance(100);
    expect(told).toEqual([true]);
    expect(origin.count("PING")).toBe(0);
  });

  test("tells nothing once it is closed, and leaves no timers", async () => {
    const { origin, timers, told, probe, waits } = open();
    await waits();
    probe.close();
    expect(timers.count).toBe(0);
    await until(() => origin.openConnections.length === 0);
    expect(told).toEqual([]);
    const early = open();
    early.probe.close();
    expect(early.told).toEqual([]);
  });
});

describe("the password", () => {
  test.each([
    [{ password: "pw" }, "AUTH pw"],
    [{ user: "me", password: "pw" }, "AUTH me pw"],
  ])("precedes the question, and its answer is none (%j)", async (login, expected) => {
    const { origin, timers, told, waits } = open({ ...login }, login);
    await waits();
    expect(commandsOf(origin, origin.connections[0]!)).toEqual([expected, "PUBLISH glasscache:probe "]);
    timers.advance(100);
    await until(() => told.length > 0);
    expect(told).toEqual([true]);
  });
});

test("the error for a connection that alone is silent says for how long, and that a write may have happened", () => {
  const times = { heartbeatMs: 1, heartbeatTimeoutMs: 40, connectTimeoutMs: 1, timeoutMs: 1 };
  const address = { host: "a", port: 1 };
  expect(wireLost({ address, clock: systemClock, pendingBytes: 1, ...times })).toMatchObject({
    code: "ORIGINTIMEOUT",
    message: "origin a:1 gave no sign of life for 40 ms, but answers others",
    maybeExecuted: true,
  });
});
