import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { ask, closeBenches, commandsOf, keep, NodeBench, open } from "../../test/support/node-bench.ts";
import { ManualClock, systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { LargeReplySink } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { UpstreamRequest } from "./upstream-request.ts";

afterEach(closeBenches);

describe("the handshake", () => {
  test("asks for RESP3 and invalidations, in front of everything else", async () => {
    const bench = open();
    const reply = ask(bench.node.main(), "GET", "a");
    expect(await reply).toBe("_\r\n");
    expect(commandsOf(bench.fake, bench.fake.main)).toEqual([
      "HELLO 3",
      "CLIENT SETNAME glasscache-proxy",
      "CLIENT NO-EVICT ON",
      "CONFIG GET tracking-table-max-keys",
      "LATENCY HISTOGRAM swapdb",
      "CLIENT TRACKING ON",
      "GET a",
    ]);
    expect(bench.events).toEqual(["ready true"]);
    expect(bench.node.channel.status).toBe("up");
    expect(bench.node.channel.tracking).toBe(true);
  });

  test("says so where the origin cannot track", async () => {
    const bench = open({ tracking: false });
    await bench.told("ready false");
    expect(bench.node.channel.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("puts up with an origin that knows no RESP3", async () => {
    const bench = open({ hello: "unknown", tracking: false });
    await bench.told("ready false");
    expect(await ask(bench.node.main(), "GET", "a")).toBe("$-1\r\n");
    expect(await ask(bench.node.side(3), "GET", "a")).toBe("$-1\r\n");
  });

  test.each([
    ["a new origin, the default user", { password: "pw" }, { password: "pw" }],
    ["a new origin, a user", { password: "pw", user: "me" }, { password: "pw", user: "me" }],
    ["an old origin", { password: "pw", hello: "unknown", tracking: false }, { password: "pw" }],
  ] as const)("gives the password to %s", async (_, fake, login) => {
    const probe = new FakeOrigin(fake);
    const bench = keep(new NodeBench(probe, { address: { host: "127.0.0.1", port: probe.port, ...login } }));
    // Asked at once: nothing may come in front of the password.
    expect(await ask(bench.node.main(), "SET", "a", "1")).toBe("+OK\r\n");
    for (const version of [2, 3] as const) {
      expect(await ask(bench.node.side(version), "SET", "a", "1")).toBe("+OK\r\n");
      const own = bench.node.dedicated(version, { closed: () => {} });
      expect(await ask(own, "SET", "a", "1")).toBe("+OK\r\n");
    }
    expect(bench.errors).toEqual([]);
  });

  test.each([
    ["a wrong password", { password: "right" }, { password: "wrong" }, "refused the credentials: WRONGPASS"],
    [
      "a wrong user",
      { password: "pw", user: "me" },
      { password: "pw" },
      "refused the credentials: WRONGPASS",
    ],
    ["no password", { password: "right" }, {}, "refused the credentials: NOAUTH"],
    [
      "a wrong password, to an old origin",
      { password: "right", hello: "unknown", tracking: false },
      { password: "wrong" },
      "refused the credentials: WRONGPASS",
    ],
    [
      "no password, to an old origin",
      { password: "right", hello: "unknown", tracking: false },
      {},
      "asks for a password",
    ],
  ] as const)("with %s fails clearly, and is tried again", async (_, fake, login, message) => {
    const probe = new FakeOrigin(fake);
    const bench = keep(new NodeBench(probe, { address: { host: "127.0.0.1", port: probe.port, ...login } }));
    const error = (await ask(bench.node.main(), "SET", "a", "1").catch((reason) => reason)) as UpstreamError;
    expect(error).toMatchObject({ code: "ORIGINAUTH", maybeExecuted: false });
    expect(error.message).toContain(message);
    expect(() => bench.node.main()).toThrow(message);
    expect(() => bench.node.side(2)).toThrow(message);
    await bench.told("lost ORIGINAUTH", 3);
    expect(probe.values.size).toBe(0);
    expect(bench.events.filter((event) => event.startsWith("ready"))).toEqual([]);
  });

  test("is not one of credentials when tracking is not permitted", async () => {
    const bench = open({
      script: ([name, sub]) =>
        name === "CLIENT" && sub === "TRACKING" ? "-NOPERM this user has no permissions\r\n" : undefined,
    });
    await bench.told("ready false");
  });
});

describe("invalidations", () => {
  test("are told in their place among the replies", async () => {
    const bench = open();
    await bench.told("ready true");
    const { main } = bench.fake;
    main.hold();
    const replies = ["a", "b"].map(async (key) => {
      await ask(bench.node.main(), "GET", key);
      bench.events.push(`reply ${key}`);
    });
    await bench.fake.received(1, "GET", "b");
    main.invalidate(["x", "y"], 1);
    main.invalidate(null);
    main.release();
    await Promise.all(replies);
    await bench.told("all invalidated");
    expect(bench.events.filter((event) => event !== "ready true")).toEqual([
      "invalidated x",
      "invalidated y",
      "all invalidated",
      "reply a",
      "reply b",
    ]);
  });

  test("that are malformed end the connection", async () => {
    const bench = open();
    await bench.told("ready true");
    bench.fake.main.send(">1\r\n$10\r\ninvalidate\r\n");
    await bench.told("lost ORIGINPROTOCOL");
    await bench.told("ready true", 2);
  });

  test("of other kinds are of no interest", async () => {
    const bench = open();
    await bench.told("ready true");
    bench.fake.main.send(">2\r\n+server-cpu-usage\r\n:99\r\n");
    expect(await ask(bench.node.main(), "PING")).toBe("+PONG\r\n");
    expect(bench.events).toEqual(["ready true"]);
  });
});

describe("fences", () => {
  test("open once the invalidations sent before have been told, in their order and by one round trip", async () => {
    const bench = open();
    await bench.told("ready true");
    const { main } = bench.fake;
    main.hold();
    for (const name of ["first", "second", "third"]) bench.node.fence(() => bench.events.push(name));
    await bench.fake.received(1, "PING");
    expect(bench.fake.count("PING")).toBe(1);
    bench.node.fence(() => bench.events.push("fourth"));
    await bench.fake.received(2, "PING");
    main.invalidate("x", 0);
    main.release(2);
    await bench.told("invalidated x");
    while (!bench.events.includes("third")) await new Promise(setImmediate);
    expect(bench.events).toEqual(["ready true", "invalidated x", "first", "second", "third"]);
    main.release();
    while (!bench.events.includes("fourth")) await new Promise(setImmediate);
  });

  test("wait while it is not known yet whether there will be invalidations", async () => {
    const bench = open({ script: () => "" });
    let isThrough = false;
    bench.node.fence(() => {
      isThrough = true;
    });
    await bench.fake.received(1, "PING");
    expect(isThrough).toBe(false);
    bench.fake.connections[0]!.send(`%0\r\n${"+OK\r\n".repeat(5)}+PONG\r\n`);
    while (!isThrough) await new Promise(setImmediate);
  });

  test("stand open where there are no invalidations", async () => {
    const bench = open({ tracking: false });
    await bench.told("ready false");
    await new Promise<void>((resolve) => bench.node.fence(resolve));
    expect(bench.fake.count("PING")).toBe(0);
  });

  test("open when the connection is lost, after everything fetched over it has been given up", async () => {
    const bench = open();
    await bench.told("ready true");
    bench.fake.main.hold();
    const through = new Promise<void>((resolve) =>
      bench.node.fence(() => {
        bench.events.push("through");
        resolve();
      }),
    );
    await bench.fake.received(1, "PING");
    bench.fake.dropAll();
    await through;
    expect(bench.events.slice(0, 3)).toEqual(["ready true", "lost ORIGINDOWN", "through"]);
    await new Promise<void>((resolve) => bench.node.fence(resolve));
  });

  test("that get no answer give up the connection", async () => {
    const bench = open({}, { timeoutMs: 20 });
    await bench.told("ready true");
    bench.fake.script = ([name]) => (name === "PING" ? ">1\r\n+news\r\n" : undefined);
    await new Promise<void>((resolve) => bench.node.fence(resolve));
    expect(bench.events.slice(0, 2)).toEqual(["ready true", "lost ORIGINTIMEOUT"]);
  });
});

describe("the heartbeat", () => {
  test("proves the channel up to its bound from when each beat was sent", async () => {
    const clock = new ManualClock();
    const bench = open({}, { clock, heartbeatMs: 5, heartbeatTimeoutMs: 1000 });
    await bench.told("ready true");
    expect(bench.node.channel.provenUntilMs).toBe(1005);
    clock.advance(300);
    // The first beat may have been sent before that.
    await bench.fake.received(bench.fake.count("PING") + 2, "PING");
    const { main } = bench.fake;
    main.hold();
    await bench.fake.received(bench.fake.count("PING") + 1, "PING");
    clock.advance(200);
    main.release();
    // The next one is sent when the reply to this one has been read.
    await bench.fake.received(bench.fake.count("PING") + 1, "PING");
    expect(bench.node.channel.provenUntilMs).toBe(1305);
  });
});

describe("the heartbeat behind a large value", () => {
  test("is waited for as long as more of the value comes, and proves nothing meanwhile", async () => {
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

/** Counts what comes of a large reply. */
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

describe("reconnection", () => {
  test("is tried again and again, ever later, until the origin is back", async () => {
    // A share of a hundredth: the test is to see many attempts.
    const random = new SeededRandom(7);
    const bench = open({}, { random: { next: () => random.next() / 100 } });
    await bench.told("ready true");
    bench.fake.goDown();
    await bench.told("lost ORIGINDOWN", 8);
    expect(() => bench.node.main()).toThrow("cannot be reached: connection refused");
    bench.fake.comeBack();
    await bench.told("ready true", 2);
    const attempts = bench.draws.length;
    expect(attempts).toBeGreaterThanOrEqual(8);
    expect(bench.events.filter((event) => event === "lost ORIGINDOWN")).toHaveLength(attempts);
    // One that succeeds makes the next delays short again.
    bench.fake.dropAll();
    await bench.told("ready true", 3);
    expect(bench.draws).toHaveLength(attempts + 1);
  });

  test("ends with the origin", async () => {
    const timers = new ManualTimers();
    const bench = open({}, { timers });
    await bench.told("ready true");
    bench.fake.goDown();
    await bench.told("lost ORIGINDOWN");
    expect(timers.count).toBe(1);
    bench.node.close();
    expect(timers.count).toBe(0);
    expect(bench.node.connectionCounts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
  });

  test("by a request that fails with the connection finds no connection yet", async () => {
    const bench = open({ script: ([name]) => (name === "GET" ? "" : undefined) });
    await bench.told("ready true");
    const second = ask(bench.node.main(), "GET", "a").catch(() => {
      try {
        bench.node.main();
        return "a connection";
      } catch (error) {
        return error;
      }
    });
    await bench.fake.received(1, "GET");
    bench.fake.dropAll();
    expect(await second).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: false });
    expect(String(await second)).toContain("was lost");
  });
});

describe("connections beside the main one", () => {
  test("are shared by RESP version, and opened again when they have ended", async () => {
    const bench = open();
    await bench.told("ready true");
    expect(bench.node.side(2)).toBe(bench.node.side(2));
    expect(bench.node.side(3)).not.toBe(bench.node.side(2));
    expect(await ask(bench.node.side(2), "GET", "a")).toBe("$-1\r\n");
    expect(await ask(bench.node.side(3), "GET", "a")).toBe("_\r\n");
    expect(bench.node.connectionCounts.shared).toBe(3);
    const [, second] = bench.fake.connections;
    second!.drop();
    await bench.fake.until(() => second!.isClosed);
    while (bench.node.connectionCounts.shared > 2) await new Promise(setImmediate);
    expect(await ask(bench.node.side(2), "GET", "a")).toBe("$-1\r\n");
    expect(bench.events).toEqual(["ready true"]);
  });

  test("are kept for the next client when given back, up to a number", async () => {
    const bench = open();
    await bench.told("ready true");
    const own = bench.node.dedicated(2, { closed: () => {} });
    await ask(own, "PING");
    expect(bench.node.connectionCounts).toEqual({ shared: 1, dedicated: 1, idle: 0 });
    bench.node.giveBack(own, 2);
    expect(bench.node.connectionCounts).toEqual({ shared: 1, dedicated: 0, idle: 1 });
    expect(bench.node.dedicated(3, { closed: () => {} })).not.toBe(own);
    expect(bench.node.dedicated(2, { closed: () => {} })).toBe(own);
    const many = Array.from({ length: 80 }, () => bench.node.dedicated(2, { closed: () => {} }));
    await Promise.all(many.map((connection) => ask(connection, "PING")));
    for (const connection of many) bench.node.giveBack(connection, 2);
    expect(bench.node.connectionCounts.idle).toBe(64);
  });

  test("are not given again when they have ended, or said what nobody asked for", async () => {
    const bench = open();
    await bench.told("ready true");
    const own = [1, 2, 3].map(() => bench.node.dedicated(2, { closed: () => {} }));
    await Promise.all(own.map((connection) => ask(connection, "PING")));
    for (const connection of own) bench.node.giveBack(connection, 2);
    const [, first, second] = bench.fake.connections;
    first!.drop();
    second!.send("+unasked\r\n");
    while (bench.node.connectionCounts.idle > 1) await new Promise(setImmediate);
    expect(bench.node.dedicated(2, { closed: () => {} })).toBe(own[2]!);
  });

  test("outlive the main one, but for those that nobody waits for", async () => {
    const bench = open();
    await bench.told("ready true");
    const own = bench.node.dedicated(3, { closed: () => bench.events.push("own closed") });
    const idle = bench.node.dedicated(2, { closed: () => {} });
    const side = bench.node.side(2);
    await Promise.all([ask(own, "PING"), ask(idle, "PING"), ask(side, "PING")]);
    bench.node.giveBack(idle, 2);
    const { main } = bench.fake;
    bench.fake.holdFrom("HGETALL");
    const late = ask(side, "HGETALL", "a");
    await bench.fake.received(1, "HGETALL");
    main.drop();
    await bench.told("ready true", 2);
    expect(bench.node.side(2)).not.toBe(side);
    bench.fake.releaseAll();
    expect(await late).toBe("+OK\r\n");
    expect(await ask(own, "PING")).toBe("+PONG\r\n");
    expect(bench.events).toEqual(["ready true", "lost ORIGINDOWN", "ready true"]);
    // The one that was shared has nothing left to do.
    await bench.fake.until(() => bench.fake.openConnections.length === 3);
    expect(bench.node.connectionCounts).toEqual({ shared: 2, dedicated: 1, idle: 0 });
  });

  test("that are refused by themselves do not concern the main one", async () => {
    const bench = open();
    await bench.told("ready true");
    bench.fake.options = { password: "changed" };
    await expect(ask(bench.node.side(3), "PING")).rejects.toMatchObject({ code: "ORIGINAUTH" });
    expect(bench.events).toEqual(["ready true"]);
  });
});

describe("a connect that fails within the call", () => {
  // The broadcast address: there is no route to it for TCP, on any machine.
  const NOWHERE = { host: "255.255.255.255", port: 1 };

  test("is tried again and again, and requests fail with the reason", async () => {
    const bench = open({}, { address: NOWHERE });
    await bench.told("lost ORIGINDOWN", 5);
    const reason = "origin 255.255.255.255:1 cannot be reached: no route to it";
    expect(() => bench.node.main()).toThrow(reason);
    expect(() => bench.node.side(2)).toThrow(reason);
    expect(() => bench.node.dedicated(3, { closed: () => {} })).toThrow(reason);
    expect(() => bench.node.urgent(3)).toThrow(reason);
    await new Promise<void>((resolve) => bench.node.fence(resolve));
  });

  test("ends connections that were asked for in the meantime, behind the call that asked", async () => {
    const ends: string[] = [];
    const pool = new ConnectionPool({
      ...{ address: NOWHERE, clock: systemClock, pendingBytes: 1000 },
      ...{ connectTimeoutMs: 1000, timeoutMs: 1000 },
    });
    const own = pool.dedicated(3, { closed: (error) => ends.push(error.message) });
    const shared = pool.shared(2);
    const urgent = pool.urgent(2);
    expect([own, shared, urgent].map(({ isClosed }) => isClosed)).toEqual([false, false, false]);
    const asked = [own, shared, urgent].map((connection) => ask(connection, "PING"));
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ORIGINDOWN" } });
    }
    expect(ends).toHaveLength(1);
    expect(pool.counts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
    expect(pool.shared(2)).not.toBe(shared);
  });
});

test("an origin that does not read is not sent more than may wait", async () => {
  const bench = open({}, { pendingBytes: 1000 });
  await bench.told("ready true");
  for (const connection of [bench.node.main(), bench.node.side(2)]) {
    writeCommand(connection.out, ["SET", "a", "x".repeat(1000)]);
  }
  const message = `origin 127.0.0.1:${bench.fake.port} does not keep up: 1000 bytes of requests wait`;
  expect(() => bench.node.main()).toThrow(message);
  expect(() => bench.node.side(2)).toThrow(message);
});
