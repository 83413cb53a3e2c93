/** Subscribers, monitors and blocked clients: what a client is sent without having just asked for it. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import type { FrameClient } from "../../test/support/frame-client.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";

const redis = requireProgram("redis-server");

/** Returns a message as a subscriber gets it: pushed in RESP3, an array in RESP2. Numbers are integers. */
function message(version: 2 | 3, ...items: (string | number | null)[]): string {
  const none = version === 3 ? "_\r\n" : "$-1\r\n";
  const shown = items.map((item) =>
    item === null ? none : typeof item === "number" ? `:${item}\r\n` : bulk(item),
  );
  return `${version === 3 ? ">" : "*"}${items.length}\r\n${shown.join("")}`;
}

/** Waits for the next `count` frames, and takes them. */
async function next(client: FrameClient, count: number): Promise<string[]> {
  await client.received(count);
  return client.frames.splice(0, count);
}

describe.skipIf(!redis.available)(redis.title("at a real Redis"), () => {
  const proxied = proxiedRedis();

  async function client(version: 2 | 3): Promise<FrameClient> {
    const frames = await proxied.local.frameClient();
    if (version === 3) {
      frames.send(["HELLO", "3"]);
      await next(frames, 1);
    }
    return frames;
  }

  /** Returns the names of connections that wait at the origin, apart from this test's own. */
  async function flagsAtOrigin(): Promise<string[]> {
    const list = String(await proxied.direct.must("CLIENT", "LIST"));
    return [...list.matchAll(/ flags=(\S+)/g)]
      .map((match) => match[1]!)
      .filter((flags) => /[PbO]/.test(flags));
  }

  async function untilOrigin(flags: string[]): Promise<void> {
    while (JSON.stringify(await flagsAtOrigin()) !== JSON.stringify(flags));
  }

  test("a client that tracks keys gets invalidations before the replies to PING and ECHO", async () => {
    const tracking = await client(3);
    tracking.send(["CLIENT", "TRACKING", "ON"]);
    expect(await next(tracking, 1)).toEqual(["+OK\r\n"]);
    for (const [probe, reply] of [
      [["PING"], "+PONG\r\n"],
      [["ECHO", "there"], bulk("there")],
    ] as const) {
      tracking.send(["GET", "tracked"]);
      await next(tracking, 1);
      await proxied.direct.must("SET", "tracked", probe[0]);
      tracking.send([...probe]);
      expect(await next(tracking, 2)).toEqual([`>2\r\n${bulk("invalidate")}*1\r\n${bulk("tracked")}`, reply]);
    }
    tracking.close();
  });

  describe.each([2, 3] as const)("RESP%d", (version) => {
    test("subscriptions, messages and unsubscriptions come in order", async () => {
      const subscriber = await client(version);
      subscriber.send(["SUBSCRIBE", "a", "b"], ["PSUBSCRIBE", "p*"], ["SSUBSCRIBE", "s"]);
      expect(await next(subscriber, 4)).toEqual([
        message(version, "subscribe", "a", 1),
        message(version, "subscribe", "b", 2),
        message(version, "psubscribe", "p*", 3),
        message(version, "ssubscribe", "s", 1),
      ]);
      const publisher = await proxied.local.client();
      for (let n = 0; n < 50; n++) {
        expect(await publisher.ask("PUBLISH", n % 2 === 0 ? "a" : "pq", String(n))).toBe(1);
      }
      expect(await publisher.ask("PUBLISH", "c", "to nobody")).toBe(0);
      expect(await publisher.ask("SPUBLISH", "s", "sharded")).toBe(1);
      expect(await next(subscriber, 51)).toEqual([
        ...Array.from({ length: 50 }, (_, n) =>
          n % 2 === 0
            ? message(version, "message", "a", String(n))
            : message(version, "pmessage", "p*", "pq", String(n)),
        ),
        message(version, "smessage", "s", "sharded"),
      ]);
      subscriber.send(["UNSUBSCRIBE"], ["PUNSUBSCRIBE", "p*", "none"], ["SUNSUBSCRIBE"]);
      const ended = await next(subscriber, 5);
      expect(ended.slice(0, 2).toSorted()).toEqual(
        [message(version, "unsubscribe", "a", 2), message(version, "unsubscribe", "b", 1)]
          .map((frame, index) =>
            // Redis ends subscriptions in an order of its own.
            ended[0] === message(version, "unsubscribe", "b", 2)
              ? message(version, "unsubscribe", index === 0 ? "a" : "b", index === 0 ? 1 : 2)
              : frame,
          )
          .toSorted(),
      );
      expect(ended.slice(2)).toEqual([
        message(version, "punsubscribe", "p*", 0),
        message(version, "punsubscribe", "none", 0),
        message(version, "sunsubscribe", "s", 0),
      ]);
      subscriber.send(["SET", "after", "1"], ["GET", "after"]);
      expect(await next(subscriber, 2)).toEqual(["+OK\r\n", bulk("1")]);
      subscriber.close();
      await untilOrigin([]);
    });

    test("a burst of messages shares its fences", async () => {
      const subscriber = await client(version);
      subscriber.send(["SUBSCRIBE", "burst"]);
      await next(subscriber, 1);
      const fences = async (): Promise<number> => {
        const stats = String(await proxied.direct.must("INFO", "commandstats"));
        return Number(/cmdstat_latency\|histogram:calls=(\d+)/.exec(stats)?.[1]);
      };
      const before = await fences();
      for (let n = 0; n < 10; n++) {
        await Promise.all(Array.from({ length: 100 }, () => proxied.direct.must("PUBLISH", "burst", "x")));
      }
      expect(await next(subscriber, 1000)).toEqual(
        Array.from({ length: 1000 }, () => message(version, "message", "burst", "x")),
      );
      // Two fences for each burst, and heartbeats.
      expect((await fences()) - before).toBeLessThan(60);
      subscriber.close();
      await untilOrigin([]);
    });

    test("UNSUBSCRIBE of a client without subscriptions", async () => {
      const frames = await client(version);
      frames.send(["UNSUBSCRIBE", "a", "b"], ["PUNSUBSCRIBE"], ["PING"]);
      expect(await next(frames, 4)).toEqual([
        message(version, "unsubscribe", "a", 0),
        message(version, "unsubscribe", "b", 0),
        message(version, "punsubscribe", null, 0),
        "+PONG\r\n",
      ]);
      frames.close();
    });

    test("SUBSCRIBE without channels is an error, and later requests get their own replies", async () => {
      const frames = await client(version);
      frames.send(["SUBSCRIBE"], ["GET", "none"], ["MULTI"], ["PING"], ["EXEC"]);
      expect(await next(frames, 5)).toEqual([
        "-ERR wrong number of arguments for 'subscribe' command\r\n",
        version === 3 ? "_\r\n" : "$-1\r\n",
        "+OK\r\n",
        "+QUEUED\r\n",
        "*1\r\n+PONG\r\n",
      ]);
      frames.close();
    });

    test("a message comes behind the invalidations of earlier writes", async () => {
      const subscriber = await client(version);
      subscriber.send(["SUBSCRIBE", "written"]);
      await next(subscriber, 1);
      const reader = await proxied.local.client();
      for (let n = 0; n < 50; n++) {
        await reader.ask("GET", "told");
        await reader.ask("GET", "told");
        void proxied.direct.ask("SET", "told", String(n));
        void proxied.direct.ask("PUBLISH", "written", String(n));
        expect(await next(subscriber, 1)).toEqual([message(version, "message", "written", String(n))]);
        expect(await reader.ask("GET", "told")).toBe(String(n));
      }
      subscriber.close();
      await untilOrigin([]);
    });

    test("BLPOP waits until there is an element, and later requests wait, too", async () => {
      const [blocked, behind] = [await client(version), await client(version)];
      await proxied.direct.must("DEL", "popped");
      blocked.send(["BLPOP", "queue", "0"], ["SET", "popped", "1"]);
      await untilOrigin(["b"]);
      behind.send(["EXISTS", "popped"], ["EVAL", "return redis.call('RPUSH', 'queue', 'x')", "0"]);
      expect(await next(behind, 2)).toEqual([":0\r\n", ":1\r\n"]);
      expect(await next(blocked, 2)).toEqual([`*2\r\n${bulk("queue")}${bulk("x")}`, "+OK\r\n"]);
      expect(await flagsAtOrigin()).toEqual([]);
    });

    test("BLPOP that times out is a null array", async () => {
      const frames = await client(version);
      frames.send(["BLPOP", "none", "0.01"], ["PING"]);
      expect(await next(frames, 2)).toEqual([version === 3 ? "_\r\n" : "*-1\r\n", "+PONG\r\n"]);
    });

    test("a blocked client that disconnects gets no element", async () => {
      const frames = await client(version);
      frames.send(["BLPOP", "abandoned", "0"]);
      await untilOrigin(["b"]);
      frames.close();
      await untilOrigin([]);
      expect(await proxied.direct.must("RPUSH", "abandoned", "x")).toBe(1);
      expect(await proxied.direct.must("DEL", "abandoned")).toBe(1);
    });

    test("RESET ends subscriptions", async () => {
      const frames = await client(version);
      frames.send(["SUBSCRIBE", "a"]);
      await next(frames, 1);
      frames.send(["RESET"], ["PING"], ["GET", "none"]);
      expect(await next(frames, 3)).toEqual(["+RESET\r\n", "+PONG\r\n", "$-1\r\n"]);
      await untilOrigin([]);
      expect(await proxied.direct.must("PUBLISH", "a", "x")).toBe(0);
    });
  });

  test("a RESP2 subscriber may send few other commands", async () => {
    const frames = await client(2);
    frames.send(
      ["SUBSCRIBE", "a"],
      ["PING"],
      ["PING", "x"],
      ["GET", "k"],
      ["HELLO", "3"],
      ["INFO"],
      ["QUIT"],
    );
    await frames.closed;
    const [, subscribed, pong, named, get, hello, info, quit] = ["", ...frames.frames];
    expect(subscribed).toBe(message(2, "subscribe", "a", 1));
    expect([pong, named, quit]).toEqual([message(2, "pong", ""), message(2, "pong", "x"), "+OK\r\n"]);
    for (const refused of [get, hello, info]) expect(refused).toStartWith("-ERR Can't execute '");
    await untilOrigin([]);
  });

  test("a RESP3 subscriber may send any command", async () => {
    const frames = await client(3);
    frames.send(
      ["SUBSCRIBE", "a"],
      ["SET", "k", "1"],
      ["GET", "k"],
      ["PING"],
      ["CLIENT", "GETNAME"],
      ["MULTI"],
      ["PUBLISH", "b", "to nobody"],
      ["EXEC"],
      ["HGETALL", "none"],
    );
    expect((await next(frames, 9)).filter((frame) => !frame.startsWith(">"))).toEqual([
      "+OK\r\n",
      bulk("1"),
      "+PONG\r\n",
      "_\r\n",
      "+OK\r\n",
      "+QUEUED\r\n",
      "*1\r\n:0\r\n",
      "%0\r\n",
    ]);
    frames.close();
  });
});

