/** The proxy's own sections of INFO, and its passwords. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { RespClient } from "../../test/support/resp-client.ts";

/** The fields of INFO, of one section or all of them. */
async function info(client: RespClient, ...sections: string[]): Promise<Record<string, string>> {
  const text = String(await client.must("INFO", ...sections));
  const lines = text.split("\r\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => line.split(/:(.*)/s).slice(0, 2)));
}

describe("INFO", () => {
  test("counts hits, misses and their outcomes", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    origin.values.set("b", "2");
    await Promise.all([client.ask("GET", "a"), client.ask("GET", "a"), client.ask("GET", "none")]);
    await client.ask("GET", "a");
    await client.ask("MGET", "a", "b", "none");
    await client.ask("SET", "a", "3");
    await client.ask("HGET", "h", "f");
    await client.ask("MULTI");
    await client.ask("DISCARD");
    expect(await info(client, "cache", "origin", "proxy")).toMatchObject({
      cache_hits: "2",
      cache_misses: "5",
      coalesced_misses: "1",
      fills: "2",
      discarded_fills: "0",
      forwarded_requests: "4",
      // A write counts when it is sent, and again when the origin's invalidation comes.
      invalidations: "2",
      origin_errors: "0",
      unknown_outcomes: "0",
      channel_losses: "0",
      cache_evicted_keys: "0",
      cache_expired_keys: "0",
      proxy_connections_received: "1",
    });
    expect(await info(client, "cache")).toMatchObject({
      cached_keys: "1",
      cached_keys_expiring: "0",
      cached_payload_bytes: "2",
    });
    await client.ask("CONFIG", "RESETSTAT");
    expect(await info(client, "cache")).toMatchObject({ cache_hits: "0", cache_misses: "0", fills: "0" });
    // Gauges such as the number of entries are no statistics, and stay.
    expect(await info(client, "cache")).toMatchObject({ cached_keys: "1" });
  });

  test("describes the origin and the connections to it", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({
      origin: `redis://me:secret@127.0.0.1:${origin.port}`,
      heartbeatMs: 700,
      heartbeatTimeoutMs: 300,
    });
    const [client, watching] = await local.clients(2);
    await watching!.ask("WATCH", "a");
    await client!.ask("EVAL", "script", "1", "a", "1");
    expect(await info(client!, "origin")).toMatchObject({
      origin: `127.0.0.1:${origin.port}`,
      origin_link_status: "up",
      origin_tracking: "1",
      staleness_bound_ms: "1000",
      origin_connections_shared: "1",
      origin_connections_dedicated: "1",
      // The script's.
      origin_connections_idle: "1",
    });
    origin.goDown();
    await local.logged(/was lost/);
    expect(await info(client!, "origin")).toMatchObject({
      origin_link_status: "down",
      origin_connections_dedicated: "0",
    });
    expect(await info(client!, "origin")).toMatchObject({ channel_losses: "1" });
    expect(String(await client!.ask("INFO"))).not.toContain("secret");
  });

  test("shows evictions, and memory within the budget", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (let n = 0; n < 300; n++) {
      origin.values.set(String(n), "x".repeat(10_000));
      await client.ask("GET", String(n));
    }
    const { cache_evicted_keys, cache_used_bytes, cache_memory, cached_keys } = await info(client);
    expect(Number(cache_evicted_keys)).toBeGreaterThan(150);
    expect(Number(cache_used_bytes)).toBeLessThanOrEqual(Number(cache_memory));
    expect(Number(cached_keys)).toBe(300 - Number(cache_evicted_keys));
  });

  test("shows evictions under --max-entries", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, maxEntries: 2 });
    const client = await local.client();
    for (const key of ["a", "b", "c"]) {
      origin.values.set(key, "value");
      await client.ask("GET", key);
    }
    expect(await info(client)).toMatchObject({
      ...{ cache_max_entries: "2", cached_keys: "2", cache_evicted_keys: "1" },
    });
    expect(await client.must("CONFIG", "GET", "max-entries")).toEqual(["max-entries", "2"]);
  });
});

