import { afterAll, describe, expect, test } from "bun:test";
import { LmdbEngine } from "../src/engine/lmdb.ts";
import { MemoryEngine } from "../src/engine/memory.ts";
import { systemClock } from "../src/lib/clock.ts";
import { SeededRandom } from "../src/lib/random.ts";
import { DEFAULT_LIMITS } from "../src/net/limits.ts";
import { ByteClient } from "./support/byte-client.ts";
import { LocalProxy } from "./support/local-proxy.ts";
import { LocalServer } from "./support/local-server.ts";
import { TemporaryDirectory } from "./support/program.ts";
import type { RespClient } from "./support/resp-client.ts";
import { bytesOf, expectSame, expectWhole } from "./support/versioned-bytes.ts";

const MEGABYTE = 1024 ** 2;
const BYTES = { decode: { text: false } } as const;
const directories: TemporaryDirectory[] = [];

afterAll(() => {
  for (const directory of directories) directory[Symbol.dispose]();
});

for (const kind of ["memory", "lmdb"] as const) {
  describe(`large values at the server, ${kind}`, () => {
    for (const size of [MEGABYTE, 64 * MEGABYTE]) {
      test(`of ${size / MEGABYTE} MB make the way there and back, in the midst of others`, async () => {
        await using local = await serverWith(kind, 3 * size + 40 * MEGABYTE);
        const [client, other] = [await local.client(BYTES), await local.client()];
        const value = bytesOf(size, 1);
        const replies = [client.must("SET", "k", value), client.must("GET", "k"), client.must("STRLEN", "k")];
        await other.must("SET", "small", "x");
        expect(await other.ask("GET", "small")).toBe("x");
        expect(text(await replies[0])).toBe("OK");
        expectSame(await replies[1], value);
        expect(await replies[2]).toBe(size);
        expect(await other.ask("STRLEN", "k")).toBe(size);
      }, 120_000);
    }

    test("whoever reads while others overwrite gets one value or the other, whole", async () => {
      await using local = await serverWith(kind, 40 * MEGABYTE);
      const writers = [await local.client(), await local.client()];
      const readers = [await local.client(BYTES), await local.client(BYTES), await local.client(BYTES)];
      await writers[0]!.must("SET", "k", bytesOf(MEGABYTE, 0));
      let version = 0;
      const write = async (client: RespClient): Promise<void> => {
        for (let i = 0; i < 20; i++) {
          version++;
          if (i % 5 === 4) await client.must("SET", "k", bytesOf(1000, version));
          else await client.must("SET", "k", bytesOf(300_000 + version * 10_000, version));
          if (i % 7 === 6) await client.must("DEL", "k");
        }
      };
      const read = async (client: RespClient): Promise<void> => {
        for (let i = 0; i < 30; i++) {
          const value = await client.ask("GET", "k");
          if (value !== null) expectWhole(value as Uint8Array);
        }
      };
      await Promise.all([...writers.map(write), ...readers.map(read)]);
    }, 120_000);

    test("a transaction and MGET answer with several of them, in order", async () => {
      await using local = await serverWith(kind, 40 * MEGABYTE);
      const client = await local.client(BYTES);
      const [a, b] = [bytesOf(MEGABYTE, 1), bytesOf(500_000, 2)];
      await client.must("SET", "a", a);
      await client.must("SET", "b", b);
      const many = (await client.must("MGET", "a", "none", "b", "a")) as Uint8Array[];
      expect(many.map((value) => value?.length)).toEqual([
        a.length,
        undefined,
        b.length,
        a.length,
      ] as number[]);
      expectSame(many[0], a);
      expectSame(many[2], b);
      await client.must("MULTI");
      await client.must("SET", "a", b);
      await client.must("GET", "a");
      await client.must("GET", "b");
      const [, first, second] = (await client.must("EXEC")) as Uint8Array[];
      expectSame(first, b);
      expectSame(second, b);
    });

    test("commands other than SET take large arguments, too", async () => {
      await using local = await serverWith(kind, 60 * MEGABYTE);
      const client = await local.client(BYTES);
      const [a, b] = [bytesOf(MEGABYTE, 1), bytesOf(500_000, 2)];
      await client.must("MSET", "a", a, "b", b);
      expectSame(await client.must("GET", "a"), a);
      expectSame(await client.must("GET", "b"), b);
      expect(await client.ask("APPEND", "a", b)).toBe(a.length + b.length);
      expectSame(await client.must("GET", "a"), Buffer.concat([a, b]));
      await client.must("SET", "c", a, "EX", "100");
      expectSame(await client.must("GET", "c"), a);
      expect(await client.ask("TTL", "c")).toBeGreaterThan(90);
    });

    test("a client that goes in the middle changes nothing", async () => {
      await using local = await serverWith(kind, 40 * MEGABYTE);
      const client = await local.client(BYTES);
      await client.must("SET", "k", bytesOf(MEGABYTE, 1));
      const writer = await ByteClient.connect(local.port);
      writer.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MEGABYTE}\r\n${"x".repeat(MEGABYTE - 1)}`);
      const reader = await ByteClient.connect(local.port);
      reader.pause();
      reader.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(20));
      await client.must("PING");
      writer.close();
      reader.close();
      await Promise.all([writer.closed, reader.closed]);
      expectSame(await client.must("GET", "k"), bytesOf(MEGABYTE, 1));
    });

    test("a client that reads slowly gets what it asked for, whatever becomes of the key", async () => {
      await using local = await serverWith(kind, 80 * MEGABYTE);
      const client = await local.client(BYTES);
      const old = bytesOf(20 * MEGABYTE, 1);
      await client.must("SET", "k", old);
      const slow = await ByteClient.connect(local.port);
      slow.pause();
      slow.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n");
      while (local.server.registry.openCount < 2) await new Promise(setImmediate);
      await client.must("PING");
      await client.must("SET", "k", bytesOf(MEGABYTE, 2));
      for (let i = 0; i < 20; i++) await client.must("SET", `other ${i}`, bytesOf(MEGABYTE, i));
      slow.resume();
      const head = `$${old.length}\r\n`;
      const bytes = Buffer.from(await slow.bytes(head.length + old.length + 2 + 7), "latin1");
      expect(text(bytes.subarray(0, head.length))).toBe(head);
      expectSame(bytes.subarray(head.length, head.length + old.length), old);
      expect(text(bytes.subarray(head.length + old.length))).toBe("\r\n+PONG\r\n");
      slow.close();
    });
  });
}

describe("large values at the server", () => {
  test("one that is too large is refused with its limit, the connection ends, and nothing has changed", async () => {
    const limits = { parser: { ...DEFAULT_LIMITS.parser, argumentBytes: MEGABYTE } };
    await using local = await serverWith("memory", 40 * MEGABYTE, { limits });
    const client = await local.client();
    await client.must("SET", "k", "before");
    const other = await ByteClient.connect(local.port);
    other.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MEGABYTE + 1}\r\n`);
    const refusal = "-ERR Protocol error: invalid bulk length\r\n";
    expect(await other.bytes(refusal.length)).toBe(refusal);
    other.close();
    expect(await client.ask("GET", "k")).toBe("before");
  });

  test("one that the engine has no room for is refused, and the connection goes on", async () => {
    await using local = await serverWith("memory", 8 * MEGABYTE);
    const client = await local.client();
    const message = /^ERR value of 9437184 bytes is longer than the limit of [0-9]+ bytes$/;
    await expect(client.must("SET", "k", bytesOf(9 * MEGABYTE, 1))).rejects.toThrow(message);
    expect(await client.ask("GET", "k")).toBeNull();
    // Too large to be written little by little, not too large to be stored.
    await client.must("SET", "k", bytesOf(6 * MEGABYTE, 1));
    expect(await client.ask("STRLEN", "k")).toBe(6 * MEGABYTE);
  });

  test("a claim takes no room before the bytes come", async () => {
    await using local = await serverWith("memory", 8 * MEGABYTE);
    const claims = Array.from({ length: 50 }, async () => {
      const client = await ByteClient.connect(local.port);
      client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${64 * MEGABYTE}\r\nbeginning`);
      return client;
    });
    const clients = await Promise.all(claims);
    const client = await local.client();
    const list = String(await client.ask("CLIENT", "LIST"));
    expect(list.match(/qbuf=[0-9]+/g)!.filter((buffer) => Number(buffer.slice(5)) > 1000)).toEqual([]);
    for (const claimant of clients) claimant.close();
  });

  test("FLUSHALL in the middle cuts off who was reading: never a short value", async () => {
    await using local = await serverWith("memory", 80 * MEGABYTE);
    const client = await local.client();
    await client.must("SET", "k", bytesOf(20 * MEGABYTE, 1));
    const slow = await ByteClient.connect(local.port);
    slow.pause();
    slow.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    while (local.server.registry.openCount < 2) await new Promise(setImmediate);
    await client.must("PING");
    await client.must("FLUSHALL");
    slow.resume();
    await slow.closed;
    expect(await client.ask("GET", "k")).toBeNull();
  });

  test("the text protocol, too, is answered with large values", async () => {
    await using local = await serverWith("memory", 40 * MEGABYTE);
    const client = await local.client();
    const value = "v".repeat(MEGABYTE);
    await client.must("SET", "k", value);
    const other = await ByteClient.connect(local.port);
    other.send("GET k\nGET none\n");
    const received = await other.bytes(MEGABYTE + 1 + "No such key found\n".length);
    expect(received === `${value}\nNo such key found\n`).toBe(true);
    other.close();
  });
});

describe("large values through the proxy", () => {
  for (const size of [MEGABYTE, 64 * MEGABYTE]) {
    test(`of ${size / MEGABYTE} MB: write, miss, hit, and hit while it is overwritten`, async () => {
      await using origin = await serverWith("memory", 3 * size + 40 * MEGABYTE);
      await using local = await LocalProxy.ready({
        origin: origin.port,
        memoryBytes: 3 * size + 20 * MEGABYTE,
        // On a busy machine 64 MB may take longer than a heartbeat behind them is waited for.
        ...{ heartbeatMs: 30_000, heartbeatTimeoutMs: 60_000, originTimeoutMs: 60_000 },
      });
      const [client, writer] = [await local.client(BYTES), await local.client()];
      const [old, fresh] = [bytesOf(size, 1), bytesOf(size, 2)];
      await client.must("SET", "k", old, "PX", "600000");
      expectSame(await client.must("GET", "k"), old);
      expectSame(await client.must("GET", "k"), old);
      expect(local.proxy.stats).toMatchObject({ hits: 1, misses: 1, fills: 1 });
      const hit = client.must("GET", "k");
      await writer.must("SET", "k", fresh);
      const read = (await hit) as Uint8Array;
      expectWhole(read);
      expectSame(await client.must("GET", "k"), fresh);
    }, 120_000);
  }

  test("whoever reads while others write gets one value or the other, whole, and never goes back", async () => {
    await using origin = await serverWith("memory", 80 * MEGABYTE);
    await using local = await LocalProxy.ready({ origin: origin.port, memoryBytes: 6 * MEGABYTE });
    const writer = await local.client();
    const readers = await local.clients(3, BYTES);
    let acknowledged = 0;
    await writer.must("SET", "k", bytesOf(MEGABYTE, 0));
    const write = async (): Promise<void> => {
      for (let version = 1; version <= 25; version++) {
        await writer.must("SET", "k", bytesOf(300_000 + 40_000 * (version % 20), version));
        acknowledged = version;
        await writer.must("SET", `other ${version % 4}`, bytesOf(MEGABYTE, version));
        await writer.must("GET", `other ${version % 4}`);
      }
    };
    const read = async (client: RespClient): Promise<void> => {
      let seen = 0;
      while (acknowledged < 25) {
        const least = Math.max(acknowledged, seen);
        seen = expectWhole((await client.must("GET", "k")) as Uint8Array);
        expect(seen).toBeGreaterThanOrEqual(least);
      }
    };
    await Promise.all([write(), ...readers.map(read)]);
    expect(local.proxy.stats.hits).toBeGreaterThan(0);
    local.proxy.cache.store.check();
  }, 120_000);

  test("clients that go in the middle of a hit or a write leave nothing behind", async () => {
    await using origin = await serverWith("memory", 80 * MEGABYTE);
    await using local = await LocalProxy.ready({ origin: origin.port, memoryBytes: 60 * MEGABYTE });
    const client = await local.client(BYTES);
    const value = bytesOf(20 * MEGABYTE, 1);
    await client.must("SET", "k", value);
    await client.must("GET", "k");
    const reader = await local.byteClient();
    reader.pause();
    reader.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    const writer = await local.byteClient();
    writer.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MEGABYTE}\r\n${"x".repeat(MEGABYTE - 1)}`);
    while (local.proxy.stats.hits === 0) await new Promise(setImmediate);
    reader.close();
    writer.close();
    await Promise.all([reader.closed, writer.closed]);
    expectSame(await client.must("GET", "k"), value);
    while (local.proxy.registry.openCount > 1) await new Promise(setImmediate);
    await client.must("DEL", "k");
    local.proxy.cache.store.check();
    expect(local.proxy.cache.store.stats().usedBytes).toBe(0);
  });
});

async function serverWith(
  kind: "memory" | "lmdb",
  budgetBytes: number,
  options: ConstructorParameters<typeof LocalServer>[0] = {},
): Promise<LocalServer> {
  const shared = { policy: "s3-fifo", clock: systemClock, random: new SeededRandom(1) };
  if (kind === "memory") {
    return new LocalServer({
      ...options,
      openEngine: (onRemoval) =>
        new MemoryEngine({
          ...shared,
          budgetBytes,
          whenFull: "evict",
          hashKey: { low: 1, high: 0 },
          onRemoval,
        }),
    });
  }
  const directory = new TemporaryDirectory();
  directories.push(directory);
  const engine = await LmdbEngine.open({
    ...{ ...shared, directory: directory.path, sync: "always", arenaBytes: budgetBytes },
    onRemoval: () => {},
  });
  return new LocalServer({ ...options, openEngine: () => engine });
}

function text(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString("latin1");
}
