import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";

async function errorOf(reply: Promise<unknown>): Promise<string> {
  const value = await reply;
  if (!(value instanceof ReplyError)) throw new Error(`no error: ${JSON.stringify(value)}`);
  return value.message;
}

describe("writes of bits", () => {
  // Bit 1 of "@" is set, the others are not.
  const writes: [write: string, isChange: boolean][] = [
    ["SETBIT k 0 1", true],
    ["SETBIT k 1 1", false],
    ["SETBIT k 20 0", true],
    ["BITFIELD k SET u8 0 64", false],
    ["BITFIELD k SET u8 0 65", true],
    ["BITFIELD k OVERFLOW FAIL INCRBY u2 0 3", false],
    ["BITFIELD k GET u8 0", false],
    ["BITOP NOT k k", true],
    ["BITOP AND k nosuchkey", true],
    ["BITOP AND nosuchkey k missing", false],
  ];

  test.each(writes)(
    "tell others' caches and watchers where they change something: %s",
    async (write, isChange) => {
      await using local = new LocalServer();
      const [tracker, watcher, writer] = [
        await local.client({ version: 3 }),
        await local.client(),
        await local.client(),
      ];
      await writer.must("SET", "k", "@");
      await tracker.must("CLIENT", "TRACKING", "ON");
      await tracker.must("GET", "k");
      await watcher.must("WATCH", "k");
      await writer.must(...write.split(" "));
      await watcher.must("MULTI");
      expect(await watcher.ask("EXEC")).toEqual(isChange ? null : []);
      await tracker.must("PING");
      expect(tracker.pushes.length).toBe(isChange ? 1 : 0);
    },
  );

  test("keep the time to live", async () => {
    const clock = new ManualClock();
    await using local = new LocalServer({ clock });
    const client = await local.client();
    await client.must("SET", "k", "v", "PX", "1000");
    await client.must("SETBIT", "k", "70", "1");
    await client.must("BITFIELD", "k", "INCRBY", "i64", "#3", "1");
    expect(await client.ask("PTTL", "k")).toBe(1000);
    clock.advance(1001);
    expect(await client.ask("GETBIT", "k", "70")).toBe(0);
    await client.must("SETBIT", "k", "7", "1");
    expect(await client.ask("GET", "k")).toBe("\x01");
    expect(await client.ask("PTTL", "k")).toBe(-1);
  });

  test("longer than the engine takes are refused, and change nothing", async () => {
    await using local = new LocalServer({ engine: { limits: { keyBytes: 10, valueBytes: 8 } } });
    const client = await local.client();
    const expected = "ERR value of 9 bytes is longer than the limit of 8 bytes";
    expect(await errorOf(client.ask("SETBIT", "k", "64", "1"))).toBe(expected);
    expect(await errorOf(client.ask("BITFIELD", "k", "SET", "u1", "0", "1", "SET", "u8", "57", "1"))).toBe(
      expected,
    );
    expect(await client.ask("EXISTS", "k")).toBe(0);
    expect(await client.ask("SETBIT", "k", "63", "1")).toBe(0);
  });

  test("up to Redis's limit are bounded only by the engine's limit", async () => {
    await using local = new LocalServer({ engine: { limits: { keyBytes: 10, valueBytes: 8 } } });
    const client = await local.client();
    const atLimit = "ERR value of 536870912 bytes is longer than the limit of 8 bytes";
    const beyond = "ERR bit offset is not an integer or out of range";
    expect(await errorOf(client.ask("SETBIT", "k", "4294967295", "1"))).toBe(atLimit);
    expect(await errorOf(client.ask("SETBIT", "k", "4294967296", "1"))).toBe(beyond);
    expect(await errorOf(client.ask("BITFIELD", "k", "SET", "u8", "4294967288", "1"))).toBe(atLimit);
    expect(await errorOf(client.ask("BITFIELD", "k", "SET", "u8", "4294967289", "1"))).toBe(beyond);
    expect(await errorOf(client.ask("BITFIELD", "k", "SET", "u8", "#536870912", "1"))).toBe(beyond);
  });
});
