import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { ask, closeBenches, commandsOf, keep, NodeBench, open } from "../../test/support/node-bench.ts";
import { systemClock } from "../lib/clock.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { UpstreamError } from "./upstream-error.ts";

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

  test("reports an origin that cannot track", async () => {
    const bench = open({ tracking: false });
    await bench.told("ready false");
    expect(bench.node.channel.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("works with an origin that does not know RESP3", async () => {
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
    // Asked at once: nothing may be sent before the password.
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

  test("is not about credentials when tracking is not permitted", async () => {
    const bench = open({
      script: ([name, sub]) =>
        name === "CLIENT" && sub === "TRACKING" ? "-NOPERM this user has no permissions\r\n" : undefined,
    });
    await bench.told("ready false");
  });
});

describe("a connect that fails within the call", () => {
  // The broadcast address: no machine has a TCP route to it.
  const NOWHERE = { host: "255.255.255.255", port: 1 };

  test("is tried again and again, and requests fail with the reason", async () => {
    const bench = open({}, { address: NOWHERE });
    await bench.told("lost ORIGINDOWN", 5);
    const reason = "origin 255.255.255.255:1 cannot be reached: no route to it";
    expect(() => bench.node.main()).toThrow(reason);
    expect(() => bench.node.side(2)).toThrow(reason);
    expect(() => bench.node.dedicated(3, { closed: () => {} })).toThrow(reason);
    expect(() => bench.node.single(3)).toThrow(reason);
    await new Promise<void>((resolve) => bench.node.fence(resolve));
  });

  test("ends connections requested in the meantime, after the call that requested them", async () => {
    const ends: string[] = [];
    const pool = new ConnectionPool({
      ...{ address: NOWHERE, clock: systemClock, pendingBytes: 1000 },
      ...{ connectTimeoutMs: 1000, timeoutMs: 1000 },
    });
    const own = pool.dedicated(3, { closed: (error) => ends.push(error.message) });
    const shared = pool.shared(2);
    const urgent = pool.single(2);
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
