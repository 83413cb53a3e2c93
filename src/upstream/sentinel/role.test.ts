import { afterEach, describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type FakeOriginOptions } from "../../../test/support/fake-origin.ts";
import { until } from "../../../test/support/until.ts";
import { fromLatin1 } from "../../lib/bytes.ts";
import { systemClock } from "../../lib/clock.ts";
import { ManualTimers } from "../../lib/timers.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { askRole, RoleBeat } from "./role.ts";

const opened: Disposable[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

/** Asks a server for its role. */
function open(options: FakeOriginOptions = {}, login: { readonly password?: string } = {}) {
  const origin = new FakeOrigin(options);
  const timers = new ManualTimers();
  const roles: string[] = [];
  const address = { host: "127.0.0.1", port: origin.port, database: 3, ...login };
  const times = { connectTimeoutMs: 5000, timeoutMs: 5000 };
  const withdraw = askRole(
    { address, clock: systemClock, timers, pendingBytes: 1000, ...times },
    1000,
    (role) => {
      roles.push(role);
    },
  );
  opened.push({
    [Symbol.dispose]() {
      withdraw();
      origin[Symbol.dispose]();
    },
  });
  return { origin, timers, roles, withdraw };
}

describe("the heartbeat of a primary", () => {
  test.each([
    [`*3\r\n${bulk("master")}:0\r\n*0\r\n`, "master", true],
    [`*5\r\n${bulk("slave")}${bulk("10.0.0.1")}:1\r\n${bulk("connected")}:0\r\n`, "slave", false],
    [`*1\r\n${bulk("sentinel")}`, "sentinel", false],
    [`*1\r\n${bulk("m".repeat(40))}`, "unknown", false],
    [`*1\r\n${bulk("MASTER")}`, "unknown", false],
    ["*0\r\n", "unknown", false],
    ["+master\r\n", "unknown", false],
    ["-ERR unknown command\r\n", "ERR unknown command", false],
  ])("%j", (reply, role, vouches) => {
    const seen: string[] = [];
    const beat = new RoleBeat((one) => seen.push(one));
    const bytes = fromLatin1(reply);
    const reader = new ReplyReader();
    reader.next(bytes, 0, bytes.length);
    expect(beat.vouches(bytes, reader)).toBe(vouches);
    expect(seen).toEqual([role]);
    expect([beat.command, beat.hasDatabases]).toEqual([["ROLE"], true]);
  });
});

describe("a server that is asked for its role", () => {
  test("is asked over a connection of its own, which selects no database and ends", async () => {
    const { origin, timers, roles } = open({ script: () => `*1\r\n${bulk("master")}` });
    await until(() => roles.length > 0);
    expect(roles).toEqual(["master"]);
    expect(origin.commands.map(({ command }) => command)).toEqual([["ROLE"]]);
    await until(() => origin.openConnections.length === 0);
    expect(timers.count).toBe(0);
  });

  test("gets the password first", async () => {
    const options = { password: "pw" };
    const { origin, roles } = open(options, options);
    await until(() => roles.length > 0);
    expect(origin.commands.map(({ command }) => command)).toEqual([["AUTH", "pw"], ["ROLE"]]);
  });

  test("has a second to answer", async () => {
    const { origin, timers, roles } = open({ script: () => "" });
    await origin.received(1, "ROLE");
    timers.advance(999);
    expect(roles).toEqual([]);
    timers.advance(1);
    expect(roles).toEqual(["no answer within 1000 ms"]);
    expect(timers.count).toBe(0);
    await until(() => origin.openConnections.length === 0);
  });

  test("may end the connection: that is the answer", async () => {
    const { origin, roles } = open({ script: () => "" });
    await origin.received(1, "ROLE");
    origin.connections[0]!.end();
    await until(() => roles.length > 0);
    expect(roles).toEqual([
      `connection to origin 127.0.0.1:${origin.port} was lost: the origin closed the connection`,
    ]);
  });

  test("is told of no longer once the question is withdrawn", async () => {
    const { origin, timers, roles, withdraw } = open({ script: () => "" });
    await origin.received(1, "ROLE");
    withdraw();
    expect(timers.count).toBe(0);
    await until(() => origin.openConnections.length === 0);
    expect(roles).toEqual([]);
  });
});
