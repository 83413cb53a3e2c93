/** The text protocol through the proxy, as in the teaching document. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type OriginCommand } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";

const redis = requireProgram("redis-server");

/** Answers SCAN with this many of the origin's keys per step. The cursor is the number of keys returned so far. */
function scanning(origin: FakeOrigin, keysPerStep: number) {
  return ([name, cursor]: OriginCommand): string | undefined => {
    if (name !== "SCAN") return undefined;
    const start = Number(cursor);
    const keys = [...origin.values.keys()].slice(start, start + keysPerStep);
    const next = start + keys.length >= origin.values.size ? 0 : start + keys.length;
    return `*2\r\n${bulk(String(next))}*${keys.length}\r\n${keys.map(bulk).join("")}`;
  };
}

describe("PUT, GET and DELETE", () => {
  test("name the server that answered", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const text = await local.textClient();
    const exchange: [string, string][] = [
      ["PUT shashank=softwareEngineer", "{Backend Server} : OK"],
      ["GET shashank", "{Backend Server} : softwareEngineer"],
      ["GET shashank", "{Proxy Server} : softwareEngineer"],
      ["get  shashank ", "{Proxy Server} : softwareEngineer"],
      ["PUT shashank = a=b c ", "{Backend Server} : OK"],
      ["GET shashank", "{Backend Server} : a=b c"],
      ["GET shashank", "{Proxy Server} : a=b c"],
      ["DELETE shashank", "{Backend Server} : OK"],
      ["GET shashank", "{Backend Server} : No such key found"],
      ["GET shashank", "{Backend Server} : No such key found"],
      ["DELETE shashank", "{Backend Server} : No such key found"],
    ];
    for (const [request, reply] of exchange) expect(await text.ask(request)).toBe(reply);
  });

  test("keep their order when pipelined, DUMP among them", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 10);
    await using local = await LocalProxy.ready({ origin: origin.port });
    const text = await local.textClient();
    const requests = ["PUT a=1", "GET a", "DUMP", "PUT a=2", "GET a", "DUMP", "DELETE a", "DUMP", "GET a"];
    expect(await Promise.all(requests.map((request) => text.ask(request)))).toEqual([
      "{Backend Server} : OK",
      "{Backend Server} : 1",
      '{"a":"1"}',
      "{Backend Server} : OK",
      "{Backend Server} : 2",
      '{"a":"2"}',
      "{Backend Server} : OK",
      "{}",
      "{Backend Server} : No such key found",
    ]);
  });

  test("answer a bad request with the reason, and go on", async () => {
    using origin = new FakeOrigin({
      script: ([, key]) => (key === "list" ? "-WRONGTYPE no string\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const text = await local.textClient();
    for (const request of ["PUT a", "GET", "DELETE", "FETCH a", "PUT =1"]) {
      expect(await text.ask(request)).toMatch(/^ERROR /);
    }
    expect(await text.ask("GET list")).toBe("{Backend Server} : ERROR WRONGTYPE no string");
    expect(await text.ask("PUT list=1")).toBe("{Backend Server} : ERROR WRONGTYPE no string");
    expect(await text.ask("PUT a=1")).toBe("{Backend Server} : OK");
  });

  test("in one shot, without a line feed, get a bare reply, and the connection ends", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 10);
    await using local = await LocalProxy.ready({ origin: origin.port });
    const exchange: [string, string][] = [
      ["PUT a=1", "{Backend Server} : OK"],
      ["GET a", "{Backend Server} : 1"],
      ["GET a", "{Proxy Server} : 1"],
      ["GET none", "{Backend Server} : No such key found"],
      ["DUMP", '{"a":"1"}'],
    ];
    for (const halfCloses of [true, false]) {
      origin.values.clear();
      for (const [request, reply] of exchange) {
        const bytes = await local.byteClient();
        bytes.send(request);
        if (halfCloses) bytes.end();
        expect(await bytes.rest()).toBe(reply);
      }
    }
  });

  test("QUIT ends the connection behind the replies before it", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 10);
    await using local = await LocalProxy.ready({ origin: origin.port });
    const bytes = await local.byteClient();
    bytes.send("PUT a=1\nDUMP\nQUIT\nPUT a=2\n");
    expect(await bytes.rest()).toBe('{Backend Server} : OK\n{"a":"1"}\n+OK\r\n');
    expect(origin.values.get("a")).toBe("1");
  });
});

