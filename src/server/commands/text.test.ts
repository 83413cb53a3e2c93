import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { LocalServer } from "../../../test/support/local-server.ts";
import { NEVER, setWhole } from "../../engine/engine.ts";
import { utf8 } from "../../lib/bytes.ts";

/** Sends bytes as the teaching document's client does, waits for the end, and returns the reply. */
async function oneShot(port: number, request: string | Uint8Array, halfClose = false): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk as Buffer));
  socket.write(request);
  if (halfClose) socket.end();
  await new Promise((resolve) => socket.once("end", resolve));
  socket.destroy();
  return Buffer.concat(chunks).toString();
}

/** Sets a number of keys directly in the engine. */
function fill(local: LocalServer, count: number, value: (n: number) => string): Record<string, string> {
  const expected: Record<string, string> = {};
  for (let n = 0; n < count; n++) {
    expected[`key ${n}`] = value(n);
    setWhole(local.engine, utf8(`key ${n}`), utf8(value(n)), NEVER);
  }
  return expected;
}

describe("the text protocol", () => {
  test("puts, gets, deletes and dumps, and shares its keys with RESP", async () => {
    await using local = new LocalServer();
    const text = await local.textClient();
    const client = await local.client();
    expect(await text.ask("PUT shashank=softwareEngineer")).toBe("OK");
    expect(await text.ask("GET shashank")).toBe("softwareEngineer");
    expect(await client.ask("GET", "shashank")).toBe("softwareEngineer");
    expect(await text.ask("put  a = b = c d ")).toBe("OK");
    expect(await text.ask("get a")).toBe("b = c d");
    await client.must("SET", "b", "2");
    expect(JSON.parse(await text.ask("DUMP"))).toEqual({
      shashank: "softwareEngineer",
      a: "b = c d",
      b: "2",
    });
    expect(await text.ask("DELETE a")).toBe("OK");
    expect(await text.ask("DELETE a")).toBe("No such key found");
    expect(await text.ask("GET a")).toBe("No such key found");
    expect(await text.ask("QUIT")).toBe("+OK\r");
  });

  test("answers a request without a line feed, bare, and closes", async () => {
    await using local = new LocalServer();
    for (const halfClose of [false, true]) {
      expect(await oneShot(local.port, "PUT k=v", halfClose)).toBe("OK");
      expect(await oneShot(local.port, "GET k", halfClose)).toBe("v");
      expect(await oneShot(local.port, "GET none", halfClose)).toBe("No such key found");
      expect(await oneShot(local.port, "DUMP", halfClose)).toBe('{"k":"v"}');
      expect(await oneShot(local.port, "NONSENSE", halfClose)).toStartWith("ERROR unknown verb");
      expect(await oneShot(local.port, "DELETE k", halfClose)).toBe("OK");
      expect(await oneShot(local.port, "PUT k=v", halfClose)).toBe("OK");
    }
    expect(await oneShot(local.port, "GET k\n  ", true)).toBe("v\n");
  });

  test("a bad request gets an error and the connection lives on", async () => {
    await using local = new LocalServer();
    const text = await local.textClient();
    for (const bad of ["PUT novalue", "GET", "DUMP all", "FETCH k", ""]) {
      expect(await text.ask(bad)).toStartWith("ERROR ");
    }
    expect(await text.ask("PUT k=v")).toBe("OK");
  });

  test("asks for the password", async () => {
    await using local = new LocalServer({ password: "se cret" });
    const text = await local.textClient();
    for (const request of ["GET k", "PUT k=v", "DELETE k", "DUMP"]) {
      expect(await text.ask(request)).toBe("ERROR NOAUTH Authentication required. Send AUTH password first");
    }
    expect(await text.ask("AUTH wrong")).toBe(
      "-WRONGPASS invalid username-password pair or user is disabled.\r",
    );
    expect(await text.ask("GET k")).toStartWith("ERROR NOAUTH");
    expect(await text.ask('AUTH "se cret"')).toBe("+OK\r");
    expect(await text.ask("PUT k=v")).toBe("OK");
    expect(await text.ask("DUMP")).toBe('{"k":"v"}');
  });

  test("says that there is no password", async () => {
    await using local = new LocalServer();
    const text = await local.textClient();
    expect(await text.ask("AUTH any")).toStartWith("-ERR AUTH <password> called without any password");
  });

  test("names the limit that a key crosses", async () => {
    await using local = new LocalServer({ engine: { limits: { keyBytes: 10, valueBytes: 100 } } });
    const text = await local.textClient();
    expect(await text.ask("PUT elevenbytes=1")).toBe(
      "ERROR key of 11 bytes is longer than the limit of 10 bytes",
    );
  });

  test("reports a spent budget", async () => {
    await using local = new LocalServer();
    local.engine.budgetBytes = 0;
    const text = await local.textClient();
    expect(await text.ask("PUT k=v")).toStartWith("ERROR OOM ");
  });
});