test("a client that disconnects takes along only its own upstream connection", async () => {
  using origin = new FakeOrigin({
    script: ([name, channel]) =>
      name === "SUBSCRIBE" ? `*3\r\n${bulk("subscribe")}${bulk(channel!)}:1\r\n` : undefined,
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const subscribers = await Promise.all(Array.from({ length: 10 }, () => local.frameClient()));
  for (const subscriber of subscribers) subscriber.send(["SUBSCRIBE", "a"]);
  await Promise.all(subscribers.map((subscriber) => subscriber.received(1)));
  expect(origin.openConnections).toHaveLength(11);
  for (const subscriber of subscribers.slice(0, 4)) subscriber.close();
  await origin.until(() => origin.openConnections.length === 7);
  origin.openConnections[3]!.send(`*3\r\n${bulk("message")}${bulk("a")}${bulk("still there")}`);
  await Promise.race(subscribers.map((subscriber) => subscriber.received(2)));
  for (const subscriber of subscribers) subscriber.close();
  await origin.until(() => origin.openConnections.length === 1);
});

test("a subscriber that half-closes counts as gone", async () => {
  using origin = new FakeOrigin({
    script: ([name]) => (name === "SUBSCRIBE" ? `*3\r\n${bulk("subscribe")}${bulk("a")}:1\r\n` : undefined),
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const bytes = await local.byteClient();
  bytes.send(`*2\r\n${bulk("SUBSCRIBE")}${bulk("a")}`);
  await bytes.bytes(1);
  bytes.end();
  await origin.until(() => origin.openConnections.length === 1);
  await bytes.rest();
});

test("messages come to a RESP3 subscriber that waits for a reply, between the replies as the origin sent them", async () => {
  using origin = new FakeOrigin({
    script: ([name], connection) => {
      if (name === "BLPOP") connection.hold();
      return name === "SUBSCRIBE" || name === "BLPOP" ? "" : undefined;
    },
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const subscriber = await local.frameClient();
  subscriber.send(["HELLO", "3"]);
  await subscriber.received(1);
  subscriber.send(["SUBSCRIBE", "a"], ["BLPOP", "queue", "0"], ["PING"]);
  await origin.received(1, "BLPOP");
  const own = origin.connections[1]!;
  for (const text of ["1", "2"]) own.send(message(3, "message", "a", text), own.heldFrames.length - 1);
  own.release(2);
  expect((await subscriber.received(3)).slice(1)).toEqual(
    ["1", "2"].map((text) => message(3, "message", "a", text)),
  );
  own.send("*-1\r\n", 0);
  own.send(message(3, "message", "a", "3"), 1);
  own.release();
  expect((await subscriber.received(6)).slice(3)).toEqual([
    "*-1\r\n",
    message(3, "message", "a", "3"),
    "+PONG\r\n",
  ]);
});

test("messages that came before the origin was lost are still delivered", async () => {
  using origin = new FakeOrigin({ script: ([name]) => (name === "SUBSCRIBE" ? "" : undefined) });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const subscriber = await local.frameClient();
  subscriber.send(["SUBSCRIBE", "a"]);
  await origin.received(1, "SUBSCRIBE");
  const own = origin.connections[1]!;
  origin.main.hold();
  for (const text of ["1", "2", "3"]) own.send(message(2, "message", "a", text));
  own.end();
  await origin.received(2, "PING");
  origin.main.release();
  await subscriber.closed;
  expect(subscriber.frames).toEqual(["1", "2", "3"].map((text) => message(2, "message", "a", text)));
});

test("messages wait for invalidations that were sent before them", async () => {
  using origin = new FakeOrigin({
    script: ([name]) => (name === "SUBSCRIBE" ? `*3\r\n${bulk("subscribe")}${bulk("a")}:1\r\n` : undefined),
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const subscriber = await local.frameClient();
  subscriber.send(["SUBSCRIBE", "a"]);
  await subscriber.received(1);
  const { main } = origin;
  main.hold();
  const own = origin.connections[1]!;
  for (const text of ["1", "2", "3"]) own.send(`*3\r\n${bulk("message")}${bulk("a")}${bulk(text)}`);
  await origin.received(origin.count("PING") + 1, "PING");
  expect(subscriber.frames).toHaveLength(1);
  main.release();
  expect((await subscriber.received(4)).slice(1)).toEqual(
    ["1", "2", "3"].map((text) => `*3\r\n${bulk("message")}${bulk("a")}${bulk(text)}`),
  );
});
