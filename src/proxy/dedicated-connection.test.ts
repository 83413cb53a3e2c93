/** Clients with a connection of their own to the origin. The next client finds nothing of them there. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { ReplyError } from "../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

function counts(local: LocalProxy): { dedicated: number; idle: number } {
  const { dedicated, idle } = local.proxy.origin.connectionCounts;
  return { dedicated, idle };
}

const BUSY = { dedicated: 1, idle: 0 };
const IDLE = { dedicated: 0, idle: 1 };

describe("a connection of its own", () => {
  test.each([
    ["a transaction", [["MULTI"], ["SET", "a", "1"]], [["EXEC"]]],
    ["one that is discarded", [["MULTI"], ["SET", "a", "1"]], [["DISCARD"]]],
    ["watched keys", [["WATCH", "a"]], [["UNWATCH"]]],
    ["watched keys and a transaction", [["WATCH", "a"], ["MULTI"]], [["EXEC"]]],
    ["another database", [["SELECT", "1"]], [["SELECT", "0"]]],
    [
      "a database chosen in a transaction",
      [["MULTI"], ["SELECT", "1"], ["EXEC"]],
      [["MULTI"], ["SELECT", "0"], ["EXEC"]],
    ],
  ])("is kept for as long as %s need it", async (_, begin, end) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (let round = 0; round < 3; round++) {
      for (const command of begin) await client.ask(...command);
      expect(counts(local)).toEqual(BUSY);
      for (const command of end) await client.ask(...command);
      expect(counts(local)).toEqual(IDLE);
    }
    // One connection has served all of them.
    expect(origin.connections).toHaveLength(2);
  });

  test.each([
    ["EXEC without MULTI, with watched keys", [["WATCH", "a"], ["EXEC"]]],
    ["EXEC with an argument", [["MULTI"], ["EXEC", "x"]]],
    ["DISCARD without MULTI, with watched keys", [["WATCH", "a"], ["DISCARD"]]],
    ["UNWATCH within the transaction", [["WATCH", "a"], ["MULTI"], ["UNWATCH"]]],
    [
      "a transaction that is thrown away after its SELECT",
      [["SELECT", "1"], ["MULTI"], ["SELECT", "0"], ["DISCARD"]],
    ],
    [
      "a SELECT that fails",
      [
        ["SELECT", "1"],
        ["SELECT", "00"],
      ],
    ],
    ["a SELECT that fails in a transaction", [["MULTI"], ["SELECT", "1"], ["SELECT", "00"], ["EXEC"]]],
    ["something about the client in a transaction", [["MULTI"], ["CLIENT", "SETNAME", "x"], ["EXEC"]]],
    ["tracking", [["CLIENT", "TRACKING", "ON"]]],
    ["READONLY", [["READONLY"]]],
  ])("is kept after %s", async (_, commands) => {
    using origin = new FakeOrigin({
      script: ([name, first, second]) => {
        if (name === "EXEC" && first !== undefined) return "-ERR wrong number of arguments\r\n";
        return name === "SELECT" && first === "00" && second === undefined
          ? "-ERR invalid DB\r\n"
          : undefined;
      },
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version: 3 });
    for (const command of commands) await client.ask(...command);
    expect(counts(local)).toEqual(BUSY);
    client.close();
    await origin.until(() => origin.connections[1]!.isClosed);
    expect(counts(local)).toEqual({ dedicated: 0, idle: 0 });
  });

  test.each([
    ["a MULTI that fails", ["MULTI", "x"]],
    ["a SELECT that fails", ["SELECT", "99"]],
    ["READONLY that fails", ["READONLY"]],
    ["tracking that is refused", ["CLIENT", "TRACKING", "ON"]],
  ])("is given back after %s", async (_, command) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.script = ([name]) => (name === command[0] ? "-ERR no\r\n" : undefined);
    const client = await local.client();
    expect(await client.ask(...command)).toBeInstanceOf(ReplyError);
    expect(counts(local)).toEqual(IDLE);
  });

  test("ends with its client", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const clients = await local.clients(5);
    for (const client of clients) await client.ask("WATCH", "a");
    expect(counts(local)).toEqual({ dedicated: 5, idle: 0 });
    for (const client of clients) client.close();
    await origin.until(() => origin.openConnections.length === 1);
    expect(counts(local)).toEqual({ dedicated: 0, idle: 0 });
  });

  test("ends with RESET, which waits for earlier requests", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await local.frameClient();
    frames.send(["WATCH", "a"], ["MULTI"], ["SET", "a", "1"], ["EXEC"], ["WATCH", "a"], ["RESET"], ["PING"]);
    expect(await frames.received(7)).toEqual([
      "+OK\r\n",
      "+OK\r\n",
      "+QUEUED\r\n",
      "*1\r\n+OK\r\n",
      "+OK\r\n",
      "+RESET\r\n",
      "+PONG\r\n",
    ]);
    expect(origin.values.get("a")).toBe("1");
    expect(counts(local).dedicated).toBe(0);
  });

  test("RESET restores RESP2 and forgets the proxy's state of a client", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await local.frameClient();
    frames.send(
      ["HELLO", "3"],
      ["GLASS.SOURCE", "ON"],
      ["SELECT", "1"],
      ["RESET"],
      ["GET", "none"],
      ["GLASS.SOURCE", "ON"],
    );
    await frames.received(6);
    expect(frames.frames.slice(3)).toEqual([
      "+RESET\r\n",
      "$-1\r\n",
      "-ERR GLASS.SOURCE needs RESP3, which has attributes: send HELLO 3 first, or use GLASS.GET key\r\n",
    ]);
    await origin.until(() => origin.openConnections.length === 1);
  });

  test("QUIT is answered behind the replies to earlier requests", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await local.frameClient();
    frames.send(["MULTI"], ["SET", "a", "1"], ["EXEC"], ["QUIT"], ["SET", "a", "2"]);
    await frames.closed;
    expect(frames.frames).toEqual(["+OK\r\n", "+QUEUED\r\n", "*1\r\n+OK\r\n", "+OK\r\n"]);
    expect(origin.values.get("a")).toBe("1");
  });

  test("commands of replication, and those that cannot work through a proxy, are refused", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version: 3 });
    for (const command of [
      ["WAIT", "1", "0"],
      ["WAITAOF", "0", "1", "0"],
      ["PSYNC", "?", "-1"],
      ["REPLICAOF", "NO", "ONE"],
    ]) {
      expect(await client.ask(...command)).toBeInstanceOf(ReplyError);
    }
    expect(origin.connections).toHaveLength(1);
  });
});

describe.skipIf(!redis.available)(redis.title("at a real Redis"), () => {
  const proxied = proxiedRedis();

  /** Uses the connection that the last client has given back, and finds it like a new one. */
  async function expectClean(): Promise<void> {
    expect(counts(proxied.local).dedicated).toBe(0);
    const client = await proxied.local.client();
    await proxied.direct.must("SET", "clean", "0");
    // No transaction, database 0, and no watched key.
    expect(await client.ask("WATCH", "unrelated")).toBe("OK");
    expect(await client.ask("GET", "clean")).toBe("0");
    await proxied.direct.must("INCR", "watched");
    expect(await client.ask("MULTI")).toBe("OK");
    expect(await client.ask("INCR", "clean")).toBe("QUEUED");
    expect(await client.ask("EXEC")).toEqual([1]);
    client.close();
  }

  test("a SELECT without its argument in a transaction is answered by the origin, once", async () => {
    const client = await proxied.local.client();
    // All requests share an object, which still has this argument.
    const long = "x".repeat(100);
    expect(await client.must("ECHO", long)).toBe(long);
    expect(await client.must("MULTI")).toBe("OK");
    expect(String(await client.ask("SELECT"))).toContain("wrong number of arguments for 'select' command");
    expect(await client.must("ECHO", "a")).toBe("QUEUED");
    expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
    expect(await client.must("ECHO", "b")).toBe("b");
    client.close();
  });

  test.each([
    ["WATCH and EXEC without MULTI", [["WATCH", "watched"], ["EXEC"], ["UNWATCH"]]],
    ["WATCH and EXEC without MULTI, and no more", [["WATCH", "watched"], ["EXEC"]]],
    ["WATCH and DISCARD", [["WATCH", "watched"], ["MULTI"], ["DISCARD"]]],
    ["an aborted transaction", [["WATCH", "watched"], ["MULTI"], ["NOSUCH"], ["EXEC"]]],
    ["MULTI twice", [["MULTI"], ["MULTI"], ["DISCARD"]]],
    ["SELECT of what looks like 0", [["MULTI"], ["SELECT", "1"], ["SELECT", "00"], ["EXEC"]]],
    ["SELECT there and back", [["SELECT", "3"], ["MULTI"], ["SELECT", "0"], ["EXEC"]]],
    [
      "tracking on and off",
      [
        ["CLIENT", "TRACKING", "ON"],
        ["GET", "watched"],
        ["CLIENT", "TRACKING", "OFF"],
      ],
    ],
    ["tracking in a transaction", [["MULTI"], ["CLIENT", "TRACKING", "ON"], ["EXEC"]]],
    ["SUBSCRIBE in a transaction", [["MULTI"], ["SUBSCRIBE", "c"], ["EXEC"]]],
    ["a blocking command that times out", [["BLPOP", "none", "0.01"]]],
    ["a script that selects", [["WATCH", "watched"], ["EVAL", "redis.call('select', 5)", "0"], ["UNWATCH"]]],
  ])("%s leaves nothing to the next client", async (_, commands) => {
    for (const version of [2, 3] as const) {
      const client = await proxied.local.client({ version });
      for (const command of commands) await client.ask(...command);
      client.close();
      while (proxied.local.proxy.host.registry.size > 0) await new Promise(setImmediate);
      await expectClean();
      while (proxied.local.proxy.host.registry.size > 0) await new Promise(setImmediate);
    }
  });

  test("a watched key that another client changes makes EXEC answer null, RESP2 and RESP3", async () => {
    for (const version of [2, 3] as const) {
      const frames = await proxied.local.frameClient();
      if (version === 3) frames.send(["HELLO", "3"]);
      await frames.received(version === 3 ? 1 : 0);
      frames.frames.splice(0);
      frames.send(["WATCH", "watched"]);
      await frames.received(1);
      const other = await proxied.local.client();
      await other.must("INCR", "watched");
      frames.send(["MULTI"], ["SET", "never", "1"], ["EXEC"], ["GET", "never"]);
      await frames.received(5);
      const none = version === 3 ? "_\r\n" : "$-1\r\n";
      expect(frames.frames.slice(3)).toEqual([version === 3 ? "_\r\n" : "*-1\r\n", none]);
    }
  });

  test("what a client reads in another database is not cached, and not served from the cache", async () => {
    await proxied.direct.must("SET", "same", "in 0");
    const [elsewhere, here] = await proxied.local.clients(2);
    expect(await here!.ask("GET", "same")).toBe("in 0");
    expect(await elsewhere!.ask("SELECT", "1")).toBe("OK");
    expect(await elsewhere!.ask("GET", "same")).toBeNull();
    expect(await elsewhere!.ask("SET", "same", "in 1")).toBe("OK");
    expect(await elsewhere!.ask("MGET", "same")).toEqual(["in 1"]);
    expect(await here!.ask("GET", "same")).toBe("in 0");
    expect(await elsewhere!.ask("SELECT", "0")).toBe("OK");
    expect(await elsewhere!.ask("GET", "same")).toBe("in 0");
  });

  test("a client's own tracking sends it invalidations, RESP3", async () => {
    const client = await proxied.local.client({ version: 3 });
    expect(await client.ask("CLIENT", "TRACKING", "ON")).toBe("OK");
    await client.ask("GET", "tracked");
    const invalidated = Promise.withResolvers<void>();
    client.pushes.push = (...pushes) => {
      invalidated.resolve();
      return Array.prototype.push.apply(client.pushes, pushes);
    };
    await proxied.direct.must("SET", "tracked", "1");
    await invalidated.promise;
    expect(client.pushes[0]).toMatchObject({ kind: "invalidate", items: [["tracked"]] });
    expect(await client.ask("GET", "tracked")).toBe("1");
  });

  test("CLIENT LIST shows which clients have a connection of their own, and why", async () => {
    const [client, other] = await proxied.local.clients(2);
    await client!.ask("CLIENT", "SETNAME", "pinned");
    await client!.ask("MULTI");
    const list = String(await other!.ask("CLIENT", "LIST"));
    expect(list.split("\n").find((line) => line.includes("name=pinned"))).toMatch(/ flags=x /);
  });
});
