/** Tests of a channel whose origin is silent, refuses to track, or makes changes that no invalidation tells of. */
import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { ask, closeBenches, commandsOf, keep, NodeBench, open } from "../../test/support/node-bench.ts";
import { until } from "../../test/support/until.ts";
import { systemClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import type { LargeReplySink } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { type Upstream, UpstreamRequest } from "./upstream-request.ts";

afterEach(closeBenches);

const QUICK = { heartbeatMs: 5, heartbeatTimeoutMs: 40, timeoutMs: 60_000, connectTimeoutMs: 60_000 };

/** A read, which is sent again when its connection is given up. */
class Read extends UpstreamRequest {
  readonly outcome: Promise<string>;
  #resolve: (outcome: string) => void = () => {};

  constructor(connection: Upstream) {
    super();
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#send(connection);
  }

  #send(connection: Upstream): void {
    writeCommand(connection.out, ["GET", "a"]);
    connection.enqueue(this);
  }

  override reply(bytes: Uint8Array, start: number, end: number): void {
    this.#resolve(Buffer.from(bytes.subarray(start, end)).toString());
  }

  override failed(error: UpstreamError): void {
    this.#resolve(error.code);
  }

  override resend(to: Upstream): boolean {
    this.#send(to);
    return true;
  }
}

test("a channel that was never connected has had nothing executed", () => {
  const { node } = open();
  expect(node.channel.lastError).toMatchObject({
    code: "ORIGINDOWN",
    message: `origin ${node.name} is not connected`,
    maybeExecuted: false,
  });
});

test("a channel that ends leaves no timers, whatever it was waiting for", async () => {
  for (const tracking of [true, false]) {
    const timers = new ManualTimers();
    const bench = open({ tracking }, { timers });
    await bench.told(`ready ${tracking}`);
    // The heartbeat, or the retry of tracking, besides the time-outs of the connection.
    expect(timers.count).toBeGreaterThanOrEqual(1);
    bench.node.close();
    expect(timers.count).toBe(0);
  }
});

