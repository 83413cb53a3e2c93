import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import type { RespClient } from "../../../test/support/resp-client.ts";
import { MemoryEngine } from "../../engine/memory.ts";
import { type Clock, ManualClock, systemClock } from "../../lib/clock.ts";
import { SeededRandom } from "../../lib/random.ts";

/** A server on the real memory engine. */
function inMemory(clock: Clock = systemClock): LocalServer {
  return new LocalServer({
    clock,
    openEngine: (onRemoval) =>
      new MemoryEngine({
        budgetBytes: 32 * 1024 ** 2,
        policy: "s3-fifo",
        whenFull: "refuse",
        clock,
        random: new SeededRandom(1),
        hashKey: { low: 1, high: 0 },
        onRemoval,
      }),
  });
}

/** Returns all keys that a whole SCAN visits, in its order. `between` runs between its steps. */
async function scanAll(
  client: RespClient,
  options: string[],
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const keys: string[] = [];
  let cursor = "0";
  do {
    const [next, some] = (await client.must("SCAN", cursor, ...options)) as [string, string[]];
    keys.push(...some);
    cursor = next;
    await between();
  } while (cursor !== "0");
  return keys;
}

describe("SCAN", () => {
  test("visits every key once, whatever the step", async () => {
    await using local = inMemory();
    const client = await local.client();
    const names = Array.from({ length: 2000 }, (_, n) => `key:${n}`);
    await Promise.all(names.map((name) => client.must("SET", name, "x")));
    for (const count of ["1", "10", "333", "100000", "9223372036854775807"]) {
      expect((await scanAll(client, ["COUNT", count])).sort()).toEqual([...names].sort());
    }
    expect((await scanAll(client, ["MATCH", "key:7?"])).sort()).toEqual(names.slice(70, 80));
    expect(await scanAll(client, ["TYPE", "list"])).toEqual([]);
    expect(await scanAll(client, ["TYPE", "STRING", "MATCH", "key:1", "COUNT", "50"])).toEqual(["key:1"]);
  });

  test("finds a few keys in one call", async () => {
    for (const local of [inMemory(), new LocalServer()]) {
      const client = await local.client();
      expect(await client.must("SCAN", "0")).toEqual(["0", []]);
      for (const name of ["a", "b", "c"]) await client.must("SET", name, "x");
      const [next, found] = (await client.must("SCAN", "0")) as [string, string[]];
      expect([next, found.sort()]).toEqual(["0", ["a", "b", "c"]]);
      await local[Symbol.asyncDispose]();
    }
  });

  test("visits every lasting key while others come and go", async () => {
    await using local = inMemory();
    const client = await local.client();
    const names = Array.from({ length: 500 }, (_, n) => `stays:${n}`);
    await Promise.all(names.map((name) => client.must("SET", name, "x")));
    let turn = 0;
    const churn = async () => {
      turn++;
      await Promise.all(Array.from({ length: 20 }, (_, n) => client.must("SET", `${turn}:${n}`, "x")));
      await client.must("DEL", ...Array.from({ length: 10 }, (_, n) => `${turn - 1}:${n}`));
    };
    const seen = await scanAll(client, ["COUNT", "20"], churn);
    const staying = seen.filter((key) => key.startsWith("stays:"));
    expect(staying.sort()).toEqual([...names].sort());
  });

  test("goes on from any cursor", async () => {
    await using local = inMemory();
    const client = await local.client();
    await client.must("SET", "k", "x");
    for (const cursor of ["1", "+5", "-1", "18446744073709551615", "281474976710655", ""]) {
      expect(await client.must("SCAN", cursor)).toHaveLength(2);
    }
    for (const cursor of ["x", "1x", " 1", "18446744073709551616"]) {
      await expect(client.must("SCAN", cursor)).rejects.toThrow("ERR invalid cursor");
    }
  });
});

test("expired keys are neither listed nor chosen", async () => {
  const clock = new ManualClock();
  await using local = inMemory(clock);
  const client = await local.client();
  await client.must("SET", "stays", "x");
  for (let n = 0; n < 100; n++) await client.must("SET", `goes:${n}`, "x", "PX", "10");
  expect(await client.must("KEYS", "goes:*")).toHaveLength(100);
  clock.advance(10);
  expect(await client.must("KEYS", "*")).toEqual(["stays"]);
  expect(await scanAll(client, ["COUNT", "1000"])).toEqual(["stays"]);
  for (let n = 0; n < 20; n++) expect(await client.must("RANDOMKEY")).toBe("stays");
});

test("every key can be the random key", async () => {
  await using local = inMemory();
  const client = await local.client();
  await client.must("MSET", "a", "1", "b", "2", "c", "3");
  const seen = new Set<unknown>();
  for (let n = 0; n < 200; n++) seen.add(await client.must("RANDOMKEY"));
  expect([...seen].sort()).toEqual(["a", "b", "c"]);
});

test("a flush removes everything, and the store goes on working", async () => {
  await using local = inMemory();
  const client = await local.client();
  for (const command of [["FLUSHALL"], ["FLUSHDB"], ["FLUSHALL", "ASYNC"], ["flushdb", "sync"]]) {
    await client.must("MSET", "a", "1", "b", "2");
    expect(await client.ask(...command)).toBe("OK");
    expect(await client.ask("DBSIZE")).toBe(0);
    expect(await client.ask("MGET", "a", "b")).toEqual([null, null]);
  }
});
