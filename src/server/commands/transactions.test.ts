import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import type { RespClient } from "../../../test/support/resp-client.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";

/** Returns EXEC's reply to a transaction of one PING: null when a watched key has changed. */
async function pingInTransaction(client: RespClient): Promise<unknown> {
  await client.must("MULTI");
  await client.must("PING");
  return client.ask("EXEC");
}

function messageOf(reply: unknown): string {
  return reply instanceof ReplyError ? reply.message : `no error: ${JSON.stringify(reply)}`;
}

describe("MULTI", () => {
  test("queues copies: later requests do not change them", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("MULTI");
    for (let n = 0; n < 100; n++) expect(await client.ask("SET", `key ${n}`, `value ${n}`)).toBe("QUEUED");
    expect((await client.ask("EXEC")) as unknown[]).toEqual(Array(100).fill("OK"));
    expect(await client.ask("GET", "key 42")).toBe("value 42");
  });

  test("shows in CLIENT LIST", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const other = await local.client();
    await client.must("MULTI");
    await client.must("PING");
    expect(await other.must("CLIENT", "LIST", "ID", String(await other.must("CLIENT", "ID")))).toContain(
      "multi=-1",
    );
    expect(await other.must("CLIENT", "LIST")).toMatch(/flags=x .*multi=1 /);
    await client.must("EXEC");
    expect(await other.must("CLIENT", "LIST")).not.toMatch(/flags=x|multi=1/);
  });

  test("ends with the connection and with RESET, its watches too", async () => {
    await using local = new LocalServer();
    const { watches } = local.server.keyspace;
    const client = await local.client();
    await client.must("WATCH", "a", "b");
    expect(watches.size).toBe(2);
    await client.must("MULTI");
    expect(await client.ask("RESET")).toBe("RESET");
    expect(watches.size).toBe(0);
    expect(messageOf(await client.ask("EXEC"))).toBe("ERR EXEC without MULTI");
    const leaving = await local.client();
    await leaving.must("WATCH", "c");
    await leaving.must("MULTI");
    await leaving.must("QUIT");
    await leaving.closed;
    while (local.server.registry.size > 1) await new Promise(setImmediate);
    expect(watches.size).toBe(0);
  });

  test("takes no more bytes than the limit", async () => {
    await using local = new LocalServer({ limits: { transactionBytes: 10_000 } });
    const client = await local.client();
    await client.must("MULTI");
    expect(await client.ask("SET", "a", "x".repeat(6000))).toBe("QUEUED");
    expect(messageOf(await client.ask("SET", "b", "x".repeat(6000)))).toBe(
      "ERR transaction too large: more than 10000 bytes are queued",
    );
    expect(messageOf(await client.ask("EXEC"))).toStartWith("EXECABORT ");
    await client.must("MULTI");
    let queued = 0;
    while ((await client.ask("PING")) === "QUEUED") queued++;
    expect(queued).toBeLessThan(50);
    expect(await client.ask("DISCARD")).toBe("OK");
    expect(await pingInTransaction(client)).toEqual(["PONG"]);
  });

  test("is not begun by a client that has not authenticated itself", async () => {
    await using local = new LocalServer({ password: "secret" });
    const client = await local.client();
    expect(messageOf(await client.ask("MULTI"))).toBe("NOAUTH Authentication required.");
    expect(messageOf(await client.ask("EXEC"))).toBe(
      "EXECABORT Transaction discarded because of: NOAUTH Authentication required.",
    );
    expect(await client.ask("AUTH", "secret")).toBe("OK");
    expect(await pingInTransaction(client)).toEqual(["PONG"]);
  });
});

describe("EXEC", () => {
  test("is one step for other clients and for the disk", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const counts: number[] = [];
    // Replies and active expiry may call `settle` at any time.
    local.engine.settleWith = () => {
      counts.push(local.engine.size());
      return undefined;
    };
    await client.must("MULTI");
    for (let n = 0; n < 1000; n++) void client.ask("SET", `${n}`, "x".repeat(2000));
    await client.must("PING");
    await client.must("EXEC");
    expect(new Set(counts)).toEqual(new Set([0, 1000]));
  });

  test("goes on behind a command that fails", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("SET", "text", "abc");
    await client.must("MULTI");
    await client.must("INCR", "text");
    await client.must("SET", "text", "1");
    const [failed, done] = (await client.ask("EXEC")) as unknown[];
    expect(messageOf(failed)).toBe("ERR value is not an integer or out of range");
    expect(done).toBe("OK");
    expect(await client.ask("GET", "text")).toBe("1");
  });
});

