import { afterEach, describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type FakeOriginOptions, type Script } from "../../test/support/fake-origin.ts";
import { commandsOf } from "../../test/support/node-bench.ts";
import { until } from "../../test/support/until.ts";
import { latin1 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { type Beat, TrackedConnection } from "./tracked-connection.ts";
import { notNeeded } from "./upstream-error.ts";

/** A connection to an origin, whose time the test decides. */
class Bench implements Disposable {
  readonly origin: FakeOrigin;
  readonly clock = new ManualClock();
  readonly timers = new ManualTimers();
  readonly events: string[] = [];
  readonly tracked: TrackedConnection;

  constructor(options: FakeOriginOptions, beat?: Beat) {
    this.origin = new FakeOrigin(options);
    const { clock, timers, events } = this;
    const times = { connectTimeoutMs: 10_000, timeoutMs: 10_000, trackingRetryMs: 500 };
    const beats = { heartbeatMs: 100, heartbeatTimeoutMs: 30, ...(beat !== undefined && { beat }) };
    const address = { host: "127.0.0.1", port: this.origin.port, user: "me", password: "pw" };
    this.tracked = new TrackedConnection(
      { address, clock, timers, pendingBytes: 10_000, ...times, ...beats },
      {
        invalidated: (bytes, start, end) => events.push(`invalidated ${latin1(bytes, start, end)}`),
        allInvalidated: () => events.push("all invalidated"),
        proven: (untilMs) => events.push(`proven until ${untilMs}`),
        tracks: (tracking) => events.push(`tracks ${tracking}`),
        silent: (silentMs) => events.push(`silent ${silentMs}`),
        answers: () => events.push("answers"),
        wireLost: ({ message }) => events.push(message),
        closed: ({ code }) => events.push(`closed ${code}`),
      },
    );
  }

  get sent(): string[] {
    return commandsOf(this.origin, this.origin.connections[0]!);
  }

  /** Waits until the origin is known to send invalidations or not, and forgets the events so far. */
  async ready(): Promise<this> {
    await until(() => this.events.some((event) => event.startsWith("tracks ")));
    this.events.length = 0;
    return this;
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.advance(ms);
  }

  /** Lets the next heartbeat come, and waits until it is answered. */
  async beat(): Promise<void> {
    const { tracked } = this;
    const before = this.origin.commands.length;
    this.advance(100);
    await until(() => this.origin.commands.length > before && tracked.connection.outstandingCount === 0);
  }

  fence(): Promise<void> {
    return new Promise((resolve) => this.tracked.fence(resolve));
  }

  [Symbol.dispose](): void {
    this.tracked.connection.close(notNeeded());
    this.origin[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(options: FakeOriginOptions = {}, beat?: Beat): Bench {
  const bench = new Bench(options, beat);
  benches.push(bench);
  return bench;
}

/** Answers one command, and leaves the others to the origin. */
function answering(words: string, answer: () => string): Script {
  return (command) => (command.join(" ").startsWith(words) ? answer() : undefined);
}

describe("an origin that tracks", () => {
  test("is believed from when it was asked, for an interval and a time-out of the heartbeat", async () => {
    const { origin, clock, tracked, events } = open();
    origin.holdFrom("CLIENT", "TRACKING");
    await origin.received(1, "CLIENT", "TRACKING");
    clock.advance(7);
    origin.releaseAll();
    await until(() => events.length > 1);
    expect(events).toEqual(["proven until 130", "tracks true"]);
    expect([tracked.tracking, tracked.provenUntilMs, tracked.refusal]).toEqual([true, 130, ""]);
  });

  test("proves by each heartbeat from when it was asked", async () => {
    const bench = await open().ready();
    await bench.beat();
    await bench.beat();
    expect(bench.events).toEqual(["proven until 230", "proven until 330"]);
    expect(bench.tracked.provenUntilMs).toBe(330);
  });

  test.each([
    ["+OK\r\n", true],
    ["-ERR no\r\n", false],
  ])("only with NOLOOP does so if it takes that, too: %j", async (answer, isTracking) => {
    const { tracked, events } = open({
      version: "6.2.6",
      script: answering("CLIENT TRACKING ON NOLOOP", () => answer),
    });
    await until(() => events.length > 1);
    expect(tracked.tracking).toBe(isTracking);
  });
});

describe("an origin that does not track", () => {
  test.each([
    ["-ERR no such thing\r\n", "ERR no such thing"],
    [":1\r\n", "an unexpected answer to CLIENT TRACKING"],
  ])("says why (%j), proves nothing, and is asked again later", async (answer, refusal) => {
    let isRefused = true;
    const script: Script = (command) => (command[1] === "TRACKING" && isRefused ? answer : undefined);
    const bench = await open({ script }).ready();
    const { tracked, events, origin, timers } = bench;
    expect([tracked.refusal, tracked.provenUntilMs]).toEqual([refusal, Number.POSITIVE_INFINITY]);
    await bench.beat();
    expect(events).toEqual([]);
    timers.advance(399);
    expect(origin.count("CLIENT", "TRACKING")).toBe(1);
    timers.advance(1);
    await origin.received(2, "CLIENT", "TRACKING");
    await until(() => tracked.connection.outstandingCount === 0);
    expect(events).toEqual([]);
    isRefused = false;
    timers.advance(500);
    await until(() => events.includes("tracks true"));
    expect(events.filter((event) => !event.startsWith("proven"))).toEqual(["all invalidated", "tracks true"]);
    expect(origin.count("HELLO")).toBe(1);
  });

  test("since it speaks no RESP3 is greeted again, with the password", async () => {
    const bench = await open({ hello: "unknown" }).ready();
    expect(bench.tracked.refusal).toStartWith("ERR unknown command `HELLO`");
    bench.origin.options = {};
    bench.timers.advance(500);
    await until(() => bench.events.includes("tracks true"));
    expect(bench.sent.filter((command) => command.startsWith("HELLO"))).toEqual([
      "HELLO 3 AUTH me pw",
      "HELLO 3 AUTH me pw",
    ]);
    expect(bench.tracked.greeting.server).toBe("fake");
  });

  test("for want of a password is given up", async () => {
    const { events } = open({ script: answering("CLIENT TRACKING", () => "-NOAUTH who are you\r\n") });
    await until(() => events.length > 0);
    expect(events).toEqual(["closed ORIGINAUTH"]);
  });
});

describe("the limit of tracked keys", () => {
  test.each([
    [`%1\r\n${bulk("tracking-table-max-keys")}${bulk("1000")}`, 1000],
    [`*2\r\n${bulk("tracking-table-max-keys")}${bulk("0")}`, 0],
    ["%0\r\n", undefined],
    ["-ERR no\r\n", undefined],
  ])("is read from %j", async (answer, limit) => {
    const { tracked } = await open({ script: answering("CONFIG", () => answer) }).ready();
    expect(tracked.trackedKeysLimit).toBe(limit);
  });
});

describe("a beat that asks for more", () => {
  const beat = (hasDatabases: boolean, vouches: () => boolean): Beat => ({
    ...{ command: ["ROLE"], hasDatabases, vouches },
  });

  test("proves only while the server vouches; when it ceases to, all is void, once", async () => {
    let vouches = true;
    const bench = await open(
      {},
      beat(false, () => vouches),
    ).ready();
    await bench.beat();
    vouches = false;
    await bench.beat();
    await bench.beat();
    vouches = true;
    await bench.beat();
    expect(bench.events).toEqual(["proven until 230", "all invalidated", "proven until 530"]);
    expect(bench.sent.filter((command) => command === "ROLE" || command === "PING")).toHaveLength(4);
    expect(bench.origin.count("LATENCY")).toBe(0);
  });

  test("asks for swaps of databases, too, if there are any and they are counted", async () => {
    let swaps = 0;
    const count = () =>
      swaps === 0 ? "%0\r\n" : `%1\r\n${bulk("swapdb")}%1\r\n${bulk("calls")}:${swaps}\r\n`;
    const bench = await open(
      { script: answering("LATENCY", count) },
      beat(true, () => true),
    ).ready();
    await bench.beat();
    expect(bench.sent.slice(-2)).toEqual(["LATENCY HISTOGRAM swapdb", "ROLE"]);
    swaps = 1;
    await bench.beat();
    expect(bench.events).toEqual(["proven until 230", "all invalidated", "proven until 330"]);
    const uncounted = await open(
      {},
      beat(true, () => true),
    ).ready();
    await uncounted.beat();
    expect(uncounted.sent.slice(-2)).toEqual(["CLIENT TRACKING ON", "ROLE"]);
  });
});

test("a number of swaps that is not told any more changes nothing", async () => {
  let answer = "%0\r\n";
  const bench = await open({ script: answering("LATENCY", () => answer) }).ready();
  answer = "-ERR not now\r\n";
  await bench.fence();
  answer = "%0\r\n";
  await bench.fence();
  expect(bench.events).toEqual([]);
});

describe("a fence", () => {
  test("that is not answered ends the connection before it passes", async () => {
    const bench = await open().ready();
    bench.origin.holdFrom("PING");
    const passed = bench.fence().then(() => [...bench.events]);
    await bench.origin.received(1, "PING");
    bench.origin.dropAll();
    expect(await passed).toEqual(["closed ORIGINDOWN"]);
    expect(bench.timers.count).toBe(0);
  });

  test("that is late ends the connection, although other bytes come", async () => {
    const bench = await open().ready();
    bench.origin.main.hold();
    const passed = bench.fence().then(() => [...bench.events]);
    await bench.origin.received(1, "PING");
    bench.clock.advance(9999);
    bench.origin.main.invalidate("a", 0);
    bench.origin.main.release(1);
    await until(() => bench.events.includes("invalidated a"));
    bench.clock.advance(1);
    bench.timers.advance(10_000);
    expect(await passed).toContain("closed ORIGINTIMEOUT");
  });
});
