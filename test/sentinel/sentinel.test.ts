/** The proxy in front of real sentinels, whose primary fails in several ways while clients write and read. */
import { describe, expect, test } from "bun:test";
import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import { Authority } from "../support/certificates.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import type { RunningServer } from "../support/origins.ts";
import { RedisSentinel } from "../support/redis-sentinel.ts";
import { requireProgram } from "../support/requirements.ts";
import { clientOfEach, infoField, startThreads } from "../support/threads.ts";
import { until } from "../support/until.ts";
import { FailoverLoad } from "./load.ts";

const redis = requireProgram("redis-server");
const THREADS = 2;
/** Writes of each client before, between and after faults. */
const SOME_WRITES = 60;

interface Fault {
  /** Has the primary replaced. */
  begin(sentinel: RedisSentinel): Promise<void>;
  /** Lets the old primary come back. */
  end?(sentinel: RedisSentinel): Promise<void>;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "the primary is killed, and comes back empty": {
    begin: ({ servers }) => servers[0].kill(),
    end: ({ servers }) => servers[0].restart(),
  },
  "the sentinels are told to replace it": {
    begin: (sentinel) => sentinel.failover(),
  },
  "the primary is paused, and goes on when it has been replaced": {
    begin: async ({ servers }) => servers[0].program.signal("SIGSTOP"),
    end: async ({ servers }) => servers[0].program.signal("SIGCONT"),
  },
};

/** Asks a server itself. */
async function onServer(
  sentinel: RedisSentinel,
  server: RunningServer,
  ...command: string[]
): Promise<ReplyValue> {
  using client = await sentinel.client(server);
  return await client.must(...command);
}

describe.skipIf(!redis.available)(redis.title("a failover under load"), () => {
  test.each(Object.keys(FAULTS))("%s", async (name) => {
    const fault = FAULTS[name]!;
    await using sentinel = await RedisSentinel.start();
    const [former, next] = sentinel.servers;
    await using threads = await startThreads(sentinel.address, {
      ...{ threads: THREADS, heartbeatMs: 200, heartbeatTimeoutMs: 400 },
    });
    const writers = await clientOfEach(threads.supervisor);
    const readers = [
      ...(await clientOfEach(threads.supervisor)),
      ...(await clientOfEach(threads.supervisor)),
    ];
    await onServer(sentinel, former, "SET", "written past the proxy", "1");
    for (const reader of readers) expect(await reader.must("GET", "written past the proxy")).toBe("1");
    const load = new FailoverLoad(writers, readers);
    await load.goesOn(SOME_WRITES);
    const beganMs = performance.now();
    await fault.begin(sentinel);
    await sentinel.hasRole(next, "master");
    const promotedMs = performance.now() - beganMs;
    await load.goesOn(SOME_WRITES);
    await onServer(sentinel, next, "SET", "written past the proxy", "2");
    for (const reader of readers) {
      await until(async () => (await reader.ask("GET", "written past the proxy")) === "2");
    }
    await fault.end?.(sentinel);
    await sentinel.hasRole(former, "slave");
    await load.goesOn(SOME_WRITES);
    await load.stop();

    const keys = writers.map((_, key) => FailoverLoad.keyOf(key));
    const found = (await onServer(sentinel, next, "MGET", ...keys)) as string[];
    const values = found.map((value) => value.trim());
    const info = await writers[0]!.must("INFO", "cache", "origin");
    for (const client of [...writers, ...readers]) client.close();
    console.log(
      `${name}: promoted after ${promotedMs.toFixed(0)} ms; no write acknowledged for ` +
        `${load.longestPauseMs.toFixed(0)} ms; ${load.readCount} reads; ${load.lostWrites(values)} writes lost`,
    );
    expect(load.staleReads(values)).toEqual([]);
    expect(Number(infoField(info, "cache_hits"))).toBeGreaterThan(100);
    expect(infoField(info, "origin_link_status")).toBe("up");
    expect(threads.messages).toContain(
      `connected to origin 127.0.0.1:${next.port}, which sends invalidations`,
    );
  });
});

describe.skipIf(!redis.available)(redis.title("sentinels"), () => {
  /** Writes and reads before and after a failover, through a proxy of one thread. */
  async function expectFollowed(sentinel: RedisSentinel, local: LocalProxy): Promise<void> {
    const [, next] = sentinel.servers;
    await local.logged(/^connected to origin .*, which sends invalidations/);
    const client = await local.client();
    await client.must("SET", "key", "1");
    expect([await client.must("GET", "key"), await client.must("GET", "key")]).toEqual(["1", "1"]);
    expect(local.proxy.stats.hits).toBe(1);
    await sentinel.failover();
    await local.logged(new RegExp(`^connected to origin 127.0.0.1:${next.port}, which sends`));
    expect(local.messages.map(({ message }) => message).join()).not.toContain("secret");
    await client.must("SET", "key", "2");
    expect([await client.must("GET", "key"), await client.must("GET", "key")]).toEqual(["2", "2"]);
    expect(local.proxy.stats.hits).toBe(2);
    await onServer(sentinel, next, "SET", "key", "3");
    while ((await client.must("GET", "key")) !== "3");
  }

  test("with TLS", async () => {
    using authority = new Authority();
    const identity = authority.issue("server");
    const tls = { identity, authorities: authority.certificate, authoritiesPath: authority.path };
    await using sentinel = await RedisSentinel.start({ tls });
    await using local = await LocalProxy.start({
      origin: sentinel.address,
      originTls: { authorities: authority.certificate, isInsecure: false },
    });
    await expectFollowed(sentinel, local);
  });

  test("with passwords, one of the servers and one of the sentinels", async () => {
    await using sentinel = await RedisSentinel.start({
      password: "secret-of-servers",
      sentinelPassword: "secret-of-sentinels",
    });
    await using wrong = await LocalProxy.start({
      origin: sentinel.address.replace("secret-of-sentinels", "another-secret"),
    });
    const problem = await wrong.logged(/^nobody tells/);
    expect(problem).toContain("refused the credentials: WRONGPASS");
    expect(problem).not.toContain("secret");
    await using local = await LocalProxy.start({ origin: sentinel.address });
    await expectFollowed(sentinel, local);
  });

  test("servers that are no sentinels say so", async () => {
    await using sentinel = await RedisSentinel.start();
    const [{ port }] = sentinel.servers;
    await using local = await LocalProxy.start({ origin: `redis+sentinel://127.0.0.1:${port}/main` });
    const problem = await local.logged(/^nobody tells/);
    expect(problem).toContain(`127.0.0.1:${port} is not a sentinel: ERR unknown command 'SENTINEL'`);
    const client = await local.client();
    expect(String(await client.ask("GET", "key"))).toContain(`ORIGINDOWN nobody tells`);
    expect(await client.ask("INFO", "origin")).toContain("origin_link_status:down");
    await using unknown = await LocalProxy.start({ origin: sentinel.address.replace("/main", "/other") });
    expect(await unknown.logged(/^nobody tells/)).toContain('does not know "other"');
  });
});
