/** A client's pipelined requests take effect in order, whichever connections they use. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type OriginCommand } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";

const PIPELINE: string[][] = [
  ["SET", "k", "1"],
  ["EVAL", "script", "1", "k", "2"],
  ["GET", "k"],
  ["HGETALL", "h"],
  ["SET", "k", "3"],
  ["MULTI"],
  ["PING"],
  ["SET", "k", "4"],
  ["GET", "k"],
  ["EXEC"],
  ["GET", "k"],
  ["SELECT", "1"],
  ["ECHO", "elsewhere"],
  ["SELECT", "0"],
  ["MGET", "k", "none"],
  ["PING"],
  ["EVAL", "script", "1", "k", "5"],
  ["BLPOP", "list", "0"],
  ["GET", "k"],
];

const ELSEWHERE: Record<string, string> = { HGETALL: "+hash\r\n", BLPOP: "+popped\r\n" };

function answerElsewhere([name]: OriginCommand): string | undefined {
  return ELSEWHERE[name!];
}

function expected(version: 2 | 3): string[] {
  return [
    "+OK\r\n",
    "+OK\r\n",
    bulk("2"),
    "+hash\r\n",
    "+OK\r\n",
    "+OK\r\n",
    "+QUEUED\r\n",
    "+QUEUED\r\n",
    "+QUEUED\r\n",
    `*3\r\n+PONG\r\n+OK\r\n${bulk("4")}`,
    bulk("4"),
    "+OK\r\n",
    bulk("elsewhere"),
    "+OK\r\n",
    `*2\r\n${bulk("4")}${version === 3 ? "_\r\n" : "$-1\r\n"}`,
    "+PONG\r\n",
    "+OK\r\n",
    "+popped\r\n",
    bulk("5"),
  ];
}

describe.each([2, 3] as const)("RESP%d", (version) => {
  async function client(local: LocalProxy) {
    const frames = await local.frameClient();
    if (version === 3) {
      frames.send(["HELLO", "3"]);
      await frames.received(1);
      frames.frames.splice(0);
    }
    return frames;
  }

  test("a pipeline in one packet over the main, a side and an own connection", async () => {
    using origin = new FakeOrigin({ script: answerElsewhere });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    frames.send(...PIPELINE);
    expect(await frames.received(PIPELINE.length)).toEqual(expected(version));
    // In a transaction the origin answers commands that the proxy would answer itself.
    expect(origin.count("ECHO")).toBe(0);
    expect(origin.count("MULTI")).toBe(1);
    expect(local.proxy.origin.connectionCounts).toMatchObject({ dedicated: 0, idle: 1 });
  });

  test("the same while a second client does so, and a third one only reads", async () => {
    using origin = new FakeOrigin({ script: answerElsewhere });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const pipelines = ["k", "l"].map((key) =>
      PIPELINE.map((command) => command.map((word) => (word === "k" ? key : word))),
    );
    const clients = [await client(local), await client(local)];
    const reader = await local.client();
    for (const [index, frames] of clients.entries()) frames.send(...pipelines[index]!);
    const seen: number[] = [];
    while (clients.some(({ frames }) => frames.length < PIPELINE.length)) {
      const value = await reader.ask("GET", "k");
      seen.push(Number(value ?? 0));
    }
    for (const { frames } of clients) expect(frames).toEqual(expected(version));
    expect(seen).toEqual(seen.toSorted());
  });

  test("a request waits for the replies over the other connection, not just for its turn to be sent", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    origin.holdFrom("SET");
    frames.send(["SET", "k", "1"], ["EVAL", "script", "1", "k", "2"], ["SET", "k", "3"], ["GET", "k"]);
    await origin.received(1, "SET");
    // Another client's round trip to the proxy shows that it has read them all.
    const other = await local.client();
    await other.ask("PING");
    expect(origin.commands.at(-1)!.command[0]).toBe("SET");
    origin.releaseAll();
    expect(await frames.received(4)).toEqual(["+OK\r\n", "+OK\r\n", "+OK\r\n", bulk("3")]);
  });

  test("a request that needs no origin is answered in its place", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    origin.holdFrom("GET");
    frames.send(["GET", "k"], ["PING"], ["ECHO", "x"], ["EVAL", "script", "1", "k", "2"], ["PING", "y"]);
    await origin.received(1, "GET");
    expect(frames.frames).toEqual([]);
    origin.releaseAll();
    const none = version === 3 ? "_\r\n" : "$-1\r\n";
    expect(await frames.received(5)).toEqual([none, "+PONG\r\n", bulk("x"), "+OK\r\n", bulk("y")]);
  });

  test("CLIENT REPLY holds for a request that had to wait", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    const script = ["EVAL", "script", "1", "k", "1"];
    frames.send(["SET", "k", "1"], ["CLIENT", "REPLY", "SKIP"], script, ["GET", "k"]);
    expect(await frames.received(2)).toEqual(["+OK\r\n", bulk("1")]);
    frames.send(["CLIENT", "REPLY", "OFF"], ["SET", "k", "2"], script, ["SET", "k", "3"], script);
    frames.send(["CLIENT", "REPLY", "ON"], ["GET", "k"]);
    expect((await frames.received(4)).slice(2)).toEqual(["+OK\r\n", bulk("1")]);
  });

  test("CLIENT REPLY holds from its place in the pipeline on, over a connection of the client's own, too", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    frames.send(["SELECT", "9"], ["CLIENT", "REPLY", "OFF"], ["SET", "k", "1"], ["PING", "off"]);
    frames.send(
      ["CLIENT", "REPLY", "ON"],
      ["GET", "k"],
      ["CLIENT", "REPLY", "SKIP"],
      ["GET", "k"],
      ["ECHO", "x"],
    );
    expect(await frames.received(4)).toEqual(["+OK\r\n", "+OK\r\n", bulk("1"), bulk("x")]);
  });

  test("a client that half-closes gets all replies first", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const bytes = await local.byteClient();
    origin.holdFrom("SET");
    bytes.send(
      [
        ["SET", "k", "1"],
        ["EVAL", "script", "1", "k", "2"],
        ["GET", "k"],
      ]
        .map((command) => `*${command.length}\r\n${command.map(bulk).join("")}`)
        .join(""),
    );
    bytes.end();
    await origin.received(1, "SET");
    origin.releaseAll();
    expect(await bytes.rest()).toBe(`+OK\r\n+OK\r\n${bulk("2")}`);
  });

  test("a proxy that drains lets waiting clients have their replies", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await client(local);
    origin.holdFrom("SET");
    frames.send(["SET", "k", "1"], ["EVAL", "script", "1", "k", "2"]);
    await origin.received(1, "SET");
    const closed = local.drain();
    origin.releaseAll();
    await frames.closed;
    expect(frames.frames).toEqual(["+OK\r\n", "+OK\r\n"]);
    await closed;
  });
});

test("HELLO among others: each reply has the version valid at its place", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const frames = await local.frameClient();
  frames.send(["GET", "none"], ["HELLO", "3"], ["GET", "none"], ["HELLO", "2"], ["GET", "none"], ["PING"]);
  await frames.received(6);
  expect(frames.frames.map((frame) => frame.slice(0, 2))).toEqual(["$-", "%7", "_\r", "*1", "$-", "+P"]);
});

test("HELLO of a client with its own connection changes that one, too", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const frames = await local.frameClient();
  frames.send(
    ["WATCH", "a"],
    ["GET", "none"],
    ["HELLO", "3"],
    ["GET", "none"],
    ["HELLO", "2"],
    ["GET", "none"],
  );
  await frames.received(6);
  expect(frames.frames.map((frame) => frame.slice(0, 2))).toEqual(["+O", "$-", "%7", "_\r", "*1", "$-"]);
  frames.send(["HELLO", "3"], ["UNWATCH"], ["WATCH", "a"], ["GET", "none"]);
  await frames.received(10);
  expect(frames.frames.slice(6).map((frame) => frame.slice(0, 2))).toEqual(["%7", "+O", "+O", "_\r"]);
  frames.send(["MULTI"], ["HELLO", "2"], ["EXEC"]);
  await frames.received(13);
  expect(frames.frames.slice(10)).toEqual([
    "+OK\r\n",
    "-ERR HELLO cannot be queued in a transaction here\r\n",
    "*0\r\n",
  ]);
});
