/** Unusual replies. An error that one client provokes hits only that client, and every valid reply is shown. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

function depthOf(reply: ReplyValue): number {
  return Array.isArray(reply) ? 1 + depthOf(reply[0]!) : 0;
}

describe.skipIf(!redis.available)(redis.title("scripts at a real Redis"), () => {
  const proxied = proxiedRedis();

  test.each([2, 3] as const)(
    "may answer with as many tables within tables as Redis sends, in RESP%d",
    async (version) => {
      const client = await proxied.local.client({ version });
      const nested = (depth: number): string => `return ${"{".repeat(depth)}1${"}".repeat(depth)}`;
      for (const depth of [64, 65, 100, 180]) {
        expect(depthOf(await client.must("EVAL", nested(depth), "0"))).toBe(depth);
      }
      // At its own limit Redis says so.
      expect(String(await client.ask("EVAL", nested(5000), "0"))).toMatch(/ReplyError|array|,/);
    },
  );

  test.each([2, 3] as const)("may answer with malformed numbers, in RESP%d", async (version) => {
    const client = await proxied.local.client({ version });
    for (const text of ["12\\r\\n34", "12\\n34", "", "x"]) {
      const script = `redis.setresp(3); return {big_number='${text}'}`;
      expect(await client.ask("EVAL", script, "0")).not.toBeUndefined();
      expect(await client.must("GET", "nothing")).toBeNull();
    }
  });

  test("that upset the connection leave other clients' requests alone", async () => {
    const [client, ...others] = await proxied.local.clients(5);
    const counting = others.map(async (other) => {
      for (let n = 0; n < 40; n++) await other.must("INCR", "counter");
    });
    for (let n = 0; n < 20; n++) {
      await client!.ask("EVAL", `return ${"{".repeat(70)}1${"}".repeat(70)}`, "0");
      await client!.ask("EVAL", "redis.setresp(3); return {big_number='1\\r\\n2'}", "0");
    }
    await Promise.all(counting);
    expect(await others[0]!.must("GET", "counter")).toBe("160");
  });
});

describe("a script's reply that is not RESP", () => {
  test("ends its client's own connection, with an error", async () => {
    using origin = new FakeOrigin({ script: ([name]) => (name === "EVAL" ? "!what\r\n" : undefined) });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const [client, other] = await local.clients(2);
    origin.holdFrom("HGETALL");
    const waiting = [other!.ask("SET", "a", "1"), other!.ask("HGETALL", "h")];
    await origin.received(1, "SET");
    expect(await client!.ask("EVAL", "x", "0")).toMatchObject({ code: "OUTCOMEUNKNOWN" });
    await origin.received(1, "HGETALL");
    origin.releaseAll();
    expect(await Promise.all(waiting)).toEqual(["OK", "OK"]);
    expect(local.proxy.stats.channelLosses).toBe(0);
    expect(await client!.ask("GET", "a")).toBe("1");
  });
});

describe("GET answered by", () => {
  test.each([
    ["an integer", ":1\r\n", 1, 1],
    ["a status", "+QUEUED\r\n", "QUEUED", "QUEUED"],
    ["an array", "*2\r\n:1\r\n$1\r\na\r\n", [1, "a"], [1, "a"]],
    ["a map", "%1\r\n+a\r\n:1\r\n", ["a", 1], new Map([["a", 1]])],
    ["a double", ",1.5\r\n", "1.5", 1.5],
    ["a verbatim text", "=5\r\ntxt:a\r\n", "a", "a"],
    ["a boolean", "#t\r\n", 1, true],
    ["an empty array", "*0\r\n", [], []],
    ["a null array", "*-1\r\n", null, null],
  ] as const)("%s is passed on as it is", async (_, raw, inResp2, inResp3) => {
    using origin = new FakeOrigin({ script: ([name]) => (name === "GET" ? raw : undefined) });
    await using local = await LocalProxy.ready({ origin: origin.port });
    for (const [version, value] of [
      [2, inResp2],
      [3, inResp3],
    ] as const) {
      const client = await local.client({ version });
      expect(await client.ask("GET", "k")).toEqual(value as ReplyValue);
      const mget = await client.ask("MGET", "k");
      if (value === null) expect(mget).toEqual([null]);
      else expect(mget).toMatchObject({ code: "ORIGINPROTOCOL" });
    }
    const text = await local.textClient();
    const shown = await text.ask("GET k");
    if (inResp2 === null) expect(shown).toBe("{Backend Server} : No such key found");
    else
      expect(shown).toBe(
        "{Backend Server} : ERROR ORIGINPROTOCOL the origin answered GET with something that is not a string",
      );
    expect(local.proxy.cache.store.stats().entries).toBe(0);
  });
});

describe("a reply that is lost or broken", () => {
  test.each([
    ["GET", ["GET", "a"], false],
    ["MGET", ["MGET", "a", "b"], false],
    ["a read over the channel", ["HGET", "h", "f"], false],
    ["a read beside it", ["HGETALL", "h"], false],
    ["a read of another database", ["ZRANGE", "z", "0", "-1"], false],
    ["a write", ["SET", "a", "1"], true],
    ["a write beside the channel", ["ZADD", "z", "1", "m"], true],
    ["a script", ["EVAL", "x", "0"], true],
    ["a command that is not known", ["SOMETHING", "a"], true],
  ] as const)(
    "%s: the outcome is unknown only where something may have been written",
    async (_, command, isWrite) => {
      const broken = command[0] === "MGET" ? "GET" : command[0];
      using origin = new FakeOrigin({ script: ([name]) => (name === broken ? "?\r\n" : undefined) });
      await using local = await LocalProxy.ready({ origin: origin.port });
      const [client, elsewhere] = await local.clients(2);
      await elsewhere!.must("SELECT", "1");
      const wanted = { code: isWrite ? "OUTCOMEUNKNOWN" : "ORIGINPROTOCOL" };
      if (command[0] !== "MGET") expect(await elsewhere!.ask(...command)).toMatchObject(wanted);
      expect(await client!.ask(...command)).toMatchObject(wanted);
    },
  );
});
