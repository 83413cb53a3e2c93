import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
const TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

/** Returns the text of an error reply. */
async function errorOf(reply: Promise<unknown>): Promise<string> {
  const value = await reply;
  if (!(value instanceof ReplyError)) throw new Error(`no error: ${JSON.stringify(value)}`);
  return value.message;
}

describe("values", () => {
  test("are any bytes", async () => {
    await using local = new LocalServer();
    const client = await local.client({ decode: { text: false } });
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await client.must("SET", bytes, bytes);
    expect(await client.ask("GET", bytes)).toEqual(bytes);
    expect(await client.ask("GETRANGE", bytes, "250", "-1")).toEqual(bytes.subarray(250));
  });

  test("of 60 MB are stored and returned", async () => {
    await using local = new LocalServer();
    const client = await local.client({ decode: { text: false } });
    const value = new Uint8Array(60 * 1024 ** 2).fill(0x61);
    value[value.length - 1] = 0x62;
    await client.must("SET", "large", value);
    const back = (await client.must("GET", "large")) as Uint8Array;
    expect(Buffer.compare(back, value)).toBe(0);
  });

  test("longer than Redis's limit are refused", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("SET", "k", "value");
    expect(await errorOf(client.ask("SETRANGE", "k", String(512 * 1024 ** 2), "x"))).toBe(TOO_LONG);
    expect(await errorOf(client.ask("SETRANGE", "k", "9223372036854775807", "x"))).toBe(TOO_LONG);
    expect(await client.ask("SETRANGE", "k", String(512 * 1024 ** 2), "")).toBe(5);
    expect(await client.ask("GET", "k")).toBe("value");
  });

  test("longer than the engine takes are refused, the limit named", async () => {
    await using local = new LocalServer({ engine: { limits: { keyBytes: 10, valueBytes: 8 } } });
    const client = await local.client();
    const expected = "ERR value of 9 bytes is longer than the limit of 8 bytes";
    expect(await errorOf(client.ask("SET", "k", "123456789"))).toBe(expected);
    await client.must("SET", "k", "12345678");
    expect(await errorOf(client.ask("APPEND", "k", "9"))).toBe(expected);
    expect(await errorOf(client.ask("SETRANGE", "k", "8", "9"))).toBe(expected);
    expect(await errorOf(client.ask("MSET", "a", "1", "b", "123456789"))).toBe(expected);
    expect(await client.ask("MGET", "k", "a")).toEqual(["12345678", null]);
    expect(await errorOf(client.ask("SET", "elevenbytes", "1"))).toBe(
      "ERR key of 11 bytes is longer than the limit of 10 bytes",
    );
    expect(await client.ask("GET", "elevenbytes")).toBeNull();
    expect(await client.ask("DEL", "elevenbytes")).toBe(0);
  });
});

describe("a spent budget", () => {
  test("refuses only writes", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("MSET", "number", "1", "text", "abc");
    local.engine.budgetBytes = 0;
    const writers = [
      ["SET", "new", "1"],
      ["SET", "text", "longer than before", "GET"],
      ["SETNX", "new", "1"],
      ["SETEX", "new", "10", "1"],
      ["GETSET", "text", "longer than before"],
      ["MSET", "new", "1"],
      ["MSETNX", "new", "1"],
      ["APPEND", "text", "d"],
      ["SETRANGE", "text", "3", "d"],
      ["INCRBY", "number", "10"],
      ["INCRBYFLOAT", "number", "0.5"],
      ["COPY", "text", "new"],
    ];
    for (const command of writers) expect(await errorOf(client.ask(...command))).toBe(OUT_OF_MEMORY);
    expect(await client.ask("MGET", "number", "text", "new")).toEqual(["1", "abc", null]);
    expect(await client.ask("DEL", "text")).toBe(1);
    expect(await client.ask("EXPIRE", "number", "10")).toBe(1);
  });

  test("in the middle of MSET changes nothing", async () => {
    const clock = new ManualClock();
    await using local = new LocalServer({ clock });
    const client = await local.client();
    await client.must("SET", "old", "1", "EX", "100");
    local.engine.budgetBytes = 30;
    const values = ["old", "22", "new", "333", "new", "4444", "old", "5", "full", "6".repeat(40)];
    expect(await errorOf(client.ask("MSET", ...values))).toBe(OUT_OF_MEMORY);
    expect(await client.ask("MGET", "old", "new", "full")).toEqual(["1", null, null]);
    expect(await client.ask("TTL", "old")).toBe(100);
    expect(await client.ask("DBSIZE")).toBe(1);
  });

  test("within EXEC is the reply of the one command", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("SET", "a", "1");
    local.engine.budgetBytes = 0;
    await client.must("MULTI");
    for (const command of [
      ["GET", "a"],
      ["SET", "b", "2"],
      ["DEL", "a"],
    ])
      await client.must(...command);
    const [read, refused, deleted] = (await client.ask("EXEC")) as unknown[];
    expect(read).toBe("1");
    expect((refused as ReplyError).message).toBe(OUT_OF_MEMORY);
    expect(deleted).toBe(1);
  });
});

test("reads count as hits and misses, lookups by writes do not", async () => {
  await using local = new LocalServer();
  const { keyspace } = local.server;
  const client = await local.client();
  await client.must("SET", "k", "1");
  const counts = async (...command: string[]) => {
    const { hitCount, missCount } = keyspace;
    await client.must(...command);
    return [keyspace.hitCount - hitCount, keyspace.missCount - missCount];
  };
  expect(await counts("GET", "k")).toEqual([1, 0]);
  expect(await counts("GET", "none")).toEqual([0, 1]);
  expect(await counts("MGET", "k", "none", "k")).toEqual([2, 1]);
  expect(await counts("EXISTS", "k", "none")).toEqual([1, 1]);
  expect(await counts("STRLEN", "k")).toEqual([1, 0]);
  expect(await counts("TTL", "none")).toEqual([0, 1]);
  expect(await counts("GETRANGE", "k", "0", "1")).toEqual([1, 0]);
  expect(await counts("SET", "k", "2", "GET")).toEqual([1, 0]);
  expect(await counts("GETDEL", "none")).toEqual([0, 1]);
  expect(await counts("SET", "k", "1", "XX")).toEqual([0, 0]);
  expect(await counts("INCR", "k")).toEqual([0, 0]);
  expect(await counts("APPEND", "k", "1")).toEqual([0, 0]);
  expect(await counts("EXPIRE", "none", "1")).toEqual([0, 0]);
  expect(await counts("DEL", "none")).toEqual([0, 0]);
});
