/** A crowd that wants the same thing at the same time, and what the origin hears of it. */
import { describe, expect, test } from "bun:test";
import { type RunningServer, startGlasscache, startRedis } from "../support/origins.ts";
import { PASS, Relay, STALL } from "../support/relay.ts";
import { requireProgram } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";
import { infoField } from "../support/threads.ts";
import { until } from "../support/until.ts";

const CLIENTS = 500;

const redis = requireProgram("redis-server");

describe("500 clients asking for one cold key", () => {
  test.skipIf(!redis.available)(redis.title("ask Redis once"), async () => {
    await using origin = await startRedis();
    using direct = await RespClient.connect({ port: origin.port });
    await askTogether(origin, direct);
    const stats = String(await direct.must("INFO", "commandstats"));
    expect(/^cmdstat_get:calls=(\d+)/m.exec(stats)?.[1]).toBe("1");
  });

  test("ask our server once", async () => {
    await using origin = await startGlasscache(["server", "--engine", "memory"]);
    using direct = await RespClient.connect({ port: origin.port });
    await askTogether(origin, direct);
    const stats = String(await direct.must("INFO", "stats"));
    // One for the value, one for its time to live.
    expect(/^keyspace_hits:(\d+)/m.exec(stats)?.[1]).toBe("2");
  });
});

/** All ask before the origin's answer is let through. */
async function askTogether(origin: RunningServer, direct: RespClient): Promise<void> {
  using relay = await Relay.start(origin.port, 1);
  await using proxy = await startGlasscache([
    ...["proxy", "--origin", `127.0.0.1:${relay.port}`],
    // The answer may be held back for as long as it takes all clients to ask.
    ...["--heartbeat-timeout", "60s", "--origin-timeout", "60s"],
  ]);
  await direct.must("SET", "cold", "value");
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => RespClient.connect({ port: proxy.port })),
  );
  try {
    await clients[0]!.must("EXISTS", "the origin is there");
    relay.setMode("down", STALL);
    const replies = clients.map((client) => client.must("GET", "cold"));
    using observer = await RespClient.connect({ port: proxy.port });
    await until(async () => infoField(await observer.must("INFO", "cache"), "coalesced_misses") === "499");
    relay.setMode("down", PASS);
    expect(new Set(await Promise.all(replies))).toEqual(new Set(["value"]));
    const again = await Promise.all(clients.map((client) => client.must("GET", "cold")));
    expect(new Set(again)).toEqual(new Set(["value"]));
  } finally {
    for (const client of clients) client.close();
  }
}
