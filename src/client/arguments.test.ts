import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runInNewContext } from "node:vm";
import { type Client, connect } from "./client.ts";
import { bulk, FakeServer } from "./fake-server-fixture.ts";

let server: FakeServer;
let client: Client;
beforeAll(async () => {
  server = await FakeServer.start(([name]) => (name === "GET" ? bulk("{}") : "+OK\r\n"));
  client = await connect({ host: "127.0.0.1", port: server.port });
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** The client as JavaScript sees it, without type checks before the call. */
const untyped = () => client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

async function refusal(call: string, ...args: unknown[]): Promise<string> {
  const before = server.requests.length;
  const error = await untyped()[call]!(...args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TypeError);
  expect(server.requests).toHaveLength(before);
  return (error as TypeError).message;
}

const HALF = "\ud83d";

describe("values that cannot be stored", () => {
  test.each([
    ["an object", { a: 1 }, '{ as: "json" } stores it as JSON'],
    ["an array", [1], "the value is an array"],
    ["undefined", undefined, "delete(key) removes a key"],
    ["null", null, "the value is null"],
    ["a number", 5, "String(value) makes it one"],
    ["a bigint", 5n, "String(value) makes it one"],
    ["a boolean", true, "the value is a boolean"],
    ["a symbol", Symbol("s"), "the value is a symbol"],
    ["a function", () => "v", "the value is a function"],
    ["a date", new Date(0), "the value is a Date"],
    ["a map", new Map(), "the value is a Map"],
    ["a promise", Promise.resolve("v"), "the value is a Promise"],
    [
      "an array buffer",
      new ArrayBuffer(2),
      "an ArrayBuffer: a value is a string or a Uint8Array; new Uint8Array(value)",
    ],
    ["other numbers", new Uint16Array(2), "new Uint8Array(value.buffer, value.byteOffset, value.byteLength)"],
    ["half of a surrogate pair", `a${HALF}`, "half of a surrogate pair"],
    ["the other half", "\udc00a", "half of a surrogate pair"],
  ])("%s", async (_, value, message) => {
    expect(await refusal("put", "k", value)).toContain(message);
    expect(await refusal("set", "k", value)).toContain(message);
  });

  test("values that JSON cannot express", async () => {
    expect(await refusal("put", "k", undefined, { as: "json" })).toContain("JSON cannot express");
    expect(await refusal("put", "k", () => 1, { as: "json" })).toContain("JSON cannot express");
    expect(await refusal("put", "k", 1n, { as: "json" })).toContain("BigInt");
    const circle: unknown[] = [];
    circle.push(circle);
    await refusal("put", "k", circle, { as: "json" });
  });

  test.each([
    ["a promise", Promise.resolve("v"), "the value is a Promise, which JSON cannot express; await it first"],
    [
      "a map",
      new Map([["a", 1]]),
      "a Map, which JSON cannot express; Object.fromEntries(value) or [...value]",
    ],
    ["a set", new Set([1]), "a Set, which JSON cannot express; [...value] can be stored"],
    [
      "bytes",
      Uint8Array.of(1),
      'a Uint8Array, which JSON cannot express; { as: "bytes" } stores a Uint8Array',
    ],
    ["NaN", Number.NaN, "the value is NaN, which JSON cannot express"],
    ["infinity", Number.NEGATIVE_INFINITY, "the value is -Infinity, which JSON cannot express"],
    ["a symbol", Symbol("s"), "the value is a symbol, which JSON cannot express"],
  ])("values of which JSON keeps nothing, or something else: %s", async (_, value, message) => {
    expect(await refusal("put", "k", value, { as: "json" })).toContain(message);
    // JSON is not advised where it would not help. Bytes need no advice.
    if (!(value instanceof Uint8Array)) expect(await refusal("put", "k", value)).not.toContain("as JSON");
  });

  test("of another form than was said", async () => {
    expect(await refusal("put", "k", "text", { as: "bytes" })).toContain('as: "text"');
    expect(await refusal("put", "k", new Uint8Array(1), { as: "text" })).toContain('as: "bytes"');
  });
});

describe("keys that cannot be", () => {
  const calls: [string, (key: unknown) => unknown[]][] = [
    ["put", (key) => [key, "v"]],
    ["set", (key) => [key, "v"]],
    ["get", (key) => [key]],
    ["delete", (key) => [key]],
    ["del", (key) => ["a", key]],
    ["mget", (key) => [["a", key]]],
    ["expire", (key) => [key, 1]],
    ["getOrSet", (key) => [key, () => "v"]],
  ];
  test.each(calls)("%s", async (call, args) => {
    expect(await refusal(call, ...args(undefined))).toContain("the key is undefined");
    expect(await refusal(call, ...args(7))).toContain("the key is a number");
    expect(await refusal(call, ...args({ id: 1 }))).toContain("the key is an object");
    expect(await refusal(call, ...args(HALF))).toContain("half of a surrogate pair");
  });

  test("a key instead of an array of keys", async () => {
    expect(await refusal("mget", "a", "b")).toContain('mget(["a", "b"])');
  });
});

test("words of a command", async () => {
  expect(await refusal("command", "SET", "k", undefined)).toContain("word 2 after SET is undefined");
  expect(await refusal("command", "MGET", ["a", "b"])).toContain("command(name, ...items)");
  expect(await refusal("command", "SET", "k", { a: 1 })).toContain("word 2 after SET is an object");
  expect(await refusal("command", "SET", "k", HALF)).toContain("half of a surrogate pair");
  expect(await refusal("command", "SET", "k", Number.NaN)).toContain("is NaN");
  expect(await refusal("command", undefined)).toContain("the name of the command is undefined");
  expect(await refusal("request", "TTL", "k")).toContain('request(["TTL", "shashank"])');
  expect(await refusal("request", ["GET", "k"], { as: "json" })).toContain('request gives "text" or "bytes"');
  expect(await refusal("getOrSet", "k", "v")).toContain("load is not a function");
});

test("valid values are sent unchanged", async () => {
  server.requests.length = 0;
  await client.put("k", "");
  await client.put("k", "😀");
  await client.put("k", { a: [1, null] }, { as: "json" });
  await client.put("k", HALF, { as: "json" });
  await client.set("k", Buffer.from("bytes"), { ttlMs: 5 });
  await client.put("k", runInNewContext("new Uint8Array([104, 105])") as Uint8Array);
  await client.command("ZADD", "z", Number.POSITIVE_INFINITY, 7n, -0.5);
  expect(server.requests).toEqual([
    ["SET", "k", ""],
    ["SET", "k", "😀"],
    ["SET", "k", '{"a":[1,null]}'],
    ["SET", "k", '"\\ud83d"'],
    ["SET", "k", "bytes", "PX", "5"],
    ["SET", "k", "hi"],
    ["ZADD", "z", "Infinity", "7", "-0.5"],
  ]);
});

describe("options that there are not", () => {
  test.each([
    ["put", ["k", "v", { ttl: 60 }], 'put has no option "ttl": did you mean "ttlMs"? It is in milliseconds.'],
    ["set", ["k", "v", { EX: 60 }], 'set has no option "EX": did you mean "ttlMs"? It is in milliseconds.'],
    ["put", ["k", "v", { ttlms: 60 }], 'put has no option "ttlms": did you mean "ttlMs"?'],
    ["put", ["k", "v", { ttl: undefined }], 'did you mean "ttlMs"?'],
    ["get", ["k", { encoding: "utf8" }], 'did you mean "as"?'],
    ["get", ["k", { ttlMs: 5 }], 'get has no option "ttlMs"'],
    ["mget", [["k"], { sa: "text" }], 'did you mean "as"?'],
    ["delete", ["k", { timeout: 5 }], 'did you mean "timeoutMs"? It is in milliseconds.'],
    [
      "delete",
      ["k", { timout: 5 }],
      'delete has no option "timout": did you mean "timeoutMs"? It is in milliseconds.',
    ],
    ["put", ["k", "v", { expiresln: 5 }], 'did you mean "ttlMs"? It is in milliseconds.'],
    ["put", ["k", "v", { NX: true }], 'put has no option "NX": there are ttlMs, as, timeoutMs, signal'],
    ["get", ["k", { singal: 1 }], 'did you mean "signal"?'],
    ["expire", ["k", { ttl: 5 }], 'did you mean "ttlMs"?'],
    ["getOrSet", ["k", () => "v", { lease: 5 }], 'did you mean "leaseMs"?'],
    ["request", [["PING"], { sginal: 1 }], 'did you mean "signal"?'],
    ["put", ["k", "v", 60_000], "the options of put are a number: they are an object, such as { ttlMs }"],
    ["get", ["k", "bytes"], "the options of get are a string"],
    ["get", ["k", null], "the options of get are null"],
    ["get", ["k", { as: "buffer" }], 'as is "buffer": did you mean "bytes"?'],
    ["get", ["k", { as: 5 }], 'as is a number: "text", "bytes" or "json"'],
    ["get", ["k", { timeoutMs: "5" }], 'timeoutMs is a string ("5"), not a number'],
    ["get", ["k", { signal: new AbortController() }], "give controller.signal"],
    ["put", ["k", "v", { ttlMs: "60" }], 'ttlMs is a string ("60"), not a number'],
    ["getOrSet", ["k", () => "v", { ttlMs: null }], "ttlMs is null, not a number"],
    ["expire", ["k"], "expire(key, seconds) or expire(key, { ttlMs })"],
    ["expire", ["k", {}], "expire(key, seconds) or expire(key, { ttlMs })"],
  ])("%s %j", async (call, args, message) => {
    expect(await refusal(call, ...args)).toContain(message);
  });

  test("of dump, before it is consumed", () => {
    expect(() => client.dump({ count: 5 } as object)).toThrow('did you mean "batch"?');
    expect(() => client.dump({ as: "json" } as object)).toThrow('dump gives "text" or "bytes"');
  });

  test.each([
    [{ prot: 8080 }, 'connect has no option "prot": did you mean "port"?'],
    [{ hostname: "h" }, 'did you mean "host"?'],
    [{ timeout: 5 }, 'did you mean "timeoutMs"? It is in milliseconds.'],
    [{ passwd: "s3cret" }, 'did you mean "password"?'],
    [{ nothingLikeIt: 1 }, 'connect has no option "nothingLikeIt": there are url, host, port'],
    [{ reconnect: { maxAttempt: 1 } }, 'reconnect has no option "maxAttempt": did you mean "maxAttempts"?'],
    [{ reconnect: 5 }, "the options of reconnect are a number"],
    [{ port: "8080" }, 'port is a string ("8080"), not a number'],
    [{ password: 5 }, "password is a number, not a string"],
    [{ retryReads: "no" }, 'retryReads is a string ("no"), not a boolean'],
    [{ onEvent: {} }, "onEvent is an object, not a function"],
    [8080, "the options of connect are a number"],
  ])("connect %j", async (options, message) => {
    const error = await connect(options as object).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain(message);
    expect((error as TypeError).message).not.toContain("s3cret");
  });
});
