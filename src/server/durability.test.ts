import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../test/support/local-server.ts";
import type { RespClient } from "../../test/support/resp-client.ts";
import { ReplyError } from "../protocol/reply-value.ts";

/**
 * An engine whose writes become durable when the test says so. Writes made before `settle` wait for the commit under
 * way at that time.
 */
class Disk {
  settleCount = 0;
  #commit = Promise.withResolvers<void>();

  constructor(local: LocalServer) {
    local.engine.settleWith = () => {
      this.settleCount++;
      return this.#commit.promise;
    };
  }

  commit(): void {
    this.#commit.resolve();
    this.#commit = Promise.withResolvers();
  }

  fail(message: string): void {
    this.#commit.reject(new Error(message));
    this.#commit = Promise.withResolvers();
  }
}

/** Whether a promise is still pending after one round of the server's event loop. */
async function isWaiting(promise: Promise<unknown>, others: RespClient): Promise<boolean> {
  let waiting = true;
  const settled = () => {
    waiting = false;
  };
  promise.then(settled, settled);
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  // The new connection was served, so the server's event loop has gone round once.
  await others.closed;
  return waiting;
}

/** Connects and disconnects a client. */
async function passer(local: LocalServer): Promise<RespClient> {
  const client = await local.client();
  client.close();
  return client;
}

describe("a reply", () => {
  test("waits until the writes that it reports or shows are durable", async () => {
    await using local = new LocalServer();
    const writer = await local.client();
    const reader = await local.client();
    const disk = new Disk(local);
    const written = writer.ask("SET", "k", "1");
    const seen = reader.ask("GET", "k");
    expect(await isWaiting(written, await passer(local))).toBe(true);
    expect(await isWaiting(seen, await passer(local))).toBe(true);
    disk.commit();
    expect(await Promise.all([written, seen])).toEqual(["OK", "1"]);
  });

  test("waits for its own commit only, and replies stay in order", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const disk = new Disk(local);
    const first = client.ask("SET", "k", "1");
    expect(await isWaiting(first, await passer(local))).toBe(true);
    const commitFirst = disk.commit.bind(disk);
    commitFirst();
    expect(await first).toBe("OK");
    const second = client.ask("SET", "k", "2");
    const third = client.ask("GET", "k");
    expect(await isWaiting(second, await passer(local))).toBe(true);
    disk.commit();
    expect(await Promise.all([second, third])).toEqual(["OK", "2"]);
  });

  test("to many pipelined requests takes one settle", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const disk = new Disk(local);
    const replies = Array.from({ length: 100 }, (_, n) => client.ask("SET", `${n}`, "x"));
    while (disk.settleCount === 0) await new Promise(setImmediate);
    disk.commit();
    expect(await Promise.all(replies)).toEqual(Array(100).fill("OK"));
    expect(disk.settleCount).toBe(1);
  });

  test("to a write that fails is an error, and the connection ends", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const disk = new Disk(local);
    const reply = client.ask("SET", "k", "1");
    while (disk.settleCount === 0) await new Promise(setImmediate);
    disk.fail("the disk is full");
    const error = await reply;
    expect(error).toBeInstanceOf(ReplyError);
    expect((error as ReplyError).message).toBe("MISCONF the disk is full");
    await client.closed;
  });

  test("to EXEC waits as a whole", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    await client.must("MULTI");
    await client.must("SET", "a", "1");
    await client.must("GET", "a");
    const disk = new Disk(local);
    const reply = client.ask("EXEC");
    expect(await isWaiting(reply, await passer(local))).toBe(true);
    expect(disk.settleCount).toBe(1);
    disk.commit();
    expect(await reply).toEqual(["OK", "1"]);
  });

  test("to DUMP waits too", async () => {
    await using local = new LocalServer();
    const writer = await local.client();
    await writer.must("SET", "a", "1");
    const text = await local.textClient();
    const disk = new Disk(local);
    const dump = text.ask("DUMP");
    expect(await isWaiting(dump, await passer(local))).toBe(true);
    disk.commit();
    expect(await dump).toBe('{"a":"1"}');
  });
});

test("closing lets every client read the replies under way", async () => {
  const local = new LocalServer();
  const client = await local.client();
  const disk = new Disk(local);
  const reply = client.ask("SET", "k", "1");
  while (disk.settleCount === 0) await new Promise(setImmediate);
  const closed = local.server.close();
  disk.commit();
  expect(await reply).toBe("OK");
  await closed;
  expect(local.engine.isClosed).toBe(true);
});
