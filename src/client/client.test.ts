import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import {
  AuthenticationError,
  type ClientEvent,
  ClosedError,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  connect,
  DecodeError,
  QueueFullError,
  ReplyError,
  TimeoutError,
  UnknownOutcomeError,
} from "./client.ts";
import { bulk, FakeServer, type Script } from "./fake-server-fixture.ts";

/** Reconnects without delay. */
const AT_ONCE = { firstDelayMs: 0, maxDelayMs: 0 };

async function pair(script?: Script, options: ConnectOptions = {}, greet: Script = () => undefined) {
  const server = await FakeServer.start(script, { greet });
  const client = await connect({ host: "127.0.0.1", port: server.port, reconnect: AT_ONCE, ...options });
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close(0);
      await server[Symbol.asyncDispose]();
    },
  };
}

function events(): {
  readonly list: ClientEvent[];
  readonly onEvent: (event: ClientEvent) => void;
  until(type: string): Promise<ClientEvent>;
} {
  const list: ClientEvent[] = [];
  let wake = () => {};
  return {
    list,
    onEvent(event) {
      list.push(event);
      wake();
    },
    async until(type) {
      for (;;) {
        const found = list.find((event) => event.type === type);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const withSource = (source: string, rest: string) =>
  `|3\r\n$6\r\nsource\r\n$${source.length}\r\n${source}\r\n$6\r\nage-ms\r\n:12\r\n$6\r\nttl-ms\r\n:-1\r\n${rest}`;

describe("requests", () => {
  test("put, get and delete are SET, GET and DEL", async () => {
    await using all = await pair((args) => {
      if (args[0] === "GET") return args[1] === "there" ? bulk("välue") : "_\r\n";
      return args[0] === "DEL" ? `:${args[1] === "there" ? 1 : 0}\r\n` : "+OK\r\n";
    });
    const { client, server } = all;
    await client.put("there", "välue");
    await client.put("there", "välue", { ttlMs: 1500 });
    expect(await client.get("there")).toEqual({ value: "välue", source: undefined });
    expect(await client.get("nowhere")).toEqual({ value: null, source: undefined });
    expect(await client.delete("there")).toBe(true);
    expect(await client.delete("nowhere")).toBe(false);
    expect(server.requests).toEqual([
      ["SET", "there", "välue"],
      ["SET", "there", "välue", "PX", "1500"],
      ["GET", "there"],
      ["GET", "nowhere"],
      ["DEL", "{there}:lease"],
      ["DEL", "there"],
      ["DEL", "{nowhere}:lease"],
      ["DEL", "nowhere"],
    ]);
    await expect(client.put("a", "b", { ttlMs: 0 })).rejects.toThrow("ttlMs: 0 is not a whole number from 1");
  });

  test("set, del, mget and expire do the same as in Redis", async () => {
    await using all = await pair(([name]) => {
      if (name === "MGET") return `*3\r\n${bulk("[1]")}_\r\n${bulk('"x"')}`;
      return name === "SET" ? "+OK\r\n" : ":1\r\n";
    });
    const { client, server } = all;
    await client.set("a", "1", { ttlMs: 5 });
    expect(await client.mget(["a", "b", "c"])).toEqual(["[1]", null, '"x"']);
    expect(await client.mget(["a", "b", "c"], { as: "json" })).toEqual([[1], null, "x"]);
    expect(await client.mget(["a", "b", "c"], { as: "bytes" })).toEqual([
      new TextEncoder().encode("[1]"),
      null,
      new TextEncoder().encode('"x"'),
    ]);
    expect(await client.mget([])).toEqual([]);
    expect(await client.expire("a", 60)).toBe(true);
    expect(await client.expire("a", { ttlMs: 1500 })).toBe(true);
    expect(await client.del("a")).toBe(1);
    expect(await client.del(["b", "c"], "d")).toBe(1);
    expect(await client.del()).toBe(0);
    expect(server.requests.filter(([name, key]) => name !== "DEL" || !key?.endsWith(":lease"))).toEqual([
      ["SET", "a", "1", "PX", "5"],
      ["MGET", "a", "b", "c"],
      ["MGET", "a", "b", "c"],
      ["MGET", "a", "b", "c"],
      ["EXPIRE", "a", "60"],
      ["PEXPIRE", "a", "1500"],
      ["DEL", "a"],
      ["DEL", "b", "c", "d"],
    ]);
    await expect(client.expire("a", 0)).rejects.toThrow("the seconds: 0 is not a whole number from 1");
    await expect(client.expire("a", { ttlMs: 0.5 })).rejects.toThrow(
      "ttlMs: 0.5 is not a whole number from 1",
    );
  });

  test("JSON is stored as text, and other text is an error", async () => {
    await using all = await pair(([name, key]) =>
      name === "GET" ? (key === "none" ? "_\r\n" : bulk(key === "bad" ? "{" : '{"a":[1]}')) : "+OK\r\n",
    );
    const { client, server } = all;
    await client.put("k", { a: [1] }, { as: "json", ttlMs: 5 });
    expect(server.requests).toEqual([["SET", "k", '{"a":[1]}', "PX", "5"]]);
    expect((await client.get<{ a: number[] }>("k", { as: "json" })).value?.a).toEqual([1]);
    expect((await client.get("none", { as: "json" })).value).toBeNull();
    await expect(client.get("bad", { as: "json" })).rejects.toThrow(DecodeError);
  });

  test("counts hits, misses and times", async () => {
    await using all = await pair(
      ([name, key]) => {
        if (name === "MGET") return `*2\r\n${bulk("v")}_\r\n`;
        return name === "GET" ? (key === "none" ? "_\r\n" : withSource(key ?? "", bulk("v"))) : ":1\r\n";
      },
      {},
      ([name]) => (name === "GLASS.SOURCE" ? "+OK\r\n" : undefined),
    );
    const { client } = all;
    const before = client.stats;
    for (const key of ["hit", "hit", "miss", "coalesced", "none"]) await client.get(key);
    await client.mget(["a", "b"]);
    await client.put("a", "v");
    await client.delete("a");
    const { hits, misses, proxy, latencies } = client.stats;
    expect({ hits, misses, proxy }).toEqual({
      hits: 5,
      misses: 2,
      proxy: { hits: 2, misses: 1, coalesced: 1 },
    });
    expect([latencies.reads.count, latencies.writes.count]).toEqual([6, 2]);
    expect(latencies.reads.maxMs).toBeGreaterThan(0);
    expect(before.hits).toBe(0);
  });

  test("bytes are stored and read unchanged", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await using all = await pair(() => Buffer.concat([Buffer.from("$256\r\n"), bytes, Buffer.from("\r\n")]));
    expect((await all.client.get(bytes, { as: "bytes" })).value).toEqual(bytes);
  });

  test("a proxy's attributes of a cached read", async () => {
    await using all = await pair(
      (args) => withSource(args[1] ?? "", bulk("v")),
      {},
      ([name]) => (name === "GLASS.SOURCE" ? "+OK\r\n" : undefined),
    );
    expect(all.client.server.tellsSource).toBe(true);
    expect(await all.client.get("hit")).toEqual({ value: "v", source: "hit", ageMs: 12 });
    expect(await all.client.get("coalesced", { as: "bytes" })).toEqual({
      value: new Uint8Array([0x76]),
      source: "coalesced",
      ageMs: 12,
    });
    expect((await all.client.get("something else")).source).toBeUndefined();
  });

  test("the server's description", async () => {
    await using plain = await pair();
    expect(plain.client.server).toEqual({
      name: "fake",
      version: "1",
      mode: "standalone",
      tellsSource: false,
    });
    expect(plain.server.allRequests[0]).toEqual(["HELLO", "3"]);
  });

  test("an error is thrown, with its code; within an array it is a value", async () => {
    await using all = await pair((args) =>
      args[0] === "EXEC" ? "*2\r\n+OK\r\n-WRONGTYPE no\r\n" : "-WRONGTYPE not a text\r\n",
    );
    const error = (await all.client.get("a").catch((thrown) => thrown)) as ReplyError;
    expect(error).toBeInstanceOf(ReplyError);
    expect(error.code).toBe("WRONGTYPE");
    expect(await all.client.command("EXEC")).toEqual(["OK", new ReplyError("WRONGTYPE no")]);
  });

  test("calls made together travel together, and replies find their calls", async () => {
    await using all = await pair((args) => bulk(args[1] ?? ""));
    const { client, server } = all;
    const before = server.chunkCount;
    const replies = await Promise.all(Array.from({ length: 500 }, (_, i) => client.get(`key ${i}`)));
    expect(replies.map(({ value }) => value)).toEqual(Array.from({ length: 500 }, (_, i) => `key ${i}`));
    expect(server.chunkCount - before).toBeLessThan(5);
  });

  test("replies in any pieces", async () => {
    let wire = "";
    await using all = await pair((args, peer) => {
      wire += withSource("hit", bulk(args[1] ?? ""));
      if (args[1] === "last") {
        const random = new SeededRandom(7);
        for (let at = 0; at < wire.length; ) {
          const to = at + 1 + random.below(9);
          peer.write(wire.slice(at, to));
          at = to;
        }
      }
      return undefined;
    });
    const keys = [...Array.from({ length: 50 }, (_, i) => "k".repeat(i)), "last"];
    const found = await Promise.all(keys.map((key) => all.client.get(key)));
    expect(found.map(({ value }) => value)).toEqual(keys);
  });

  test("large values both ways, more than the socket takes at once", async () => {
    await using all = await pair((args) => bulk(args[2] ?? ""), { timeoutMs: 0 });
    const values = Array.from({ length: 6 }, (_, i) => String(i).repeat(3_000_000));
    const replies = await Promise.all(values.map((value) => all.client.command("ECHO2", "x", value)));
    expect(replies.every((reply, i) => reply === values[i])).toBe(true);
  });

  test("unrequested messages do not disturb the order", async () => {
    const told = events();
    await using all = await pair(
      (args) => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n${bulk(args[1] ?? "")}`,
      { onEvent: told.onEvent },
    );
    expect((await all.client.get("x")).value).toBe("x");
    expect(told.list).toContainEqual({ type: "push", kind: "invalidate", items: [["a"]] });
  });

  test("commands that do not fit are refused before they are sent", async () => {
    await using all = await pair();
    await expect(all.client.command("subscribe", "a")).rejects.toThrow("SUBSCRIBE cannot be sent");
    await expect(all.client.command("CLIENT", "REPLY", "OFF")).rejects.toThrow("CLIENT REPLY cannot be sent");
    await expect(all.client.command("MULTI")).rejects.toThrow("connect with reconnect: false");
    await expect(all.client.command()).rejects.toThrow("a command has a name");
    expect(all.server.requests).toEqual([]);
    await using alone = await pair(undefined, { reconnect: false });
    expect(await alone.client.command("MULTI")).toBe("OK");
  });
});

describe("time", () => {
  test("a call without a reply fails; the connection lives on and the late reply is dropped", async () => {
    await using all = await pair((args) => (args[1] === "slow" ? undefined : bulk(args[1] ?? "")));
    const { client, server } = all;
    const error = (await client.get("slow", { timeoutMs: 20 }).catch((thrown) => thrown)) as TimeoutError;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe(`no reply from 127.0.0.1:${server.port} within 20 ms`);
    expect(error.outcomeUnknown).toBe(false);
    const next = client.get("fast");
    await server.received(2);
    // The script's reply to `fast` counts as the late one to `slow`; this one is for `fast`.
    server.peer.write(bulk("fast"));
    expect((await next).value).toBe("fast");
    expect(server.peers).toHaveLength(1);
  });

  test("a write without a reply says that its outcome is unknown", async () => {
    await using all = await pair(() => undefined);
    const error = await all.client.put("a", "b", { timeoutMs: 10 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.outcomeUnknown).toBe(true);
    expect(error.message).toEndWith("whether it took effect is unknown");
  });

  test("the time of a call covers waiting for a connection", async () => {
    const told = events();
    const all = await pair(undefined, {
      reconnect: { firstDelayMs: 60_000, maxDelayMs: 60_000 },
      onEvent: told.onEvent,
    });
    all.server.peer.cut();
    await told.until("reconnecting");
    const error = await all.client.get("a", { timeoutMs: 10 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toStartWith(
      `no connection to 127.0.0.1:${all.server.port} within 10 ms: connection to`,
    );
    expect(all.client.pendingCalls).toBe(0);
    await all[Symbol.asyncDispose]();
  });

  test("a connection that is silent for too long is replaced", async () => {
    const told = events();
    let now = 0;
    await using all = await pair((_, peer) => (peer.number === 0 ? undefined : bulk("back")), {
      clock: { monotonicMs: () => now, wallMs: () => 0 },
      silenceMs: 1000,
      onEvent: told.onEvent,
    });
    const { client } = all;
    await expect(client.get("a", { timeoutMs: 5 })).rejects.toThrow(TimeoutError);
    await client.get("b", { timeoutMs: 10 }).catch(() => {});
    expect(client.isConnected).toBe(true);
    const last = client.get("c", { timeoutMs: 20 });
    await all.server.received(3);
    now = 1000;
    await last.catch(() => {});
    await told.until("disconnected");
    expect((await client.get("d")).value).toBe("back");
  });

  test("a signal gives a call up, sent or not", async () => {
    await using all = await pair((args) => (args[1] === "slow" ? undefined : bulk(args[1] ?? "")));
    const { client, server } = all;
    const reason = new Error("enough");
    await expect(client.get("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const unsent = new AbortController();
    const first = client.get("never sent", { signal: unsent.signal });
    unsent.abort(reason);
    await expect(first).rejects.toBe(reason);
    const controller = new AbortController();
    const slow = client.get("slow", { signal: controller.signal });
    await server.received(1);
    controller.abort(reason);
    await expect(slow).rejects.toBe(reason);
    server.peer.write(bulk("too late"));
    expect((await client.get("next")).value).toBe("next");
    expect(server.requests).toEqual([
      ["GET", "slow"],
      ["GET", "next"],
    ]);
  });
});

describe("losing the connection", () => {
  test("a write in flight fails with its outcome unknown and is not sent again", async () => {
    const told = events();
    await using all = await pair(
      (args, peer) => {
        if (args[0] === "SET" && args[1] === "cut") peer.cut();
        return args[0] === "SET" && args[1] === "cut" ? undefined : "+OK\r\n";
      },
      { onEvent: told.onEvent },
    );
    const { client, server } = all;
    const error = await client.put("cut", "x").catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnknownOutcomeError);
    expect(error.message).toEndWith("whether the request took effect is unknown");
    await client.put("after", "x");
    expect(server.requests.filter(([, key]) => key === "cut")).toHaveLength(1);
    expect(told.list.map(({ type }) => type)).toEqual([
      "connected",
      "disconnected",
      "reconnecting",
      "connected",
    ]);
  });

  test("reads in flight are sent once more, in order, before later calls", async () => {
    await using all = await pair((args, peer) => {
      if (peer.number > 0) return bulk(args[1] ?? "");
      if (args[1] === "3") peer.cut();
      return undefined;
    });
    const { client, server } = all;
    const reads = ["1", "2", "3"].map((key) => client.get(key));
    await server.received(3);
    reads.push(client.get("4"));
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual(["1", "2", "3", "4"]);
    expect(server.requests.slice(3).map(([, key]) => key)).toEqual(["1", "2", "3", "4"]);
  });

  test("but not twice, and not if that is switched off", async () => {
    const cut: Script = (args, peer) => {
      if (args[0] === "GET") peer.cut();
      return undefined;
    };
    await using all = await pair(cut);
    const error = await all.client.get("a").catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(error).not.toBeInstanceOf(UnknownOutcomeError);
    expect(all.server.requests).toHaveLength(2);
    await using once = await pair(cut, { retryReads: false });
    await expect(once.client.get("a")).rejects.toThrow(ConnectionLostError);
    await once.client.get("a").catch(() => {});
    expect(once.server.requests.length).toBeLessThanOrEqual(2);
  });

  test("calls wait for the next connection", async () => {
    const told = events();
    const server = await FakeServer.start();
    const { port } = server;
    await using client = await connect({
      host: "127.0.0.1",
      port,
      reconnect: { firstDelayMs: 1 },
      onEvent: told.onEvent,
    });
    await server[Symbol.asyncDispose]();
    await told.until("disconnected");
    const waiting = Promise.all([client.put("a", "1"), client.put("b", "2")]);
    await using again = await FakeServer.start(undefined, { port });
    await waiting;
    expect(again.requests).toEqual([
      ["SET", "a", "1"],
      ["SET", "b", "2"],
    ]);
  });

  test("a protocol error ends the connection", async () => {
    const told = events();
    await using all = await pair((_, peer) => (peer.number === 0 ? "HTTP/1.1 400\r\n" : "+OK\r\n"), {
      onEvent: told.onEvent,
    });
    await expect(all.client.put("a", "b")).rejects.toThrow("unknown reply type 'H'");
    await told.until("disconnected");
    await all.client.put("a", "b");
  });

  test("without reconnection every further call fails", async () => {
    const told = events();
    await using all = await pair(undefined, { reconnect: false, onEvent: told.onEvent });
    all.server.peer.cut();
    await told.until("closed");
    await expect(all.client.get("a")).rejects.toThrow(ConnectionLostError);
  });

  test("after as many attempts as were allowed every call fails", async () => {
    const told = events();
    const all = await pair(undefined, { reconnect: { ...AT_ONCE, maxAttempts: 3 }, onEvent: told.onEvent });
    await all.server[Symbol.asyncDispose]();
    await told.until("closed");
    expect(told.list.filter(({ type }) => type === "reconnecting")).toHaveLength(3);
    const error = await all.client.get("a").catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toStartWith("gave up after 3 attempts: cannot connect to 127.0.0.1:");
  });
});

describe("bounds", () => {
  test("calls that wait", async () => {
    await using all = await pair(() => undefined, { maxPendingCalls: 3, maxPendingBytes: 1000 });
    const { client } = all;
    const waiting = [1, 2].map((i) => client.get(`${i}`).catch((thrown) => thrown));
    const error = await client.put("big", "x".repeat(1000)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error.message).toContain("maxPendingBytes");
    waiting.push(client.get("3").catch((thrown) => thrown));
    await expect(client.get("4")).rejects.toThrow("3 calls are waiting already (maxPendingCalls)");
    await client.close(0);
    for (const outcome of await Promise.all(waiting)) expect(outcome).toBeInstanceOf(Error);
  });

  test("cancelled calls still count while their replies are due", async () => {
    await using all = await pair(() => undefined, { maxPendingCalls: 2 });
    await Promise.all([1, 2].map((i) => all.client.get(`${i}`, { timeoutMs: 5 }).catch(() => {})));
    await expect(all.client.get("3")).rejects.toThrow(QueueFullError);
    all.server.peer.write("_\r\n_\r\n");
    while (all.client.pendingCalls > 0) await new Promise(setImmediate);
    await expect(all.client.get("4", { timeoutMs: 1 })).rejects.toThrow(TimeoutError);
  });
});

describe("closing", () => {
  test("waits for the replies to earlier calls, and refuses later ones", async () => {
    await using all = await pair((args) => (args[1] === "slow" ? undefined : "+OK\r\n"));
    const { client, server } = all;
    const slow = client.put("slow", "1");
    const closed = client.close();
    await expect(client.get("a")).rejects.toThrow(ClosedError);
    await server.received(1);
    server.peer.write("+OK\r\n");
    await slow;
    await closed;
    expect(client.isConnected).toBe(false);
    await expect(client.close()).resolves.toBeUndefined();
  });

  test("but not longer than the given time", async () => {
    await using all = await pair(() => undefined);
    const write = all.client.put("a", "b").catch((thrown) => thrown);
    const read = all.client.get("a").catch((thrown) => thrown);
    await all.server.received(2);
    await all.client.close(0);
    expect(await write).toBeInstanceOf(UnknownOutcomeError);
    expect(await read).toBeInstanceOf(ConnectionLostError);
  });

  test("does not wait for the replies to cancelled calls", async () => {
    await using all = await pair(() => undefined);
    await all.client.get("a", { timeoutMs: 1 }).catch(() => {});
    await all.client.close(60_000);
  });

  test("without a connection, waiting calls fail, and no attempt follows", async () => {
    const told = events();
    await using all = await pair(undefined, {
      reconnect: { firstDelayMs: 60_000, maxDelayMs: 60_000 },
      onEvent: told.onEvent,
    });
    all.server.peer.cut();
    await told.until("reconnecting");
    const waiting = all.client.get("a").catch((thrown) => thrown);
    await all.client.close();
    expect(await waiting).toBeInstanceOf(ClosedError);
    expect(told.list.at(-1)).toEqual({ type: "closed" });
  });

  test("by disposal", async () => {
    const server = await FakeServer.start();
    {
      await using client = await connect({ url: `glasscache://127.0.0.1:${server.port}` });
      await client.put("a", "b");
    }
    await server[Symbol.asyncDispose]();
  });
});

describe("connecting", () => {
  const refusing = (reply: string) => ({
    greet: ([name]: readonly string[]) => (name === "HELLO" ? reply : undefined),
  });

  test("no server", async () => {
    const server = await FakeServer.start();
    const { port } = server;
    await server[Symbol.asyncDispose]();
    const error = await connect({ host: "127.0.0.1", port }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).toBe(
      `cannot connect to 127.0.0.1:${port}: connection refused; nothing listens there`,
    );
  });

  test("passwords", async () => {
    await using server = await FakeServer.start(undefined, {
      greet(args) {
        if (args[0] !== "HELLO") return undefined;
        if (args[2] !== "AUTH")
          return "-NOAUTH HELLO must be called with the client already authenticated\r\n";
        return args[4] === "s3cret" ? undefined : "-WRONGPASS invalid username-password pair\r\n";
      },
    });
    const address = `127.0.0.1:${server.port}`;
    const { port } = server;
    const without = await connect({ host: "127.0.0.1", port }).catch((thrown) => thrown);
    expect(without).toBeInstanceOf(AuthenticationError);
    expect(without.message).toBe(`${address} requires a password`);
    await expect(connect({ url: `glasscache://:wrong@${address}` })).rejects.toThrow(
      "does not accept the password",
    );
    await (await connect({ url: `glasscache://:s3cret@${address}` })).close();
    await (await connect({ url: `redis://me:s3cret@${address}` })).close();
    expect(server.allRequests.filter(([name]) => name === "HELLO").slice(-2)).toEqual([
      ["HELLO", "3", "AUTH", "default", "s3cret"],
      ["HELLO", "3", "AUTH", "me", "s3cret"],
    ]);
  });

  test.each([
    ["an old Redis", "-ERR unknown command 'HELLO'\r\n", "does not speak RESP3"],
    ["something else", "HTTP/1.1 400 Bad Request\r\n", "does not speak RESP: unknown reply type 'H'"],
    ["too many clients", "-ERR max number of clients reached\r\n", "refuses the connection: ERR max number"],
  ])("%s", async (_, reply, message) => {
    await using server = await FakeServer.start(undefined, refusing(reply));
    const error = await connect({ host: "127.0.0.1", port: server.port }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain(message);
  });

  test("a server that says nothing", async () => {
    await using server = await FakeServer.start(undefined, { greet: () => "" });
    const options = { host: "127.0.0.1", port: server.port };
    const error = await connect({ ...options, connectTimeoutMs: 30 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toEndWith(" within 30 ms");
    const reason = new Error("enough");
    await expect(connect({ ...options, signal: AbortSignal.timeout(10) })).rejects.toThrow("timed out");
    await expect(connect({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