describe("an origin that is busy", () => {
  test("keeps its channel: requests and fences wait, and are answered when it goes on", async () => {
    const bench = open({}, QUICK);
    await bench.told("ready true");
    bench.fake.goSilent();
    const write = ask(bench.node.main(), "SET", "a", "1");
    const own = ask(bench.node.dedicated(3, { closed: () => bench.events.push("own closed") }), "PING");
    let isThrough = false;
    bench.node.fence(() => {
      isThrough = true;
    });
    await bench.told("silent 40");
    expect(bench.node.channel.status).toBe("silent");
    // Long enough to try more than one other connection.
    await bench.fake.until(() => bench.fake.connections.length >= 3);
    expect(bench.node.channel.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
    expect(isThrough).toBe(false);
    bench.fake.speakAgain();
    expect(await write).toBe("+OK\r\n");
    expect(await own).toBe("+PONG\r\n");
    await bench.told("answers");
    while (!isThrough) await new Promise(setImmediate);
    await until(() => bench.node.channel.provenUntilMs > systemClock.monotonicMs());
    expect(bench.node.channel.status).toBe("up");
    expect(bench.events).toEqual(["ready true", "silent 40", "answers"]);
  });

  test("fails a request after its time-out, and loses the channel if nothing at all arrives", async () => {
    const bench = open({}, { ...QUICK, timeoutMs: 150 });
    await bench.told("ready true");
    bench.fake.goSilent();
    const write = ask(bench.node.main(), "SET", "a", "1").catch((error: UpstreamError) => error);
    await bench.told("silent 40");
    expect(await write).toMatchObject({ code: "ORIGINTIMEOUT", maybeExecuted: true });
    expect(bench.events).toEqual(["ready true", "silent 40", "lost ORIGINTIMEOUT"]);
  });

  test("shows life by any byte, which proves nothing", async () => {
    const bench = open({}, { ...QUICK, heartbeatTimeoutMs: 300 });
    await bench.told("ready true");
    const { main } = bench.fake;
    main.hold();
    const large = ask(bench.node.main(), "LRANGE", "a", "0", "-1");
    await bench.fake.received(1, "LRANGE");
    const { provenUntilMs } = bench.node.channel;
    // 400 items, one at a time, for several times as long as the heartbeat may take.
    main.send("*400\r\n", 0);
    main.release(1);
    const begunMs = systemClock.monotonicMs();
    for (let item = 0; item < 400; ) {
      await new Promise(setImmediate);
      if (systemClock.monotonicMs() - begunMs < item * 3) continue;
      main.send(":1\r\n", 0);
      main.release(1);
      item++;
    }
    expect(await large).toHaveLength(6 + 400 * 4);
    expect(bench.events).toEqual(["ready true"]);
    expect(bench.node.channel.provenUntilMs).toBe(provenUntilMs);
    main.release();
    while (bench.node.channel.provenUntilMs === provenUntilMs) await new Promise(setImmediate);
  });
});

describe("a channel whose wire is dead", () => {
  test("is replaced: reads are sent again, writes have an unknown outcome", async () => {
    const bench = open({}, QUICK);
    await bench.told("ready true");
    bench.fake.values.set("a", "1");
    const { main } = bench.fake;
    main.isSilent = true;
    const read = new Read(bench.node.main());
    const write = ask(bench.node.main(), "SET", "b", "1").catch((error: UpstreamError) => error);
    const order: string[] = [];
    bench.node.fence(() => order.push("fence"));
    void read.outcome.then(() => order.push("read"));
    expect(await write).toMatchObject({ code: "ORIGINTIMEOUT", maybeExecuted: true });
    expect(await read.outcome).toBe("$1\r\n1\r\n");
    while (order.length < 2) await new Promise(setImmediate);
    // Both waited for the other channel.
    expect(bench.events.slice(0, 4)).toEqual(["ready true", "silent 40", "lost ORIGINTIMEOUT", "ready true"]);
    expect(bench.errors[0]!.message).toContain("gave no sign of life for 40 ms, but answers others");
    // The new channel was opened at once, without the delays for an origin that is down.
    expect(bench.draws).toEqual([]);
  });

  test("ends the connections whose wire is dead, too, and no others", async () => {
    // Long enough that a busy machine answers on the connections that are alive.
    const bench = open({}, { ...QUICK, heartbeatTimeoutMs: 400 });
    await bench.told("ready true");
    const open3 = (name: string, mayBeAsked = true) =>
      bench.node.dedicated(3, {
        closed: () => bench.events.push(`${name} closed`),
        mayBeAsked: () => mayBeAsked,
      });
    const opened = { dead: open3("dead"), alive: open3("alive"), waiting: open3("waiting", false) };
    for (const [name, connection] of Object.entries(opened)) await ask(connection, "ECHO", name);
    const there = (name: string) =>
      bench.fake.commands.find(({ command }) => command[0] === "ECHO" && command[1] === name)!.connection;
    const wasReady = bench.events.filter((event) => event === "ready true").length;
    for (const each of [bench.fake.main, there("dead"), there("waiting")]) each.isSilent = true;
    await bench.told("ready true", wasReady + 1);
    while (!opened.dead.isClosed) await new Promise(setImmediate);
    expect(await ask(opened.alive, "PING")).toBe("+PONG\r\n");
    expect(opened.waiting.isClosed).toBe(false);
    expect(bench.events.filter((event) => event.endsWith("closed"))).toEqual(["dead closed"]);
  });
});

describe("an origin that does not track", () => {
  test.each(["BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF"])(
    "for the moment (%s) is asked again over another connection, and says so meanwhile",
    async (code) => {
      let refusals = 2;
      const bench = open({
        script: ([name, sub]) =>
          name === "CLIENT" && sub === "TRACKING" && refusals-- > 0 ? `-${code} not now\r\n` : undefined,
      });
      await bench.told(`lost ${code}`, 2);
      expect(() => bench.node.main()).toThrow("not now");
      await bench.told("ready true");
      expect(bench.node.channel.tracking).toBe(true);
      expect(bench.events).toEqual([`lost ${code}`, `lost ${code}`, "ready true"]);
    },
  );

  test.each([
    ["-ERR something else\r\n"],
    ["-NOPERM not for you\r\n"],
    ["-ERR unknown command 'CLIENT'\r\n"],
    [":1\r\n"],
    ["*0\r\n"],
    ["_\r\n"],
  ])("by any other answer (%j) is served, and asked again on the same connection", async (answer) => {
    let isRefused = true;
    const bench = open(
      {
        script: ([name, sub]) => (name === "CLIENT" && sub === "TRACKING" && isRefused ? answer : undefined),
      },
      { trackingRetryMs: 5 },
    );
    await bench.told("ready false");
    expect(bench.node.channel.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
    expect(await ask(bench.node.main(), "GET", "a")).toBe("_\r\n");
    await bench.fake.received(3, "CLIENT", "TRACKING");
    isRefused = false;
    await bench.told("ready true");
    // Values fetched without tracking go before the origin counts as tracking.
    expect(bench.events).toEqual(["ready false", "all invalidated", "ready true"]);
    expect(bench.node.channel.provenUntilMs).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(bench.fake.connections).toHaveLength(1);
  });

  test("because it speaks no RESP3 is not believed to, whatever it answers to CLIENT TRACKING", async () => {
    const bench = open({ hello: "unknown" }, { trackingRetryMs: 5 });
    await bench.told("ready false");
    expect(bench.node.channel.trackingRefusal).toContain("unknown command `HELLO`");
    bench.fake.options = {};
    await bench.told("ready true");
    expect(bench.events).toEqual(["ready false", "all invalidated", "ready true"]);
  });
});

describe("NOLOOP", () => {
  test.each([
    ["6.0.0", true],
    ["6.0.20", true],
    ["6.2.6", true],
    ["6.2.7", false],
    ["6.2.14", false],
    ["7.0.0", false],
    ["7.0.15", false],
    ["8.0.1", false],
    ["255.255.255", false],
  ])("is asked for of Redis %s: %p", async (version, isAsked) => {
    const bench = open({ version });
    await bench.told("ready true");
    const asked = commandsOf(bench.fake, bench.fake.main).filter((command) => command.includes("TRACKING"));
    expect(asked.at(-1)).toBe(isAsked ? "CLIENT TRACKING ON NOLOOP" : "CLIENT TRACKING ON");
    expect(bench.node.channel.greeting?.version).toBe(version);
  });
});

describe("SWAPDB, of which no invalidation tells", () => {
  /** Returns the script of an origin that counts SWAPDB as Redis 7 does. */
  function counting(calls: { count: number }) {
    return ([name, , what]: readonly string[]) => {
      if (name !== "LATENCY") return undefined;
      if (calls.count === 0) return "%0\r\n";
      const histogram = "$14\r\nhistogram_usec\r\n%1\r\n:1\r\n:1\r\n";
      return `%1\r\n$6\r\n${what}\r\n%2\r\n$5\r\ncalls\r\n:${calls.count}\r\n${histogram}`;
    };
  }

  test("is noticed by a fence before the fence passes", async () => {
    const calls = { count: 0 };
    const bench = open({ script: counting(calls) });
    await bench.told("ready true");
    const pass = () => new Promise<void>((resolve) => bench.node.fence(resolve));
    await pass();
    for (const count of [1, 2, 0]) {
      calls.count = count;
      const before = bench.events.length;
      await pass();
      expect(bench.events.slice(before)).toEqual(["all invalidated"]);
      await pass();
      expect(bench.events.length).toBe(before + 1);
    }
    expect(bench.fake.count("PING")).toBe(0);
  });

  test("past the proxy is noticed by the heartbeat", async () => {
    const calls = { count: 3 };
    const bench = open({ script: counting(calls) }, { heartbeatMs: 5 });
    await bench.told("ready true");
    await bench.fake.received(3, "LATENCY");
    expect(bench.events).toEqual(["ready true"]);
    calls.count++;
    await bench.told("all invalidated");
  });
});

describe("another database", () => {
  test("is selected on every connection before anything else is sent", async () => {
    const fake = new FakeOrigin();
    const bench = keep(new NodeBench(fake, { address: { host: "127.0.0.1", port: fake.port, database: 5 } }));
    fake.holdFrom("SELECT");
    const own = bench.node.dedicated(2, { closed() {} });
    const connections = [bench.node.main(), bench.node.side(2), bench.node.side(3), own];
    const asked = connections.map((connection) => ask(connection, "SET", "a", "1"));
    await fake.received(4, "SELECT", "5");
    expect(fake.count("SET")).toBe(0);
    fake.releaseAll();
    await Promise.all(asked);
    for (const connection of fake.connections) {
      const commands = commandsOf(fake, connection);
      expect(commands.findIndex((each) => each.startsWith("SELECT 5"))).toBeLessThan(
        commands.indexOf("SET a 1"),
      );
      expect(commands).toContain("SELECT 5");
    }
  });

  test("that the origin refuses leaves nothing executed", async () => {
    const fake = new FakeOrigin({
      script: ([name]) => (name === "SELECT" ? "-ERR DB index is out of range\r\n" : undefined),
    });
    const bench = keep(
      new NodeBench(fake, { address: { host: "127.0.0.1", port: fake.port, database: 99 } }),
    );
    const asked = [bench.node.main(), bench.node.side(2), bench.node.dedicated(3, { closed() {} })].map(
      (connection) => ask(connection, "SET", "a", "1").catch((error: UpstreamError) => error),
    );
    for (const each of asked) {
      expect(await each).toMatchObject({ code: "ORIGINDB", maybeExecuted: false });
    }
    expect(fake.values.size).toBe(0);
    expect(fake.count("SET")).toBe(0);
  });
});

test("the origin's limit of tracked keys is known", async () => {
  const bench = open({
    script: ([name]) =>
      name === "CONFIG" ? "%1\r\n$23\r\ntracking-table-max-keys\r\n$7\r\n1000000\r\n" : undefined,
  });
  await bench.told("ready true");
  expect(bench.node.channel.trackedKeysLimit).toBe(1_000_000);
});

describe("the heartbeat behind a large value", () => {
  test("is awaited as long as more of the value arrives, and proves nothing meanwhile", async () => {
    const bench = open({}, { heartbeatMs: 5, heartbeatTimeoutMs: 200, timeoutMs: 5000 });
    await bench.told("ready true");
    const main = bench.node.main();
    bench.fake.script = ([name]) => (name === "GET" ? "$300000\r\n" : undefined);
    const received: number[] = [];
    const request = new LargeRequest(received);
    writeCommand(main.out, ["GET", "k"]);
    main.enqueue(request);
    await bench.fake.received(1, "GET");
    bench.fake.main.hold();
    const { provenUntilMs } = bench.node.channel;
    const begunMs = systemClock.monotonicMs();
    let sent = 0;
    while (systemClock.monotonicMs() - begunMs < 500) {
      bench.fake.main.send("x", 0);
      bench.fake.main.release(1);
      sent++;
      await new Promise(setImmediate);
    }
    expect(bench.node.channel.status).toBe("up");
    expect(bench.node.channel.provenUntilMs - provenUntilMs).toBeLessThan(250);
    bench.fake.main.send(`${"x".repeat(300_000 - sent)}\r\n`, 0);
    bench.fake.main.release();
    await bench.fake.received(bench.fake.count("PING") + 2, "PING");
    expect(received.reduce((sum, count) => sum + count, 0)).toBe(300_000);
    expect(bench.node.channel.provenUntilMs - provenUntilMs).toBeGreaterThan(250);
  });
});

/** Counts what arrives of a large reply. */
class LargeRequest extends UpstreamRequest {
  readonly #received: number[];

  constructor(received: number[]) {
    super();
    this.#received = received;
  }

  override takeLarge(): LargeReplySink {
    const append = (_bytes: Uint8Array, start: number, end: number): boolean => {
      this.#received.push(end - start);
      return false;
    };
    return { append, complete() {} };
  }

  override reply(): void {}

  override failed(error: UpstreamError): void {
    throw error;
  }
}