describe("the proxy's password", () => {
  test("guards RESP", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, password: "pw" });
    const client = await local.client();
    for (const command of [
      ["GET", "a"],
      ["SET", "a", "1"],
      ["PING"],
      ["INFO"],
      ["MULTI"],
      ["SUBSCRIBE", "a"],
      ["NOSUCH"],
    ]) {
      expect(await client.ask(...command)).toMatchObject({ message: "NOAUTH Authentication required." });
    }
    expect(await client.ask("AUTH", "wrong")).toMatchObject({ code: "WRONGPASS" });
    expect(await client.ask("HELLO", "3")).toMatchObject({ code: "NOAUTH" });
    expect(await client.ask("GET", "a")).toMatchObject({ code: "NOAUTH" });
    const handshake = ["HELLO", "CLIENT", "CONFIG", "LATENCY"];
    expect(origin.commands.every(({ command }) => handshake.includes(command[0]!))).toBe(true);
    expect(await client.ask("AUTH", "pw")).toBe("OK");
    expect(await client.ask("SET", "a", "1")).toBe("OK");
    expect(await client.ask("RESET")).toBe("RESET");
    expect(await client.ask("GET", "a")).toMatchObject({ code: "NOAUTH" });
    expect(await client.ask("HELLO", "3", "AUTH", "default", "pw")).toBeInstanceOf(Map);
    expect(await client.ask("GET", "a")).toBe("1");
    // The origin takes no part in this.
    expect(origin.count("AUTH")).toBe(0);
  });

  test("guards the text protocol", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, password: "pw" });
    const text = await local.textClient();
    for (const request of ["GET a", "PUT a=1", "DUMP", "DELETE a"]) {
      expect(await text.ask(request)).toBe("ERROR NOAUTH Authentication required. Send AUTH password first");
    }
    expect(await text.ask("AUTH wrong")).toStartWith("-WRONGPASS ");
    expect(await text.ask("AUTH pw")).toBe("+OK\r");
    expect(await text.ask("PUT a=1")).toBe("{Backend Server} : OK");
  });

  test("is not asked for if there is none", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const [client, text] = [await local.client(), await local.textClient()];
    expect(String(await client.ask("AUTH", "pw"))).toContain("without any password configured");
    expect(await text.ask("AUTH pw")).toContain("without any password configured");
  });
});

describe("the origin's password", () => {
  test("is sent, with its user, over every connection", async () => {
    using origin = new FakeOrigin({ password: "p@ss", user: "me" });
    await using local = await LocalProxy.ready({ origin: `redis://me:p%40ss@127.0.0.1:${origin.port}` });
    for (const version of [2, 3] as const) {
      const client = await local.client({ version });
      expect(await client.ask("SET", "a", "1")).toBe("OK");
      expect(await client.ask("EVAL", "script", "1", "a", "2")).toBe("OK");
      expect(await client.ask("MULTI")).toBe("OK");
      expect(await client.ask("GET", "a")).toBe("QUEUED");
      expect(await client.ask("EXEC")).toEqual(["2"]);
      expect(await client.ask("HGETALL", "h")).toBe("OK");
    }
    expect(origin.connections).toHaveLength(5);
  });

  test("when wrong gives a clear error, and is tried again, ever later, until it is right", async () => {
    using origin = new FakeOrigin({ password: "right" });
    await using local = await LocalProxy.start({
      origin: `redis://:late@127.0.0.1:${origin.port}`,
      random: { next: () => 0.05 },
    });
    const message = await local.logged(/refused the credentials/);
    expect(message).toContain(`origin 127.0.0.1:${origin.port} refused the credentials: WRONGPASS`);
    expect(message).not.toContain("late");
    const client = await local.client();
    expect(String(await client.ask("GET", "a"))).toContain("ORIGINAUTH origin 127.0.0.1:");
    expect(String(await client.ask("SET", "a", "1"))).toContain("ORIGINAUTH");
    expect(String(await client.ask("EVAL", "script", "1", "a", "1"))).toContain("ORIGINAUTH");
    await origin.until(() => origin.connections.length >= 5);
    expect(origin.values.size).toBe(0);
    origin.options = { password: "late" };
    await local.logged(/^connected to origin/);
    expect(await client.ask("SET", "a", "1")).toBe("OK");
    expect(local.messages).toHaveLength(2);
  });
});

test("COMMAND goes to the origin", async () => {
  using origin = new FakeOrigin({
    script: ([name]) => (name === "COMMAND" ? `*1\r\n${bulk("x")}` : undefined),
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  expect(await client.ask("COMMAND", "LIST")).toEqual(["x"]);
});
