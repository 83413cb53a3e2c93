/** CONFIG at the proxy: its flags' names are its own settings, all others the origin's. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { startGlasscache, startRedis } from "../../test/support/origins.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { LIMIT_FLAGS } from "../cli/limit-settings.ts";
import { flagName } from "../lib/number-setting.ts";
import { ReplyError, type ReplyValue } from "../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

/** Returns the reply to CONFIG GET as an object. */
async function get(client: RespClient, ...patterns: string[]): Promise<Record<string, string>> {
  const reply = await client.must("CONFIG", "GET", ...patterns);
  const flat = reply instanceof Map ? [...reply].flat() : (reply as ReplyValue[]);
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(flat[at + 1])]] : [])),
  );
}

describe("the proxy's own settings", () => {
  test("are shown under their flags' names, without secrets", async () => {
    using origin = new FakeOrigin({
      script: ([name, sub]) => (name === "CONFIG" && sub === "GET" ? "*0\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({
      origin: `redis://:originsecret@127.0.0.1:${origin.port}`,
      password: "proxysecret",
      policy: "lru",
    });
    const client = await local.client();
    await client.must("AUTH", "proxysecret");
    const settings = await get(client, "*");
    expect(settings).toMatchObject({
      ...{
        origin: `127.0.0.1:${origin.port}`,
        memory: "1048576",
        "max-memory": "1048576",
        "max-entries": "0",
        policy: "lru",
      },
      ...{
        threads: "1",
        "allow-admin": "no",
        "cross-slot": "refuse",
        heartbeat: "1000ms",
        "heartbeat-timeout": "2000ms",
      },
      ...{ "origin-connect-timeout": "5000ms", "origin-timeout": "60000ms", ttl: "1000ms" },
      ...{ "log-level": "info", "max-connections": "20000", "max-value": "67108864" },
    });
    expect(JSON.stringify(settings)).not.toContain("secret");
  });

  test("memory can be changed up to --max-memory, and the cache follows", async () => {
    const value = "v".repeat(1000);
    using origin = new FakeOrigin({
      script: ([name]) => (name === "PTTL" ? ":-1\r\n" : name === "GET" ? bulk(value) : undefined),
    });
    await using local = await LocalProxy.ready({
      origin: origin.port,
      policy: "lru",
      maxMemoryBytes: 8 << 20,
    });
    const client = await local.client();
    const { store } = local.proxy.cache;
    const ask = async (from: number, to: number): Promise<void> => {
      for (let id = from; id < to; id++) expect(await client.must("GET", `key ${id}`)).toBe(value);
    };
    expect(await client.must("CONFIG", "SET", "memory", "4mb")).toBe("OK");
    expect(await get(client, "memory", "max-memory")).toEqual({ memory: "4194304", "max-memory": "8388608" });
    expect(infoField(await client.must("INFO", "cache"), "cache_memory")).toBe("4194304");
    await ask(0, 2000);
    expect(store.stats()).toMatchObject({ entries: 2000, evictions: 0, budgetBytes: 4 << 20 });
    expect(await client.must("CONFIG", "SET", "memory", "1mb")).toBe("OK");
    // Sweeping continues the change while no client asks for anything.
    await until(() => store.stats().usedBytes < 1 << 20);
    const asked = origin.count("GET");
    await ask(1900, 2000);
    expect(origin.count("GET")).toBe(asked);
    store.check();
  });

  test("are shown and set while the origin is down; the origin's are not", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.goDown();
    await local.logged(/was lost/);
    const client = await local.client();
    expect(await client.must("CONFIG", "SET", "ttl", "3s", "POLICY", "fifo")).toBe("OK");
    expect(await client.must("CONFIG", "GET", "ttl", "policy")).toEqual(["policy", "fifo", "ttl", "3000ms"]);
    expect(await client.ask("CONFIG", "GET", "maxmemory")).toMatchObject({ code: "ORIGINDOWN" });
    expect(await client.ask("CONFIG", "GET", "*")).toMatchObject({ code: "ORIGINDOWN" });
    expect(await client.ask("CONFIG", "SET", "ttl", "4s", "slowlog-max-len", "1")).toMatchObject({
      code: "ORIGINDOWN",
    });
    expect(await get(client, "ttl")).toEqual({ ttl: "3000ms" });
  });

  test.each([
    ["heartbeat 1ms", "argument 'heartbeat') - \"1ms\" is too small: the least is 10ms"],
    ["heartbeat x", "argument 'heartbeat') - \"x\" is not a duration such as 30s"],
    ["origin-timeout 25d", "too large: the most is 24d"],
    ["audit 5", '"5" is not a percentage such as 5% or 0.1%'],
    ["audit 101%", "too large: the most is 100%"],
    ["slowlog-slower-than never", '"never" is neither off nor a duration'],
    ["slowlog-entries 0", "the least is 1"],
    ["log-level loud", "is not one of trace, debug, info"],
    ["max-connections 0", "too small: the least is 1"],
    ["max-connections 1.5", "is not a whole number"],
    ["max-connections -1", "is not a whole number"],
    ["memory 1gb", "1 GB is more than the 1 MB reserved at the start: start it with a larger --max-memory"],
    ["memory 100kb", "argument 'memory') - 100 KB is too little for 1 shards: the least is 256 KB"],
    ["memory much", '"much" is not a size such as 64mb'],
    ["max-memory 1gb", "start it with --max-memory"],
    ["memory 512kb policy nosuch", "argument 'policy'"],
    ["threads 2", "start it with --threads"],
    ["allow-admin yes", "start it with --allow-admin"],
    ["policy nosuch", "unknown policy"],
    ["ttl 1s ttl 2s", "duplicate parameter"],
    ["ttl 1s heartbeat", "syntax error"],
    ["ttl 9s policy nosuch", "argument 'policy'"],
    ["policy fifo ttl nosuch", "argument 'ttl'"],
    ["maxmemory 1gb", "nor one that it passes on to the origin"],
    ["ttl 9s nosuch 1", "argument 'nosuch') - it is neither a setting of the proxy"],
  ])("SET %s is refused, and nothing has changed", async (given, reason) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    const names = ["memory", "ttl", "policy", "heartbeat", "max-connections", "log-level"];
    const before = await get(client, ...names);
    expect(String(await client.ask("CONFIG", "SET", ...given.split(" ")))).toContain(reason);
    expect(await get(client, ...names)).toEqual(before);
    expect(origin.count("CONFIG", "SET")).toBe(0);
  });

  test("limits have the bounds of their flags", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    let settable = 0;
    for (const [key, { read, fallback }] of Object.entries(LIMIT_FLAGS)) {
      const name = flagName(key);
      const known = await get(client, name);
      expect(Object.keys(known)).toEqual([name]);
      if (name === "max-pending-replies") continue;
      settable++;
      for (const text of [
        "0",
        "1",
        "3",
        "63",
        "255",
        "1023",
        "1b",
        "10s",
        "11s",
        "25d",
        "1gb",
        "2gb",
        "16777217",
      ]) {
        const isGood = (() => {
          try {
            read(text);
            return true;
          } catch {
            return false;
          }
        })();
        const reply = await client.ask("CONFIG", "SET", name, text);
        // Restores the default, since the value might cut this client off.
        await client.must("CONFIG", "SET", name, fallback!);
        expect([name, text, !(reply instanceof ReplyError)]).toEqual([name, text, isGood]);
      }
    }
    expect(settable).toBeGreaterThan(10);
  });

  test("take effect at once: connections, values, times to live, time-outs", async () => {
    using origin = new FakeOrigin({ tracking: false });
    await using local = await LocalProxy.ready({ origin: origin.port, ttlMs: 60_000 });
    const client = await local.client();
    await client.must("CONFIG", "SET", "max-connections", "1");
    const refused = await local.client();
    await refused.closed;
    await client.must("CONFIG", "SET", "max-connections", "10", "max-value", "100");
    const other = await local.client();
    expect(String(await other.ask("ECHO", "x".repeat(101)))).toContain("invalid bulk length");
    origin.values.set("a", "1");
    await client.must("GET", "a");
    await client.must("GET", "a");
    expect(origin.count("GET")).toBe(1);
    await client.must("CONFIG", "SET", "ttl", "0");
    expect(infoField(await client.must("INFO", "origin"), "staleness_bound_ms")).toBe("0");
    await client.must("GET", "b");
    await client.must("GET", "b");
    expect(origin.count("GET", "b")).toBe(2);
    await client.must("CONFIG", "SET", "origin-timeout", "50ms");
    origin.holdFrom("HGET");
    expect(await client.ask("HGET", "h", "f")).toMatchObject({ code: "ORIGINTIMEOUT" });
  });

  test("the heartbeat follows its setting", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, heartbeatMs: 20 });
    const client = await local.client();
    await client.must("CONFIG", "SET", "heartbeat", "40ms", "heartbeat-timeout", "500ms");
    expect(infoField(await client.must("INFO", "origin"), "staleness_bound_ms")).toBe("540");
    const pings = origin.count("PING") + origin.count("LATENCY");
    await origin.until(() => origin.count("PING") + origin.count("LATENCY") >= pings + 3);
  });

  test("log-level silences messages, in one thread and in several", async () => {
    using origin = new FakeOrigin();
    for (const threads of ["1", "2"]) {
      const args = ["proxy", "--origin", `127.0.0.1:${origin.port}`, "--threads", threads];
      await using proxy = await startGlasscache(args);
      using client = await RespClient.connect({ port: proxy.port });
      await until(async () => infoField(await client.must("INFO", "origin"), "origin_link_status") === "up");
      expect(await client.must("CONFIG", "SET", "log-level", "error")).toBe("OK");
      expect(await client.must("CONFIG", "GET", "log-level")).toEqual(["log-level", "error"]);
      origin.goDown();
      await until(
        async () => infoField(await client.must("INFO", "origin"), "origin_link_status") === "down",
      );
      origin.comeBack();
      await until(async () => infoField(await client.must("INFO", "origin"), "origin_link_status") === "up");
      expect(proxy.program.output).not.toContain("was lost");
    }
  });

  test("are the same in all threads, even in threads that start later", async () => {
    using origin = new FakeOrigin();
    await using threads = await startThreads(origin);
    const clients = await clientOfEach(threads.supervisor);
    const [one, other] = clients as [RespClient, RespClient];
    await one.must("CONFIG", "SET", "max-value", "100", "ttl", "7s");
    for (const client of clients) {
      expect(await get(client, "ttl")).toEqual({ ttl: "7000ms" });
      expect(String(await client.ask("ECHO", "x".repeat(101)))).toContain("invalid bulk length");
    }
    const index = (Number(await (await threadClient(threads.supervisor.port)).must("CLIENT", "ID")) - 1) % 3;
    await threads.supervisor.killThread(index);
    await until(() => threads.messages.some((message) => message.includes("has died")));
    for (const client of clients) client.close();
    other.close();
    const again = await clientOfEach(threads.supervisor);
    for (const client of again) {
      expect(await get(client, "ttl")).toEqual({ ttl: "7000ms" });
      expect(String(await client.ask("ECHO", "x".repeat(101)))).toContain("invalid bulk length");
      client.close();
    }
  });
});

