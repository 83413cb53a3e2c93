/** The proxy's own user at the origin: the line that docs/ORIGIN.md gives, and what is lost without each right. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");

const page = readFileSync(join(import.meta.dir, "../../docs/ORIGIN.md"), "utf8");
const rules = /^user glasscache (.*)$/m.exec(page)![1]!.split(" ");
/** The rights of the proxy's own, by the first column of the table. */
const rights = [
  ...page.slice(page.indexOf("What is lost without a right")).matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm),
]
  .slice(0, 11)
  .map((match) => [...match[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace("\\|", "|")));

describe.skipIf(!redis.available)(redis.title("the proxy's user at the origin"), () => {
  let origin: RunningServer;
  let direct: RespClient;

  beforeAll(async () => {
    origin = await startRedis();
    direct = await RespClient.connect({ port: origin.port });
  });
  afterAll(async () => {
    direct?.close();
    await origin?.[Symbol.asyncDispose]();
  });

  async function proxyAs(name: string, given: readonly string[]): Promise<LocalProxy> {
    await direct.must("ACL", "SETUSER", name, "reset", ...given);
    await direct.must("ACL", "LOG", "RESET");
    return LocalProxy.ready({ origin: `redis://${name}:password@127.0.0.1:${origin.port}` });
  }

  /** What the origin has refused. */
  async function refused(): Promise<string[]> {
    const entries = (await direct.must("ACL", "LOG", "100")) as unknown[][];
    return entries.map((entry) => String(entry[entry.indexOf("object") + 1])).sort();
  }

  test("has all rights that it needs, by the line in the documentation", async () => {
    await using local = await proxyAs("glasscache", rules);
    const client = await local.client();
    await client.must("SET", "k", "v");
    for (let round = 0; round < 3; round++) expect(await client.must("GET", "k")).toBe("v");
    expect(local.proxy.stats.hits).toBe(2);
    expect(local.proxy.origin.tracking).toBe(true);
    const monitor = await local.client();
    await monitor.must("MONITOR");
    for (const line of [
      ...[
        "INFO",
        "CONFIG GET maxmemory",
        "CLIENT LIST",
        "MULTI",
        "INCR n",
        "EXEC",
        "BLPOP nothing 0.01",
        "SELECT 1",
      ],
      ...[
        "FLUSHDB",
        "SELECT 0",
        "KEYS *",
        "SCAN 0",
        "EVAL return(1) 0",
        "SWAPDB 0 1",
        "SORT l",
        "SLOWLOG LEN",
      ],
      ...[
        "FLUSHALL",
        "DBSIZE",
        "JSON.GET k",
        "LATENCY LATEST",
        "HSET h f v",
        "HGETALL h",
        "ROLE",
        "COMMAND COUNT",
      ],
    ]) {
      await client.ask(...line.split(" "));
    }
    await until(async () => Number(await client.must("EXISTS", "h")) === 1, "the last command has run");
    expect(await refused()).toEqual([]);
  });

  test.each(rights)("serves without %p", async (...names) => {
    const without = names.map((name) => `-${name}`);
    await using local = await proxyAs("limited", [...rules, ...without]);
    const client = await local.client();
    await client.must("SET", "k", "v");
    for (let round = 0; round < 3; round++) expect(await client.must("GET", "k")).toBe("v");
    await direct.must("SET", "k", "w");
    await until(async () => (await client.must("GET", "k")) === "w", "the new value is shown");
    expect(local.proxy.origin.tracking).toBe(!names.includes("client|tracking"));
    if (names.includes("pttl")) expect(local.proxy.stats.hits).toBe(0);
    expect(String(await client.must("INFO"))).toContain("# Cache");
  });
});