describe("DUMP", () => {
  test("reads the origin in steps, each key once", async () => {
    using origin = new FakeOrigin();
    const steps = ["*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\n9\r\n*0\r\n"];
    const last = "*2\r\n$1\r\n0\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$4\r\nlist\r\n";
    origin.script = ([name]) => (name === "SCAN" ? (steps.shift() ?? last) : undefined);
    await using local = await LocalProxy.ready({ origin: origin.port });
    for (const [key, value] of [
      ["a", "1"],
      ["b", '"\n\x00'],
      ["c", "é"],
    ]) {
      origin.values.set(key!, Buffer.from(value!).toString("latin1"));
    }
    const text = await local.textClient();
    expect(await text.ask("DUMP")).toBe(JSON.stringify({ a: "1", b: '"\n\x00', c: "é" }));
    expect(
      origin.commands.filter(({ command }) => command[0] === "SCAN").map(({ command }) => command[1]),
    ).toEqual(["0", "7", "9"]);
  });

  test("writes bytes that are not UTF-8 distinctly from each other and from text", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 10);
    await using local = await LocalProxy.ready({ origin: origin.port });
    for (const key of ["\xff", "\xfe", "\xef\xbf\xbd", "\xed\xa0\x80"]) origin.values.set(key, key);
    const text = await local.textClient();
    const dumped = JSON.parse(await text.ask("DUMP"));
    const surrogate = "\u{10feed}\u{10fea0}\u{10fe80}";
    for (const key of ["\u{10feff}", "\u{10fefe}", "\ufffd", surrogate]) expect(dumped[key]).toBe(key);
    expect(Object.keys(dumped).length).toBe(4);
  });

  test("is one error when the origin fails at once, and the connection stays usable", async () => {
    using origin = new FakeOrigin({
      script: ([name]) => (name === "SCAN" ? "-NOPERM not you\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const text = await local.textClient();
    expect(await text.ask("DUMP")).toBe("ERROR NOPERM not you");
    origin.script = ([name]) =>
      name === "SCAN"
        ? `*2\r\n${bulk("0")}*1\r\n${bulk("a")}`
        : name === "MGET"
          ? "-NOPERM nor so\r\n"
          : undefined;
    expect(await text.ask("DUMP")).toBe("ERROR NOPERM nor so");
    expect(await text.ask("PUT a=1")).toBe("{Backend Server} : OK");
  });

  test("ends the connection when the origin fails in the middle: the line cannot be completed", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.values.set("a", "1");
    let scans = 0;
    origin.script = ([name]) => {
      if (name !== "SCAN") return undefined;
      return scans++ === 0 ? `*2\r\n${bulk("5")}*1\r\n${bulk("a")}` : "-ERR broken\r\n";
    };
    const bytes = await local.byteClient();
    bytes.send("DUMP\nGET a\n");
    await bytes.closed;
    // Bytes on their way may be lost with the connection. The line is incomplete, and nothing follows it.
    expect('{"a":"1"').toStartWith(bytes.text);
  });

  test("to a slow reader keeps memory bounded, and is complete in the end", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 100);
    // 64 MB of values, some of them large, to a client with room for 1 MB of replies.
    for (let n = 0; n < 600; n++)
      origin.values.set(`key ${n}`, "x".repeat(n % 100 === 0 ? 4_000_000 : 60_000));
    await using local = await LocalProxy.ready({
      origin: origin.port,
      limits: { ...DEFAULT_LIMITS, replyBytes: 10 * 1024 ** 2 },
    });
    const bytes = await local.byteClient();
    bytes.pause();
    bytes.send("DUMP\n");
    const waiting = (): number => [...local.proxy.registry][0]!.waitingReplyBytes;
    await until(() => waiting() >= DEFAULT_LIMITS.pausedReplyBytes);
    // The origin is asked nothing more once the client's room is used up: several round trips bring no request.
    using other = await local.client();
    let most = 0;
    for (let asked = -1, looks = 0; looks < 20; looks++) {
      const dumped = origin.count("MGET") + origin.count("SCAN");
      if (asked !== dumped) looks = 0;
      asked = dumped;
      await other.must("GET", "none");
      most = Math.max(most, waiting());
    }
    expect(origin.count("MGET")).toBeLessThan(10);
    expect(most).toBeLessThan(6 * 1024 ** 2);
    bytes.resume();
    const expected =
      [...origin.values].reduce((sum, [key, value]) => sum + key.length + value.length + 6, 0) + 2;
    const line = await bytes.bytes(expected);
    expect(line).toHaveLength(expected);
    expect(line).toEndWith('"}\n');
  }, 120_000);

  test("stops reading when its client disconnects", async () => {
    using origin = new FakeOrigin();
    origin.script = scanning(origin, 1);
    for (let n = 0; n < 100_000; n++) origin.values.set(String(n), "");
    await using local = await LocalProxy.ready({ origin: origin.port });
    const bytes = await local.byteClient();
    bytes.send("DUMP\n");
    await origin.received(5, "SCAN");
    bytes.close();
    while (local.proxy.host.registry.size > 0) await new Promise(setImmediate);
    // A DUMP that goes on would ask again in each round trip.
    const scans = origin.count("SCAN");
    using other = await local.client();
    for (let n = 0; n < 50; n++) await other.must("GET", `none ${n}`);
    expect(origin.count("SCAN") - scans).toBeLessThan(10);
  });
});

describe.skipIf(!redis.available)(redis.title("a real Redis' DUMP"), () => {
  let server: RunningServer;
  let local: LocalProxy;

  beforeAll(async () => {
    server = await startRedis();
    local = await LocalProxy.ready({ origin: server.port });
  });
  afterAll(async () => {
    await local?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test("has its strings alone, however many", async () => {
    using client = await RespClient.connect({ port: server.port });
    const expected: Record<string, string> = {};
    const entries: string[] = [];
    for (let n = 0; n < 5000; n++) {
      expected[`key ${n}`] = `value "${n}"`;
      entries.push(`key ${n}`, `value "${n}"`);
    }
    await client.must("MSET", ...entries);
    await client.must("RPUSH", "a list", "x");
    await client.must("HSET", "a hash", "x", "y");
    await client.must("SET", "gone", "1", "PX", "1");
    const text = await local.textClient();
    while ((await client.must("EXISTS", "gone")) !== 0);
    expect(JSON.parse(await text.ask("DUMP"))).toEqual(expected);
  });
});