describe("DUMP", () => {
  test("of nothing is an empty object", async () => {
    await using local = new LocalServer();
    const text = await local.textClient();
    expect(await text.ask("DUMP")).toBe("{}");
  });

  test("of 100,000 keys is whole, and others are served meanwhile", async () => {
    await using local = new LocalServer();
    const expected = fill(local, 100_000, (n) => `value ${n}`);
    const text = await local.textClient();
    const other = await local.client();
    let finished = false;
    const dump = text.ask("DUMP").then((line) => {
      finished = true;
      return line;
    });
    let served = 0;
    while (!finished) {
      expect(await other.ask("GET", "key 7")).toBe("value 7");
      served++;
    }
    expect(served).toBeGreaterThan(20);
    expect(JSON.parse(await dump)).toEqual(expected);
  });

  test("takes its place among pipelined requests", async () => {
    await using local = new LocalServer();
    const expected = fill(local, 3000, (n) => `${n}`);
    const text = await local.textClient();
    const replies = await Promise.all(
      ["GET key 1", "DUMP", "PUT later=1", "GET later", "DUMP"].map((line) => text.ask(line)),
    );
    expect(replies.filter((_, index) => index % 4 !== 1 && index !== 4)).toEqual(["1", "OK", "1"]);
    // Requests after a dump are executed after it.
    expect(JSON.parse(replies[1]!)).toEqual(expected);
    expect(JSON.parse(replies[4]!)).toEqual({ ...expected, later: "1" });
  });

  test("waits for a client that does not read, and takes little memory meanwhile", async () => {
    const pausedReplyBytes = 100_000;
    await using local = new LocalServer({ limits: { pausedReplyBytes } });
    const value = "x".repeat(20_000);
    const expected = fill(local, 1500, () => value);
    const socket = connect(local.port, "127.0.0.1");
    socket.pause();
    socket.write("DUMP\n");
    const connection = await connectionOf(local);
    const waiting = await stableWaitingBytes(() => connection.waitingReplyBytes);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThan(pausedReplyBytes + 2 * 64 * 1024 + value.length * 2);
    const line = await readLine(socket);
    expect(JSON.parse(line)).toEqual(expected);
    socket.destroy();
  });

  test("ends when its client goes away", async () => {
    await using local = new LocalServer({ limits: { pausedReplyBytes: 100_000 } });
    fill(local, 1500, () => "x".repeat(20_000));
    const socket = connect(local.port, "127.0.0.1");
    socket.pause();
    socket.write("DUMP\n");
    const connection = await connectionOf(local);
    await stableWaitingBytes(() => connection.waitingReplyBytes);
    socket.resetAndDestroy();
    while (local.server.registry.size > 0) await new Promise(setImmediate);
    // The server closes without waiting for the client.
  });

  test("writes any bytes as JSON", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("SET", 'quo"te', "line\nfeed\\ ü €");
    await client.must("SET", new Uint8Array([0xff]), new Uint8Array([0x41, 0xc3]));
    await client.must("SET", new Uint8Array([0xfe]), "fe");
    await client.must("SET", "\ufffd", "replacement character");
    const text = await local.textClient();
    expect(JSON.parse(await text.ask("DUMP"))).toEqual({
      'quo"te': "line\nfeed\\ ü €",
      "\u{10feff}": "A\u{10fec3}",
      "\u{10fefe}": "fe",
      "\ufffd": "replacement character",
    });
  });

  test("is cut off when its values cannot become durable", async () => {
    await using local = new LocalServer();
    fill(local, 10, (n) => `${n}`);
    local.engine.settleWith = () => Promise.reject(new Error("the disk is gone"));
    const text = await local.textClient();
    await expect(text.ask("DUMP")).rejects.toThrow("ended before the reply came");
  });
});

/** Returns the server's side of the only connection. */
async function connectionOf(local: LocalServer) {
  for (;;) {
    for (const connection of local.server.registry) return connection;
    await new Promise(setImmediate);
  }
}

/** Waits until no more bytes move, because the system's buffers are full. */
async function stableWaitingBytes(read: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 200; ) {
    await new Promise(setImmediate);
    const now = read();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
  }
  return last;
}

function readLine(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      chunks.push(chunk as Buffer);
      if ((chunk as Buffer).at(-1) === 0x0a) resolve(Buffer.concat(chunks).toString());
    });
    socket.resume();
  });
}