test("EXEC runs all commands even if its reply is too large to be sent", async () => {
  await using local = new LocalServer({ limits: { replyBytes: 200_000, pausedReplyBytes: 100_000 } });
  const client = await local.client();
  await client.must("SET", "large", "x".repeat(90_000));
  await client.must("MULTI");
  for (let n = 0; n < 5; n++) await client.must("GET", "large");
  await client.must("SET", "done", "1");
  expect(messageOf(await client.ask("EXEC"))).toStartWith("ERR reply too large: more than 200000 bytes");
  expect(await client.ask("GET", "done")).toBe("1");
});

describe("WATCH", () => {
  const changes: [what: string, command: string[]][] = [
    ["a value", ["SET", "k", "2"]],
    ["a value by the same one", ["SET", "k", "1"]],
    ["a number", ["INCR", "k"]],
    ["a deletion", ["DEL", "k"]],
    ["an expiry", ["EXPIRE", "k", "100"]],
    ["a renaming away", ["RENAME", "k", "other"]],
    ["a renaming onto it", ["RENAME", "source", "k"]],
    ["a copy onto it", ["COPY", "source", "k", "REPLACE"]],
    ["one among several", ["MSET", "a", "1", "k", "2"]],
    ["a flush", ["FLUSHALL"]],
  ];
  for (const [what, command] of changes) {
    test(`notices ${what}`, async () => {
      await using local = new LocalServer();
      const client = await local.client();
      const other = await local.client();
      await client.must("MSET", "k", "1", "source", "1");
      await client.must("WATCH", "k");
      await other.must(...command);
      expect(await pingInTransaction(client)).toBeNull();
      // The watch ended with that EXEC.
      expect(await pingInTransaction(client)).toEqual(["PONG"]);
    });
  }

  const nothings: [what: string, command: string[]][] = [
    ["a read", ["GET", "k"]],
    ["a refused write", ["SETNX", "k", "2"]],
    ["another key", ["SET", "k2", "2"]],
    ["an expiry that is not there to be taken away", ["PERSIST", "k"]],
    ["a deletion of nothing", ["DEL", "none"]],
    ["a renaming onto itself", ["RENAME", "k", "k"]],
  ];
  for (const [what, command] of nothings) {
    test(`ignores ${what}`, async () => {
      await using local = new LocalServer();
      const client = await local.client();
      const other = await local.client();
      await client.must("SET", "k", "1");
      await client.must("WATCH", "k", "none");
      await other.must(...command);
      expect(await pingInTransaction(client)).toEqual(["PONG"]);
    });
  }

  test("notices the client's own change before MULTI, and forgets by UNWATCH and DISCARD", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const other = await local.client();
    await client.must("WATCH", "k");
    await client.must("SET", "k", "1");
    expect(await pingInTransaction(client)).toBeNull();
    for (const forget of [["UNWATCH"], ["MULTI", "DISCARD"]]) {
      await client.must("WATCH", "k");
      await other.must("SET", "k", "2");
      for (const command of forget) await client.must(command);
      expect(await pingInTransaction(client)).toEqual(["PONG"]);
    }
  });

  test("notices that a key has expired, removed or not", async () => {
    const clock = new ManualClock();
    await using local = new LocalServer({ clock });
    const client = await local.client();
    const other = await local.client();
    for (const touch of [false, true]) {
      await client.must("SET", "k", "1", "PX", "100");
      await client.must("WATCH", "k");
      clock.advance(100);
      if (touch) await other.must("GET", "k");
      expect(await pingInTransaction(client)).toBeNull();
    }
  });

  test("ignores the removal of a key that had expired before", async () => {
    const clock = new ManualClock();
    await using local = new LocalServer({ clock });
    const client = await local.client();
    await client.must("SET", "k", "1", "PX", "100");
    clock.advance(100);
    await client.must("WATCH", "k");
    local.engine.removeExpired(10);
    expect(await pingInTransaction(client)).toEqual(["PONG"]);
  });

  test("notices an eviction, and a flush only of existing keys", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("SET", "k", "1");
    await client.must("WATCH", "k");
    local.engine.evict("k");
    expect(await pingInTransaction(client)).toBeNull();
    await client.must("WATCH", "k");
    await client.must("FLUSHDB");
    expect(await pingInTransaction(client)).toEqual(["PONG"]);
  });

  test("watches no more keys than the limit", async () => {
    await using local = new LocalServer({ limits: { watchedKeys: 3 } });
    const client = await local.client();
    await client.must("WATCH", "a", "b");
    expect(messageOf(await client.ask("WATCH", "c", "d"))).toBe("ERR too many watched keys: more than 3");
    expect(await client.ask("WATCH", "c")).toBe("OK");
  });
});