async function threadClient(port: number): Promise<RespClient> {
  return RespClient.connect({ port });
}

describe.skipIf(!redis.available)(redis.title("the origin's parameters"), () => {
  const proxied = proxiedRedis();

  test("are asked of the origin: alone, by patterns, several at once, RESP2 and RESP3", async () => {
    const { direct, local } = proxied;
    for (const version of [2, 3] as const) {
      const client = await local.client({ version });
      for (const patterns of [
        ["maxmemory"],
        ["maxmemory-policy"],
        ["databases", "save", "appendonly"],
        ["MAXMEMORY*"],
        ["notify-*", "slow?og-max-len"],
        ["nosuch"],
        ["port"],
        ["tim[e]out", "timeout"],
      ]) {
        expect(await get(client, ...patterns)).toEqual(await get(direct, ...patterns));
      }
    }
  });

  test("are returned with the proxy's; passwords never are", async () => {
    const { direct, local } = proxied;
    const client = await local.client();
    const SECRETS = [
      "requirepass",
      "masterauth",
      "masteruser",
      "tls-key-file-pass",
      "tls-client-key-file-pass",
    ];
    await direct.must("CONFIG", "SET", "masterauth", "hush", "masteruser", "hushed");
    const all = await get(client, "*");
    const theirs = await get(direct, "*");
    expect(Object.keys(all).sort()).toEqual(
      [
        ...Object.keys(theirs).filter((name) => !SECRETS.includes(name)),
        ...Object.keys(await get(client, ...OWN)),
      ].sort(),
    );
    expect(JSON.stringify(all)).not.toContain("hush");
    for (const name of [...SECRETS, "*pass*", "master*", "MASTERAUTH"]) {
      expect(JSON.stringify(await get(client, name))).not.toContain("hush");
    }
    expect(await get(client, "requirepass")).toEqual({});
    await direct.must("CONFIG", "SET", "masterauth", "", "masteruser", "");
  });

  test("none of the proxy's settings has a name of Redis's", async () => {
    const client = await proxied.local.client();
    const own = Object.keys(await get(client, ...OWN));
    expect(own.length).toBeGreaterThan(15);
    const theirs = await get(proxied.direct, "*");
    expect(own.filter((name) => name in theirs)).toEqual([]);
  });

  test("that are harmless can be set, by any client", async () => {
    const { direct, local } = proxied;
    const client = await local.client();
    for (const [name, value] of [
      ["notify-keyspace-events", "KEA"],
      ["slowlog-log-slower-than", "77"],
      ["latency-monitor-threshold", "7"],
      ["hash-max-listpack-entries", "77"],
      ["hash-max-ziplist-value", "77"],
      ["list-max-listpack-size", "7"],
      ["set-max-intset-entries", "77"],
      ["zset-max-ziplist-entries", "77"],
      ["lazyfree-lazy-expire", "yes"],
    ] as const) {
      expect(await client.must("CONFIG", "SET", name.toUpperCase(), value)).toBe("OK");
      expect(Object.values(await get(direct, name))).toContain(
        name === "notify-keyspace-events" ? "AKE" : value,
      );
    }
    expect(await client.ask("CONFIG", "SET", "slowlog-max-len", "x")).toMatchObject({
      message: expect.stringContaining(
        "argument 'slowlog-max-len') - argument couldn't be parsed into an integer",
      ),
    });
    await client.must("CONFIG", "SET", "notify-keyspace-events", "");
  });

  test("set along with the proxy's: all or none", async () => {
    const { direct, local } = proxied;
    const client = await local.client();
    await client.must("CONFIG", "SET", "ttl", "1s", "slowlog-max-len", "10", "policy", "s3-fifo");
    expect(await get(client, "ttl", "slowlog-max-len")).toEqual({ ttl: "1000ms", "slowlog-max-len": "10" });
    for (const pairs of [
      ["ttl", "2s", "policy", "fifo", "slowlog-max-len", "x"],
      ["slowlog-max-len", "20", "ttl", "nosuch"],
      ["slowlog-max-len", "20", "policy", "nosuch"],
      ["slowlog-max-len", "20", "save", "1 1"],
    ]) {
      expect(await client.ask("CONFIG", "SET", ...pairs)).toBeInstanceOf(ReplyError);
      expect(await get(client, "ttl", "policy")).toEqual({ ttl: "1000ms", policy: "s3-fifo" });
      expect(await get(direct, "slowlog-max-len")).toEqual({ "slowlog-max-len": "10" });
    }
  });

  test("take effect in order with a client's earlier and later requests", async () => {
    const client = await proxied.local.client();
    const replies = [
      client.ask("SET", "order", "1"),
      client.ask("CONFIG", "SET", "slowlog-max-len", "31"),
      client.ask("HGETALL", "none"),
      client.ask("CONFIG", "GET", "slowlog-max-len"),
      client.ask("CONFIG", "SET", "slowlog-max-len", "32"),
      client.ask("GET", "order"),
      client.ask("CONFIG", "GET", "slowlog-max-len"),
    ];
    expect(await Promise.all(replies)).toEqual([
      ...["OK", "OK", [], ["slowlog-max-len", "31"], "OK", "1", ["slowlog-max-len", "32"]],
    ]);
  });

  test("RESETSTAT is the proxy's, and with --allow-admin the origin's too; REWRITE and all of SET likewise", async () => {
    const { direct, local } = proxied;
    const commands = async () =>
      Number(infoField(await direct.must("INFO", "stats"), "total_commands_processed"));
    const client = await local.client();
    while ((await commands()) < 200) await client.must("SET", "x", "1");
    expect(await client.must("CONFIG", "RESETSTAT")).toBe("OK");
    expect(await commands()).toBeGreaterThan(200);
    await using admin = await LocalProxy.ready({ origin: proxied.origin.port, allowAdmin: true });
    const allowed = await admin.client();
    expect(await allowed.must("CONFIG", "RESETSTAT")).toBe("OK");
    expect(await commands()).toBeLessThan(100);
    expect(await allowed.ask("CONFIG", "REWRITE")).toMatchObject({
      message: "ERR The server is running without a config file",
    });
    expect(await allowed.must("CONFIG", "SET", "maxmemory", "100mb", "ttl", "2s")).toBe("OK");
    expect(await get(allowed, "maxmemory", "ttl")).toEqual({ maxmemory: "104857600", ttl: "2000ms" });
    expect(await allowed.ask("CONFIG", "SET", "nosuch", "1")).toMatchObject({
      message: expect.stringContaining("Unknown option"),
    });
    await direct.must("CONFIG", "SET", "maxmemory", "0");
  });

  test("an origin that takes one pattern at a time is asked one at a time", async () => {
    using origin = new FakeOrigin({
      script: ([name, sub, pattern, more]) => {
        if (name !== "CONFIG" || sub !== "GET") return undefined;
        if (more !== undefined) return "-ERR wrong number of arguments\r\n";
        return `*2\r\n${bulk(pattern!)}${bulk("1")}`;
      },
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    expect(await get(await local.client(), "save", "dir", "ttl")).toEqual({
      ttl: "1000ms",
      save: "1",
      dir: "1",
    });
  });

  test("through several threads, and in front of another Redis, as well", async () => {
    await using other = await startRedis({ args: ["--maxmemory", "12345678"] });
    await using threads = await startThreads(other, { maxMemoryBytes: 32 << 20 });
    for (const [thread, client] of (await clientOfEach(threads.supervisor)).entries()) {
      expect(await get(client, "maxmemory", "threads")).toEqual({ threads: "3", maxmemory: "12345678" });
      if (thread === 0) expect(await client.must("CONFIG", "SET", "memory", "24mb")).toBe("OK");
      expect(await get(client, "memory")).toEqual({ memory: String(24 << 20) });
      client.close();
    }
  });
});

/** Patterns that match all of the proxy's own settings. */
const OWN = [
  ...[
    "origin",
    "memory",
    "max-memory",
    "max-entries",
    "policy",
    "threads",
    "allow-admin",
    "cross-slot",
    "heartbeat",
    "heartbeat-timeout",
    "ttl",
    "audit",
    "acl-log-entries",
  ],
  ...["origin-connect-timeout", "origin-timeout", "max-pending-requests", "log-level", "max-connections"],
  ...["slowlog-slower-than", "slowlog-entries", "warm", "warm-rate", "warm-every"],
  ...[
    "max-request",
    "max-arguments",
    "max-value",
    "max-unauthenticated-request",
    "max-unauthenticated-arguments",
  ],
  ...[
    "max-unauthenticated-value",
    "max-pipeline",
    "pause-pending-replies",
    "idle-timeout",
    "auth-timeout",
    "tls-handshake-timeout",
    "text-write-silence",
    "request-timeout",
  ],
  ...["text-silence", "max-pending-replies"],
];
