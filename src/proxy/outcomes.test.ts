/** The errors that clients get for requests that the origin did not answer. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { ConnectionLost } from "../../test/support/resp-client.ts";
import type { ReplyError } from "../protocol/reply-value.ts";

const UNKNOWN = "; the write may or may not have happened";

async function messageOf(reply: Promise<unknown>): Promise<string> {
  return ((await reply) as ReplyError).message;
}

describe("a connection that breaks", () => {
  test("leaves the outcome of a write unknown; the write is never sent again", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.holdFrom("SET");
    const reply = messageOf(client.ask("SET", "a", "1"));
    await origin.received(1, "SET");
    const said = local.messages.length;
    origin.dropAll();
    expect(await reply).toStartWith(`OUTCOMEUNKNOWN connection to origin 127.0.0.1:${origin.port} was lost`);
    expect(await reply).toEndWith(UNKNOWN);
    origin.releaseAll();
    await local.logged(/connected to origin/, said);
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("SET")).toBe(1);
    expect(local.proxy.stats).toMatchObject({ unknownOutcomes: 1, originErrors: 1 });
  });

  test("has its reads sent again as they were, once another connection answers in its place", async () => {
    const lengths: Record<string, number> = { short: 1, "longer-key": 22, third: 333 };
    using origin = new FakeOrigin({
      script: ([name, key]) => (name === "STRLEN" ? `:${lengths[key!]}\r\n` : undefined),
    });
    const quick = { heartbeatMs: 20, heartbeatTimeoutMs: 60 };
    await using local = await LocalProxy.ready({ origin: origin.port, ...quick });
    const [client, other] = await local.clients(2);
    origin.main.isSilent = true;
    const replies = [
      client!.must("STRLEN", "longer-key"),
      other!.must("STRLEN", "third"),
      client!.must("STRLEN", "short"),
    ];
    expect(await Promise.all(replies)).toEqual([22, 333, 1]);
  });

  test("reports the outcome of each pipelined request", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.holdFrom("SET", "b");
    const replies = [
      ["SET", "a", "1"],
      ["SET", "b", "2"],
      ["GET", "c"],
      ["HGET", "h", "f"],
      ["DEL", "a"],
    ].map((command) => client.ask(...command));
    await origin.received(1, "DEL");
    origin.dropAll();
    const codes = (await Promise.all(replies)).map((reply) => (reply as ReplyError).code ?? reply);
    expect(codes).toEqual(["OK", "OUTCOMEUNKNOWN", "ORIGINDOWN", "ORIGINDOWN", "OUTCOMEUNKNOWN"]);
    expect(local.proxy.stats).toMatchObject({ unknownOutcomes: 2, originErrors: 4 });
  });

  test.each([2, 3] as const)("leaves the outcome of a script unknown, RESP%d", async (version) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version });
    origin.holdFrom("EVAL");
    const reply = messageOf(client.ask("EVAL", "script", "1", "a", "1"));
    await origin.received(1, "EVAL");
    origin.connections.at(-1)!.drop();
    expect(await reply).toMatch(/^OUTCOMEUNKNOWN /);
    // The main connection is not affected.
    expect(await client.ask("GET", "a")).toBe("1");
    expect(local.proxy.stats.channelLosses).toBe(0);
    origin.releaseAll();
    expect(await client.ask("EVAL", "script", "1", "a", "2")).toBe("OK");
    expect(origin.count("EVAL")).toBe(2);
  });

  test.each(["SET maxmemory-samples 7", "REWRITE"])(
    "leaves the outcome of CONFIG %s at the origin unknown",
    async (text) => {
      const words = text.split(" ");
      using origin = new FakeOrigin();
      await using local = await LocalProxy.ready({ origin: origin.port, allowAdmin: true });
      const client = await local.client();
      origin.holdFrom("CONFIG", words[0]!);
      const reply = messageOf(client.ask("CONFIG", ...words));
      await origin.received(1, "CONFIG", words[0]!);
      origin.dropAll();
      expect(await reply).toStartWith(
        `OUTCOMEUNKNOWN connection to origin 127.0.0.1:${origin.port} was lost`,
      );
      expect(local.proxy.stats).toMatchObject({ unknownOutcomes: 1, originErrors: 1 });
    },
  );

  test("fails a request that waited for it; later ones use the next connection", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, random: { next: () => 0 } });
    const client = await local.client();
    origin.holdFrom("SET");
    const write = messageOf(client.ask("SET", "a", "1"));
    // It waits for the reply to the earlier request, which uses another connection.
    const script = messageOf(client.ask("EVAL", "script", "1", "a", "2"));
    await origin.received(1, "SET");
    origin.dropAll();
    expect(await write).toMatch(/^OUTCOMEUNKNOWN /);
    expect(await script).toMatch(/^ORIGINDOWN connection to origin .* was lost/);
    expect(origin.count("EVAL")).toBe(0);
    origin.releaseAll();
    await local.logged(/connected to origin/, 2);
    expect(await client.ask("EVAL", "script", "1", "a", "2")).toBe("OK");
  });
});

describe("an origin that is down", () => {
  test("has certainly not executed a write", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.goDown();
    await local.logged(/was lost/);
    for (const version of [2, 3] as const) {
      for (const command of [
        ["SET", "a", "1"],
        ["EVAL", "script", "1", "a", "1"],
        ["GET", "a"],
        ["MULTI"],
        ["BLPOP", "a", "0"],
      ]) {
        // A client with a connection of its own ends with it, if that was being opened.
        const client = await local.client({ version });
        expect(await messageOf(client.ask(...command))).toMatch(
          /^ORIGINDOWN (connection to )?origin 127\.0\.0\.1:/,
        );
      }
      // Requests that need no origin are answered.
      expect(await (await local.client({ version })).ask("PING")).toBe("PONG");
    }
    expect(origin.count("SET")).toBe(0);
    expect(local.proxy.stats.unknownOutcomes).toBe(0);
  });

  test("has not executed requests sent while connecting", async () => {
    using origin = new FakeOrigin();
    origin.goDown();
    await using local = await LocalProxy.start({ origin: origin.port });
    const client = await local.client();
    expect(await messageOf(client.ask("SET", "a", "1"))).toMatch(/^ORIGINDOWN .* cannot be reached/);
    expect(local.proxy.stats.unknownOutcomes).toBe(0);
  });

  test("is reported in the text protocol, too", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const text = await local.textClient();
    origin.holdFrom("SET");
    const written = text.ask("PUT a=1");
    await origin.received(1, "SET");
    origin.goDown();
    expect(await written).toMatch(
      /^\{Backend Server\} : ERROR OUTCOMEUNKNOWN .* may or may not have happened$/,
    );
    expect(await text.ask("GET a")).toMatch(/^\{Backend Server\} : ERROR ORIGINDOWN /);
    expect(await text.ask("PUT a=1")).toMatch(/^\{Backend Server\} : ERROR ORIGINDOWN /);
    expect(await text.ask("DUMP")).toMatch(/^ERROR ORIGINDOWN /);
  });
});

describe("an origin that does not answer in time", () => {
  test("leaves the outcome of a write unknown, while the connection goes on", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, originTimeoutMs: 400 });
    const client = await local.client();
    const { main } = origin;
    origin.script = ([name]) => (name === "SET" ? "" : undefined);
    // Bytes that do arrive now and then show that it is alive.
    const alive = setInterval(() => main.send(">1\r\n+news\r\n"), 5);
    const reply = messageOf(client.ask("SET", "a", "1"));
    expect(await reply).toMatch(
      /^OUTCOMEUNKNOWN origin .* did not answer within 400 ms; the write may or may not/,
    );
    clearInterval(alive);
    // The late reply is dropped, and the next one reaches its request.
    main.send("+LATE\r\n");
    expect(await client.ask("GET", "a")).toBeNull();
    expect(main.isClosed).toBe(false);
    expect(origin.count("SET")).toBe(1);
  });

  test("counts as dead when it sends nothing at all", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, originTimeoutMs: 20 });
    const client = await local.client();
    origin.goSilent();
    const replies = await Promise.all([
      messageOf(client.ask("SET", "a", "1")),
      messageOf(client.ask("GET", "b")),
      messageOf(client.ask("EVAL", "script", "1", "c", "1")),
    ]);
    expect(replies[0]).toMatch(/^OUTCOMEUNKNOWN origin .* 20 ms; the write may or may not have happened$/);
    expect(replies[1]).toMatch(/^ORIGINTIMEOUT origin .* 20 ms$/);
    // It waited for earlier requests, and was never sent.
    expect(replies[2]).toMatch(/^(ORIGINTIMEOUT|OUTCOMEUNKNOWN) /);
    expect(origin.count("EVAL")).toBe(0);
  });
});

describe("a client with a connection of its own", () => {
  test.each([
    ["breaks", async (origin: FakeOrigin) => origin.connections.at(-1)!.drop()],
    ["breaks with all others", async (origin: FakeOrigin) => origin.dropAll()],
  ])("is told when it %s, and ends: its transaction is lost", async (_, breakIt) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    expect(await client.ask("MULTI")).toBe("OK");
    expect(await client.ask("SET", "a", "1")).toBe("QUEUED");
    origin.holdFrom("EXEC");
    const executed = messageOf(client.ask("EXEC"));
    const behind = client.ask("GET", "a");
    await origin.received(1, "EXEC");
    await breakIt(origin);
    expect(await executed).toMatch(/^OUTCOMEUNKNOWN .* may or may not have happened$/);
    await behind.catch((error) => expect(error).toBeInstanceOf(ConnectionLost));
    await client.closed;
    expect(local.proxy.origin.connectionCounts).toMatchObject({ dedicated: 0, idle: 0 });
  });

  test("ends when the connection breaks between two requests", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    await client.ask("WATCH", "a");
    origin.connections.at(-1)!.drop();
    await client.closed;
    expect(local.proxy.host.registry.size).toBe(0);
  });

  test("ends when a request is not answered in time", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, originTimeoutMs: 20 });
    const client = await local.client();
    await client.ask("MULTI");
    origin.script = ([name]) => (name === "EXEC" ? "" : undefined);
    expect(await messageOf(client.ask("EXEC"))).toMatch(/^OUTCOMEUNKNOWN /);
    await client.closed;
    await origin.until(() => origin.connections.at(-1)!.isClosed);
  });

  test("may block for longer than the origin's time-out, and so may its later requests", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, originTimeoutMs: 250 });
    const client = await local.client();
    // A blocked connection answers no later request.
    origin.script = ([name], connection) => {
      if (name === "BLPOP") connection.hold();
      return name === "BLPOP" || name === "SLOW" ? "" : undefined;
    };
    const popped = client.ask("BLPOP", "a", "0");
    const behind = client.ask("GET", "b");
    await origin.received(1, "GET");
    // Meanwhile the time-out passes for other clients.
    const other = await local.client();
    expect(await messageOf(other.ask("SLOW"))).toMatch(/^OUTCOMEUNKNOWN .* 250 ms/);
    expect(await messageOf(other.ask("SLOW"))).toMatch(/^OUTCOMEUNKNOWN .* 250 ms/);
    expect(client.outstandingCount).toBe(2);
    const own = origin.commands.find(({ command }) => command[0] === "BLPOP")!.connection;
    own.send("*2\r\n$1\r\na\r\n$1\r\nx\r\n", 0);
    own.release();
    expect(await popped).toEqual(["a", "x"]);
    expect(await behind).toBeNull();
  });

  test("is cut off, rather than sending part of a transaction, when the origin does not read", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, originPendingBytes: 1000 });
    const client = await local.client();
    await client.ask("MULTI");
    const large = client.ask("SET", "a", "x".repeat(2000));
    const small = messageOf(client.ask("SET", "b", "1"));
    const executed = client.ask("EXEC").catch((error) => error);
    expect(await messageOf(large)).toMatch(/^OUTCOMEUNKNOWN /);
    expect(await small).toMatch(/^ORIGINDOWN origin .* does not keep up: 1000 bytes of requests wait$/);
    expect(await executed).toBeInstanceOf(ConnectionLost);
    expect(origin.values.size).toBe(0);
  });
});

test("a request with a malformed reply gets an error", async () => {
  using origin = new FakeOrigin({ script: ([name]) => (name === "SET" ? "?\r\n" : undefined) });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  const [write, read] = await Promise.all([
    messageOf(client.ask("SET", "a", "1")),
    messageOf(client.ask("GET", "b")),
  ]);
  expect(write).toMatch(
    /^OUTCOMEUNKNOWN origin .* sent a malformed reply: unknown reply type '\?'; the write/,
  );
  expect(read).toMatch(/^ORIGINPROTOCOL origin .* sent a malformed reply/);
});

test("requests beyond the limit of waiting bytes fail at once", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port, originPendingBytes: 1000 });
  const client = await local.client();
  const replies = await Promise.all([
    client.ask("SET", "a", "x".repeat(2000)),
    messageOf(client.ask("SET", "b", "1")),
    messageOf(client.ask("GET", "b")),
  ]);
  expect(replies[0]).toBe("OK");
  for (const reply of replies.slice(1)) {
    expect(reply).toMatch(/^ORIGINDOWN origin .* does not keep up: 1000 bytes of requests wait$/);
  }
  expect(await client.ask("SET", "b", "1")).toBe("OK");
});
