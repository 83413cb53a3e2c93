import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { ask, commandsOf } from "../../test/support/node-bench.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import type { UpstreamConnection } from "./connection.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { UpstreamError } from "./upstream-error.ts";

const ENDED = new UpstreamError("ORIGINDOWN", "the test ends them", true);

/** The connections to an origin, whose time the test decides. */
class Bench implements Disposable {
  readonly origin = new FakeOrigin();
  readonly clock = new ManualClock();
  readonly timers = new ManualTimers();
  readonly ends: string[] = [];
  readonly pool: ConnectionPool;

  constructor(database = 0) {
    const { clock, timers } = this;
    const address = { host: "127.0.0.1", port: this.origin.port, database };
    const times = { connectTimeoutMs: 5000, timeoutMs: 5000 };
    this.pool = new ConnectionPool({ address, clock, timers, pendingBytes: 1000, ...times });
  }

  dedicated(name: string, mayBeAsked = true): UpstreamConnection {
    const closed = ({ message }: UpstreamError) => this.ends.push(`${name}: ${message}`);
    return this.pool.dedicated(3, { closed, mayBeAsked: () => mayBeAsked });
  }

  /** Returns a connection whose handshake is over, and its end at the origin. */
  async answered(name: string, mayBeAsked = true) {
    const connection = this.dedicated(name, mayBeAsked);
    await ask(connection, "ECHO", name);
    const at = this.origin.commands.find(({ command }) => command[1] === name)!.connection;
    return { connection, at };
  }

