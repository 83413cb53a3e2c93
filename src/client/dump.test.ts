import { expect, test } from "bun:test";
import { ConnectionLostError, connect } from "./client.ts";
import { bulk, FakeServer, type Script } from "./fake-server-fixture.ts";

/** Serves SCAN and MGET of `entries`, in steps of COUNT; an undefined value stands for a key that is gone. */
function store(entries: readonly (readonly [string, string | undefined])[]): Script {
  return ([name, ...args]) => {
    if (name === "SCAN") {
      const from = Number(args[0]);
      const to = Math.min(entries.length, from + Number(args[2]));
      const keys = entries.slice(from, to).map(([key]) => bulk(key));
      return `*2\r\n${bulk(String(to === entries.length ? 0 : to))}*${keys.length}\r\n${keys.join("")}`;
    }
    const values = args.map((key) => entries.find(([known]) => known === key)?.[1]);
    return `*${args.length}\r\n${values.map((value) => (value === undefined ? "_\r\n" : bulk(value))).join("")}`;
  };
}

async function dumpOf(script: Script, batch: number) {
  await using server = await FakeServer.start(script);
  await using client = await connect({ host: "127.0.0.1", port: server.port });
  return [await Array.fromAsync(client.dump({ batch })), server.requests] as const;
}

test("all entries, in steps", async () => {
  const entries = Array.from({ length: 10 }, (_, i) => [`key ${i}`, `value ${i}`] as const);
  for (const batch of [1, 3, 10, 100]) {
    expect((await dumpOf(store(entries), batch))[0]).toEqual(entries.map(([key, value]) => [key, value]));
  }
});

test("an empty store gets no request for values", async () => {
  expect(await dumpOf(store([]), 5)).toEqual([[], [["SCAN", "0", "COUNT", "5"]]]);
});

test("removed keys and values that are not strings are left out", async () => {
  const [entries] = await dumpOf(
    store([
      ["a", "1"],
      ["b", undefined],
      ["c", "3"],
    ]),
    2,
  );
  expect(entries).toEqual([
    ["a", "1"],
    ["c", "3"],
  ]);
});

test("bytes that are not text", async () => {
  await using server = await FakeServer.start(([name]) =>
    name === "SCAN" ? "*2\r\n$1\r\n0\r\n*1\r\n$2\r\n\xff\x00\r\n" : "*1\r\n$1\r\n\xfe\r\n",
  );
  await using client = await connect({ host: "127.0.0.1", port: server.port });
  expect(await Array.fromAsync(client.dump({ as: "bytes" }))).toEqual([
    [new Uint8Array([0xff, 0x00]), new Uint8Array([0xfe])],
  ]);
});

test("no more is read than one batch ahead of the consumer", async () => {
  const entries = Array.from({ length: 100 }, (_, i) => [`${i}`, "v"] as const);
  await using server = await FakeServer.start(store(entries));
  await using client = await connect({ host: "127.0.0.1", port: server.port });
  const dump = client.dump({ batch: 10 });
  await dump.next();
  await client.command("PING").catch(() => {});
  expect(server.requests.map(([name]) => name)).toEqual(["SCAN", "MGET", "SCAN", "PING"]);
  // Stopping early is no error, and the client remains usable.
  await dump.return();
  expect(client.pendingCalls).toBe(0);
});

test("the loss of the connection ends it", async () => {
  const entries = Array.from({ length: 100 }, (_, i) => [`${i}`, "v"] as const);
  const script = store(entries);
  await using server = await FakeServer.start((args, peer) => {
    if (peer.number === 0 && args[1] === "20") {
      peer.cut();
      return undefined;
    }
    return script(args, peer);
  });
  await using client = await connect({
    host: "127.0.0.1",
    port: server.port,
    reconnect: { firstDelayMs: 0, maxDelayMs: 0 },
  });
  await expect(Array.fromAsync(client.dump({ batch: 10 }))).rejects.toThrow(ConnectionLostError);
});

test("begun while there is no connection, it waits for one", async () => {
  const { promise: disconnected, resolve } = Promise.withResolvers<void>();
  await using server = await FakeServer.start(store([["a", "1"]]));
  await using client = await connect({
    host: "127.0.0.1",
    port: server.port,
    reconnect: { firstDelayMs: 0 },
    onEvent: ({ type }) => type === "disconnected" && resolve(),
  });
  server.peer.cut();
  await disconnected;
  expect(await Array.fromAsync(client.dump())).toEqual([["a", "1"]]);
});

test("a time-out, an error of the server and a bad batch are thrown", async () => {
  await using server = await FakeServer.start(([, cursor]) => (cursor === "0" ? undefined : "-ERR no\r\n"));
  await using client = await connect({ host: "127.0.0.1", port: server.port });
  await expect(client.dump({ timeoutMs: 5 }).next()).rejects.toThrow("no reply");
  await expect(client.dump({ batch: 0 }).next()).rejects.toThrow("batch: 0 is not a whole number from 1");
});
