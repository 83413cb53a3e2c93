/** CONFIG SET maxmemory: the size of the memory engine while it runs. */
import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { MemoryEngine, type MemoryEngineOptions } from "../../engine/memory.ts";
import { systemClock } from "../../lib/clock.ts";
import { SeededRandom } from "../../lib/random.ts";

function serverWith(options: Partial<MemoryEngineOptions> = {}): LocalServer {
  return new LocalServer({
    openEngine: (onRemoval) =>
      new MemoryEngine({
        budgetBytes: 1024 ** 2,
        mostBudgetBytes: 4 * 1024 ** 2,
        policy: "lru",
        whenFull: "evict",
        clock: systemClock,
        random: new SeededRandom(1),
        onRemoval,
        ...options,
      }),
  });
}

const VALUE = "v".repeat(1000);

describe("maxmemory", () => {
  test("can be raised, and then more is kept", async () => {
    await using local = serverWith();
    const client = await local.client();
    const fill = async (): Promise<void> => {
      for (let id = 0; id < 3000; id++) await client.must("SET", `key ${id}`, VALUE);
    };
    await fill();
    const before = Number(await client.must("DBSIZE"));
    expect(before).toBeLessThan(1000);
    expect(await client.must("CONFIG", "SET", "maxmemory", "4mb")).toBe("OK");
    expect(await client.must("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", String(4 * 1024 ** 2)]);
    expect(String(await client.must("INFO", "memory"))).toContain(`maxmemory:${4 * 1024 ** 2}\r`);
    await fill();
    expect(await client.must("DBSIZE")).toBe(3000);
  });

  test("can be lowered, and then the least used keys are gone", async () => {
    await using local = serverWith({ budgetBytes: 4 * 1024 ** 2 });
    const client = await local.client();
    for (let id = 0; id < 3000; id++) await client.must("SET", `key ${id}`, VALUE);
    await client.must("CONFIG", "SET", "maxmemory", "1mb");
    for (let id = 2600; id < 3000; id++) expect(await client.must("GET", `key ${id}`)).toBe(VALUE);
    expect(await client.must("EXISTS", "key 0", "key 1000", "key 2000")).toBe(0);
  });

  test("is refused beyond the reserved size, and if it would lose entries that may not be evicted", async () => {
    await using local = serverWith({ whenFull: "refuse" });
    const client = await local.client();
    expect(String(await client.ask("CONFIG", "SET", "maxmemory", "5mb"))).toContain(
      "(possibly related to argument 'maxmemory') - 5 MB is more than the 4 MB reserved at the start: " +
        "start it with a larger --max-memory",
    );
    expect(String(await client.ask("CONFIG", "SET", "maxmemory", "0"))).toContain("is too little");
    expect(String(await client.ask("CONFIG", "SET", "maxmemory", "much"))).toContain(
      "must be a memory value",
    );
    for (let id = 0; id < 700; id++) await client.must("SET", `key ${id}`, VALUE);
    expect(String(await client.ask("CONFIG", "SET", "maxmemory", "512kb"))).toContain(
      "more is stored than that holds, and nothing may be evicted",
    );
    expect(await client.must("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "1048576"]);
    expect(await client.must("DBSIZE")).toBe(700);
  });

  test("is taken back if another parameter of the same command is refused", async () => {
    await using local = serverWith();
    const client = await local.client();
    const refused = await client.ask("CONFIG", "SET", "maxmemory", "2mb", "policy", "nosuch");
    expect(String(refused)).toContain("argument 'policy'");
    expect(await client.must("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "1048576"]);
  });
});