  [Symbol.dispose](): void {
    this.pool.close(ENDED);
    this.origin[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(database?: number): Bench {
  const bench = new Bench(database);
  benches.push(bench);
  return bench;
}

describe("a shared connection", () => {
  test("is one for each version, which the origin does not end for its memory", async () => {
    const { pool, origin } = open();
    const [two, three] = [pool.shared(2), pool.shared(3)];
    expect(two).not.toBe(three);
    expect([pool.shared(2), pool.shared(3)]).toEqual([two, three]);
    await Promise.all([ask(two, "PING"), ask(three, "PING")]);
    const sent = origin.connections.map((connection) => commandsOf(origin, connection));
    expect(sent.toSorted((a, b) => a.length - b.length)).toEqual([
      ["CLIENT NO-EVICT ON", "PING"],
      ["HELLO 3", "CLIENT NO-EVICT ON", "PING"],
    ]);
    expect(pool.counts).toEqual({ shared: 2, dedicated: 0, idle: 0 });
  });

  test("that has ended is replaced", () => {
    const { pool } = open();
    const ended = pool.shared(2);
    ended.close(ENDED);
    expect(pool.counts.shared).toBe(0);
    expect(pool.shared(2)).not.toBe(ended);
  });

  test("keeps the pool busy while a reply is outstanding", async () => {
    const { pool } = open();
    const connection = pool.shared(2);
    await ask(connection, "PING");
    const reply = ask(connection, "PING");
    expect(pool.isBusy).toBe(true);
    await reply;
    expect(pool.isBusy).toBe(false);
  });
});

describe("a shared connection that is retired", () => {
  test("ends at once when no reply is outstanding", async () => {
    const { pool } = open();
    const connection = pool.shared(2);
    await ask(connection, "PING");
    pool.retire();
    expect(connection.isClosed).toBe(true);
    expect(pool.counts.shared).toBe(0);
  });

  test("stays until its last reply, and another one takes its place", async () => {
    const { pool, origin, timers } = open();
    origin.holdFrom("GET");
    const retired = pool.shared(2);
    const reply = ask(retired, "GET", "a");
    await origin.received(1, "GET");
    pool.retire();
    const next = pool.shared(2);
    expect([retired.isClosed, next === retired, pool.isBusy]).toEqual([false, false, true]);
    expect(pool.counts.shared).toBe(2);
    pool.verify(10, ENDED);
    await origin.received(1, "PING");
    origin.releaseAll();
    expect(await reply).toBe("$-1\r\n");
    await until(() => retired.isClosed);
    expect([pool.shared(2), pool.counts.shared]).toEqual([next, 1]);
    timers.advance(10);
    expect(next.isClosed).toBe(false);
  });
});

describe("a connection of one client", () => {
  test("is counted until it is given back, and then used again for the same version", async () => {
    const { pool } = open();
    const first = pool.dedicated(3, { closed: () => {} });
    await ask(first, "PING");
    expect([pool.counts, pool.isBusy]).toEqual([{ shared: 0, dedicated: 1, idle: 0 }, true]);
    pool.giveBack(first, 3);
    expect([pool.counts, pool.isBusy]).toEqual([{ shared: 0, dedicated: 0, idle: 1 }, false]);
    expect(pool.dedicated(2, { closed: () => {} })).not.toBe(first);
    expect(pool.dedicated(3, { closed: () => {} })).toBe(first);
    expect(pool.counts).toEqual({ shared: 0, dedicated: 2, idle: 0 });
  });

  test("tells the present client of its end, and is counted no longer", async () => {
    const bench = open();
    const { connection } = await bench.answered("first");
    bench.pool.giveBack(connection, 3);
    expect(bench.dedicated("second")).toBe(connection);
    connection.close(ENDED);
    expect(bench.ends).toEqual(["second: the test ends them"]);
    expect(bench.pool.counts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
  });

  test("that ends while it is idle is not handed out", async () => {
    const bench = open();
    const [one, other] = [await bench.answered("one"), await bench.answered("other")];
    for (const { connection } of [one, other]) bench.pool.giveBack(connection, 3);
    one.connection.close(ENDED);
    expect(bench.pool.counts.idle).toBe(1);
    expect(bench.dedicated("next")).toBe(other.connection);
    expect(bench.dedicated("another")).not.toBe(one.connection);
    expect(bench.ends).toEqual([]);
  });

  test("ends when it is given back with a reply outstanding, or when it has ended", async () => {
    const bench = open();
    const { connection } = await bench.answered("one");
    void ask(connection, "PING").catch(() => {});
    bench.pool.giveBack(connection, 3);
    expect([connection.isClosed, bench.pool.counts.idle]).toEqual([true, 0]);
    bench.pool.giveBack(connection, 3);
    expect(bench.pool.counts.idle).toBe(0);
  });

  test("ends when it is given back and 64 are idle", async () => {
    const { pool } = open();
    const all = Array.from({ length: 65 }, () => pool.dedicated(2, { closed: () => {} }));
    await Promise.all(all.map((connection) => ask(connection, "PING")));
    for (const connection of all) pool.giveBack(connection, 2);
    expect(pool.counts).toEqual({ shared: 0, dedicated: 0, idle: 64 });
    expect(all.map(({ isClosed }) => isClosed).lastIndexOf(false)).toBe(63);
    pool.retire();
    expect(all.every(({ isClosed }) => isClosed)).toBe(true);
    expect(pool.counts.idle).toBe(0);
  });

  test("selects the database, but one for a single request does not", async () => {
    const { pool, origin } = open(4);
    await ask(pool.dedicated(3, { closed: () => {} }), "PING");
    const single = pool.single(3);
    await ask(single, "PING");
    const sent = origin.connections.map((connection) => commandsOf(origin, connection));
    expect(sent).toEqual([
      ["HELLO 3", "SELECT 4", "PING"],
      ["HELLO 3", "PING"],
    ]);
    expect(pool.counts.dedicated).toBe(2);
    single.close(ENDED);
    expect(pool.counts.dedicated).toBe(1);
  });
});

describe("connections that are asked for a sign of life", () => {
  test("end when nothing comes in time; those that may not be asked stay", async () => {
    const bench = open();
    const dead = await bench.answered("dead");
    const alive = await bench.answered("alive");
    const waiting = await bench.answered("waiting", false);
    bench.clock.advance(1);
    for (const { at } of [dead, waiting]) at.isSilent = true;
    bench.pool.verify(10, ENDED);
    await bench.origin.received(1, "PING");
    await until(() => alive.connection.outstandingCount === 0);
    bench.timers.advance(9);
    expect(dead.connection.isClosed).toBe(false);
    bench.timers.advance(1);
    expect(bench.ends).toEqual(["dead: the test ends them"]);
    expect([alive, waiting].map(({ connection }) => connection.isClosed)).toEqual([false, false]);
  });

  test("stay when bytes have come in the very moment of the question", async () => {
    const bench = open();
    const { connection, at } = await bench.answered("one");
    at.isSilent = true;
    bench.pool.verify(10, ENDED);
    bench.timers.advance(10);
    expect(connection.isClosed).toBe(false);
  });

  test("need no timer when there are none, and none after the end", async () => {
    const bench = open();
    bench.pool.shared(2);
    const before = bench.timers.count;
    bench.pool.verify(10, ENDED);
    expect(bench.timers.count).toBe(before);
    await bench.answered("one");
    bench.pool.verify(10, ENDED);
    bench.pool.close(ENDED);
    expect(bench.timers.count).toBe(0);
  });
});

test("the end is that of all connections", async () => {
  const bench = open();
  const { pool, origin } = bench;
  const retired = pool.shared(3);
  origin.holdFrom("GET");
  const lost = ask(retired, "GET", "a").catch((error) => error);
  await origin.received(1, "GET");
  pool.retire();
  const idle = await bench.answered("idle");
  const taken = await bench.answered("taken");
  pool.giveBack(idle.connection, 3);
  const shared = pool.shared(2);
  expect(pool.counts).toEqual({ shared: 2, dedicated: 1, idle: 1 });
  pool.close(ENDED);
  expect(await lost).toBe(ENDED);
  expect([retired, idle.connection, taken.connection, shared].every(({ isClosed }) => isClosed)).toBe(true);
  expect(bench.ends).toEqual(["taken: the test ends them"]);
  expect(pool.counts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
});
