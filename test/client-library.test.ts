/** The client library against a server, a proxy and a Redis; on Bun from the source, on Node as it is published. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Client, connect } from "../src/client/client.ts";
import { installClientLibrary } from "./support/client-build.ts";
import { type RunningServer, startGlasscache, startRedis } from "./support/origins.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { requireNode, requireProgram } from "./support/requirements.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(60_000);

const redis = requireProgram("redis-server");
const node = requireNode(20);

interface Target {
  readonly name: string;
  readonly available: boolean;
  title(text: string): string;
  start(): Promise<AsyncDisposable & { readonly port: number }>;
}

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
const TARGETS: readonly Target[] = [
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

/** The same for Node, which prints what came of it. */
const PROGRAM = `
import { connect } from "glasscache/client";
const client = await connect({ host: "127.0.0.1", port: Number(process.argv[2]) });
await client.command("FLUSHALL");
await Promise.all(Array.from({ length: 500 }, (_, i) => client.put("n" + i, "välue " + i)));
const found = await Promise.all(Array.from({ length: 500 }, (_, i) => client.get("n" + i)));
const large = new Uint8Array(3_000_000).fill(255);
await client.put("large", large, { ttlMs: 60_000 });
const back = await client.get("large", { as: "bytes" });
let count = 0;
for await (const [key, value] of client.dump()) if (key === "large" || value === "välue " + key.slice(1)) count++;
const again = await client.get("n0");
console.log(JSON.stringify({
  values: found.every(({ value }, i) => value === "välue " + i),
  large: Buffer.compare(back.value, large) === 0,
  count,
  source: again.source ?? null,
  deleted: [await client.delete("n0"), await client.delete("n0")],
  gone: (await client.get("n0")).value,
}));
await client.close();
`;

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
beforeAll(async () => {
  if (!node.available) return;
  await installClientLibrary(directory.path);
  await Bun.write(`${directory.path}/program.js`, PROGRAM);
});

for (const target of TARGETS) {
  describe.skipIf(!target.available)(target.title(target.name), () => {
    let running: Awaited<ReturnType<Target["start"]>>;
    let client: Client;
    beforeAll(async () => {
      running = await target.start();
      client = await connect({ host: "127.0.0.1", port: running.port });
    });
    afterAll(async () => {
      await client.close();
      await running[Symbol.asyncDispose]();
    });
    const isProxy = target.name.startsWith("the proxy");

    test("stores, reads and removes", async () => {
      await client.put("shashank", "softwareEngineer");
      expect((await client.get("shashank")).value).toBe("softwareEngineer");
      expect(await client.delete("shashank")).toBe(true);
      expect((await client.get("shashank")).value).toBeNull();
      expect(await client.delete("shashank")).toBe(false);
    });

    test("tells where a value came from, if it goes through a proxy", async () => {
      expect(client.server.tellsSource).toBe(isProxy);
      await client.put("from", "x", { ttlMs: 60_000 });
      const first = await client.get("from");
      const second = await client.get("from");
      if (!isProxy) {
        expect([first.source, second.source]).toEqual([undefined, undefined]);
        return;
      }
      expect([first.source, second.source]).toEqual(["miss", "hit"]);
      expect(second.ageMs).toBeGreaterThanOrEqual(0);
      expect(second.ttlMs).toBeLessThanOrEqual(60_000);
      expect(second.ttlMs).toBeGreaterThan(0);
      await client.put("nobody has asked for it", "x");
      const together = await Promise.all([1, 2, 3].map(() => client.get("nobody has asked for it")));
      expect(together.map(({ source }) => source)).toEqual(["miss", "coalesced", "coalesced"]);
    });

    test("keeps the order of calls made together", async () => {
      const calls = [];
      for (let i = 0; i < 500; i++) {
        calls.push(client.put("counted", String(i)), client.get("counted"));
      }
      const found = (await Promise.all(calls)).filter((answer) => answer !== undefined);
      expect(found.map(({ value }) => value)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
    });

    test("dumps every text there is", async () => {
      await client.command("FLUSHALL");
      const entries = Array.from({ length: 2000 }, (_, i) => [`dump ${i}`, `value ${i}`] as const);
      await Promise.all(entries.map(([key, value]) => client.put(key, value)));
      if (target.name.includes("Redis")) await client.command("RPUSH", "a list", "x");
      const dumped = new Map(await Array.fromAsync(client.dump()));
      expect(dumped).toEqual(new Map(entries));
    });

    test("any bytes, and large values", async () => {
      const key = Uint8Array.from({ length: 256 }, (_, i) => i);
      const value = new Uint8Array(10_000_000).map((_, i) => (i * 31) % 256);
      await client.put(key, value);
      const found = await client.get(key, { as: "bytes" });
      expect(Buffer.compare(found.value!, value)).toBe(0);
    });

    test("other commands, and a transaction on a connection of its own", async () => {
      await client.put("n", "41");
      expect(await client.command("INCRBY", "n", 1)).toBe(42);
      expect(await client.command("MGET", "n", "none")).toEqual(["42", null]);
      await using alone = await connect({ host: "127.0.0.1", port: running.port, reconnect: false });
      const replies = await Promise.all([
        alone.command("MULTI"),
        alone.command("INCR", "n"),
        alone.command("GET", "n"),
        alone.command("EXEC"),
      ]);
      expect(replies).toEqual(["OK", "QUEUED", "QUEUED", [43, "43"]]);
    });

    test("a connection that was killed is made again", async () => {
      const { promise: lost, resolve } = Promise.withResolvers<void>();
      await using victim = await connect({
        host: "127.0.0.1",
        port: running.port,
        onEvent: ({ type }) => type === "disconnected" && resolve(),
      });
      const id = await victim.command("CLIENT", "ID");
      expect(await client.command("CLIENT", "KILL", "ID", id as number)).toBe(1);
      await lost;
      await victim.put("after", "it");
      expect((await victim.get("after")).value).toBe("it");
      expect(await victim.command("CLIENT", "ID")).not.toBe(id);
    });

    test.skipIf(!node.available)(node.title("the same on Node"), async () => {
      const child = Bun.spawn([node.path, "program.js", String(running.port)], {
        cwd: directory.path,
        stderr: "inherit",
      });
      expect(JSON.parse(await child.stdout.text())).toEqual({
        values: true,
        large: true,
        count: 501,
        source: isProxy ? "hit" : null,
        deleted: [true, false],
        gone: null,
      });
    });
  });
}

test("a server that is killed and comes back: calls wait for it, acknowledged writes are there", async () => {
  await using server = await startGlasscache(["server"]);
  await using client = await connect({ host: "127.0.0.1", port: server.port, timeoutMs: 20_000 });
  await client.put("before", "1");
  await server.kill();
  const waiting = client.get("before");
  await server.restart();
  expect((await waiting).value).toBe("1");
  await client.put("after", "2");
});
