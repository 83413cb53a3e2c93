/** `getOrSet` by several processes at once, against a server, a proxy and a Redis. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Client, type ClientStats, connect } from "../src/client/client.ts";
import { type RunningServer, startGlasscache, startRedis } from "./support/origins.ts";
import { requireProgram } from "./support/requirements.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(60_000);

const redis = requireProgram("redis-server");

async function proxyOf(origin: RunningServer) {
  const proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${origin.port}`]);
  return {
    port: proxy.port,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

const always = { available: true, title: (text: string) => text };
const TARGETS = [
  { name: "the server", ...always, start: () => startGlasscache(["server"]) },
  { name: "the proxy", ...always, start: async () => proxyOf(await startGlasscache(["server"])) },
  { name: "a Redis", ...redis, title: redis.title, start: () => startRedis() },
  {
    name: "the proxy of a Redis",
    ...redis,
    title: redis.title,
    start: async () => proxyOf(await startRedis()),
  },
];

interface Report {
  readonly right: boolean;
  readonly ms: number;
  readonly stats: ClientStats;
}

/** A process of test/support/get-or-set-process.ts. */
class Asker {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor(...args: (string | number)[]) {
    const program = join(import.meta.dir, "support/get-or-set-process.ts");
    this.#child = Bun.spawn([process.execPath, program, ...args.map(String)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  /** Waits for the next line it prints. */
  async says(line: string): Promise<void> {
    expect((await this.#lines.next()).value).toBe(line);
  }

  start(): void {
    this.#child.stdin.write("go\n");
    this.#child.stdin.flush();
  }

  async report(): Promise<Report> {
    const line = (await this.#lines.next()).value as string;
    expect(await this.#child.exited).toBe(0);
    return JSON.parse(line);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

for (const target of TARGETS) {
  describe.skipIf(!target.available)(target.title(target.name), () => {
    let running: Awaited<ReturnType<(typeof TARGETS)[number]["start"]>>;
    let client: Client;
    beforeAll(async () => {
      running = await target.start();
      client = await connect({ host: "127.0.0.1", port: running.port });
    });
    afterAll(async () => {
      await client.close();
      await running[Symbol.asyncDispose]();
    });

    async function loadsOf(count: number): Promise<number[]> {
      const counters = await client.mget(
        Array.from({ length: count }, (_, index) => `loads of key ${index}`),
      );
      return counters.map(Number);
    }

    test("eight processes ask for a thousand cold keys: each is loaded once", async () => {
      await client.command("FLUSHALL");
      // All leases are taken at the beginning; on a busy machine the last value is stored long after that.
      const askers = Array.from({ length: 8 }, () => new Asker(running.port, 1000, 120_000));
      for (const asker of askers) await asker.says("ready");
      for (const asker of askers) asker.start();
      const reports = await Promise.all(askers.map((asker) => asker.report()));
      expect(reports.map(({ right }) => right)).toEqual(Array.from({ length: 8 }, () => true));
      expect(await loadsOf(1000)).toEqual(Array.from({ length: 1000 }, () => 1));
      const sum = (of: (stats: ClientStats) => number) =>
        reports.reduce((total, { stats }) => total + of(stats), 0);
      expect(sum(({ loads }) => loads)).toBe(1000);
      expect(sum(({ misses }) => misses)).toBe(1000);
      expect(sum(({ hits, coalesced }) => hits + coalesced)).toBe(7000);
      expect(sum(({ notStored }) => notStored)).toBe(0);
      expect(await client.command("KEYS", "*lease")).toEqual([]);
      console.log(`${target.name}: ${reports.map(({ ms }) => Math.round(ms)).join(" ")} ms`);
    });

    test("a holder that is killed costs the others no more than its lease", async () => {
      const leaseMs = 2_000;
      await client.command("FLUSHALL");
      const holder = new Asker(running.port, 1, leaseMs, "hang");
      const askers = Array.from({ length: 7 }, () => new Asker(running.port, 1, leaseMs));
      for (const asker of [holder, ...askers]) await asker.says("ready");
      holder.start();
      await holder.says("loading");
      await holder.kill();
      for (const asker of askers) asker.start();
      const reports = await Promise.all(askers.map((asker) => asker.report()));
      for (const { right, ms } of reports) {
        expect(right).toBe(true);
        // A lease, a load of 20 ms and a poll of 200 ms; the rest is for a machine that is overloaded.
        expect(ms).toBeLessThan(leaseMs + 15_000);
      }
      // The dead one's, and one more.
      expect(await loadsOf(1)).toEqual([2]);
      expect(reports.reduce((total, { stats }) => total + stats.loads, 0)).toBe(1);
      console.log(`${target.name}: ${reports.map(({ ms }) => Math.round(ms)).join(" ")} ms`);
    });
  });
}

test.skipIf(!redis.available)(
  redis.title("a node of a cluster: each key and its lease are in one slot"),
  async () => {
    await using node = await startRedis({ args: ["--cluster-enabled", "yes"] });
    await using client = await connect({ host: "127.0.0.1", port: node.port });
    await client.command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    while (!String(await client.command("CLUSTER", "INFO")).includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const keys = Array.from({ length: 200 }, (_, index) => [
      `key ${index}`,
      `user:{${index}}:name`,
      `open{${index}`,
    ]).flat();
    // Together they are of many slots, so no transaction can be about several.
    await Promise.all(keys.map((key) => client.getOrSet(key, () => `value of ${key}`)));
    expect(client.stats).toMatchObject({ loads: keys.length, notStored: 0 });
    expect(await client.command("DBSIZE")).toBe(keys.length);
  },
);
