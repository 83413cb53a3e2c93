/** MEMORY DOCTOR, STATS and MALLOC-STATS, which tell of this server and not of Redis's allocator. */
import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { TemporaryDirectory } from "../../../test/support/program.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import { type StartOptions, startServer } from "../start.ts";

const VALUE = "v".repeat(1000);

/** Fills a server with 1 MB of memory, and returns what MEMORY DOCTOR says. */
async function reportOf(options: Partial<StartOptions>, keys: number): Promise<string> {
  using directory = new TemporaryDirectory();
  const started = await startServer({
    ...{ host: "127.0.0.1", port: 0, engine: "memory", dataDirectory: directory.path, sync: "interval" },
    memoryBytes: 1024 ** 2,
    ...options,
  });
  const client = await RespClient.connect({ port: started.port });
  try {
    for (let id = 0; id < keys; id++) await client.ask("SET", `key ${id}`, VALUE);
    return String(await client.must("MEMORY", "DOCTOR"));
  } finally {
    client.close();
    await started.close();
  }
}

describe("MEMORY", () => {
  test("DOCTOR says what the memory is used for, and what there is to do", async () => {
    const room = await reportOf({}, 3);
    expect(room).toMatch(/^3 keys; entries in memory take [0-9.]+ KB of 1 MB\.\n/);
    expect(room).toContain("There is room for more.");
    expect(await reportOf({}, 1)).toStartWith("1 key;");
    const evicted = /\n[0-9,]+ keys were evicted; CONFIG SET maxmemory or --memory makes room for more\.\n$/;
    expect(await reportOf({}, 2000)).toMatch(evicted);
    expect(await reportOf({ whenFull: "refuse" }, 2000)).toContain(
      "The memory is more than four fifths full;",
    );
    const onDisk = await reportOf({ engine: "lmdb" }, 2000);
    expect(onDisk).toStartWith("2,000 keys;");
    expect(onDisk).toContain("All keys are on disk");
  });

  test("STATS agrees with INFO and DBSIZE", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    for (const key of ["a", "b", "c"]) await client.must("SET", key, VALUE);
    const flat = (await client.must("MEMORY", "STATS")) as (string | number)[];
    const stats = new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as const] : [])));
    const info = String(await client.must("INFO", "memory"));
    const field = (name: string) => Number(new RegExp(`^${name}:([0-9]+)\r$`, "m").exec(info)![1]);
    expect(stats.get("keys.count")).toBe(3);
    expect(stats.get("dataset.bytes")).toBe(field("used_memory_dataset"));
    expect(stats.get("total.allocated")).toBe(field("used_memory"));
    expect(stats.get("startup.allocated")).toBe(field("used_memory_startup"));
    expect(stats.get("keys.bytes-per-key")).toBe(Math.floor(field("used_memory_dataset") / 3));
    expect(Number(stats.get("peak.percentage"))).toBeWithin(0.01, 100.01);
  });

  test("MALLOC-STATS says that there are none", async () => {
    await using local = new LocalServer();
    expect(await (await local.client()).must("MEMORY", "MALLOC-STATS")).toBe(
      "Stats not supported for the current allocator",
    );
  });
});
