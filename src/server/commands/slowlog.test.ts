import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { type RunningServer, startRedis } from "../../../test/support/origins.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import type { Clock } from "../../lib/clock.ts";

const redis = requireProgram("redis-server");

/** A clock that advances by a fixed time whenever it is read. */
function tickingClock(stepMs: number): Clock {
  let ms = 0;
  return {
    wallMs: () => 1_700_000_000_000,
    monotonicMs() {
      ms += stepMs;
      return ms;
    },
  };
}

type Entry = [id: number, endedAt: number, micros: number, args: string[], address: string, name: string];

async function entries(client: RespClient, count = "-1"): Promise<Entry[]> {
  return (await client.must("SLOWLOG", "GET", count)) as unknown as Entry[];
}

const ASKED: readonly string[][] = [
  ["CLIENT", "SETNAME", "me"],
  ["SET", "k", "x".repeat(200)],
  ["GET", "k"],
  ["MGET", ...Array.from({ length: 40 }, (_, at) => `k${at}`)],
  ["MGET", ...Array.from({ length: 31 }, (_, at) => `k${at}`)],
  ["MULTI"],
  ["INCR", "n"],
  ["EXEC"],
  ["AUTH", "secret"],
  ["HELLO", "2", "AUTH", "default", "secret"],
  ["CONFIG", "SET", "requirepass", ""],
  ["NOSUCHCOMMAND"],
  ["GETBIT", "k"],
  ["INCR", "k"],
  ["SLOWLOG", "LEN"],
  ["SLOWLOG", "GET", "0"],
];

async function logged(port: number): Promise<unknown> {
  using client = await RespClient.connect({ port });
  await client.must("CONFIG", "SET", "slowlog-log-slower-than", "0");
  await client.must("SLOWLOG", "RESET");
  for (const command of ASKED) await client.ask(...command);
  const told = (await entries(client)).map(([, , , args, , name]) => ({ args, name }));
  await client.must("CONFIG", "SET", "slowlog-max-len", "3");
  await client.must("PING");
  const kept = (await entries(client)).map(([, , , args]) => args);
  await client.must("CONFIG", "SET", "slowlog-log-slower-than", "-1");
  const off = await client.must("SLOWLOG", "LEN");
  const errors = [
    await client.ask("SLOWLOG", "GET", "-2"),
    await client.ask("SLOWLOG", "GET", "x"),
    await client.ask("SLOWLOG", "HELP"),
    await client.ask("SLOWLOG", "NOSUCH"),
  ];
  return { told, kept, off, errors };
}

describe.skipIf(!redis.available)(redis.title("as in Redis,"), () => {
  let origin: RunningServer;
  beforeAll(async () => {
    origin = await startRedis();
  });
  afterAll(() => origin?.[Symbol.asyncDispose]());

  test("SLOWLOG shows the same commands, cut and without passwords", async () => {
    await using local = new LocalServer();
    expect(await logged(local.port)).toEqual(await logged(origin.port));
  });
});

test("a slow command is shown with its time and its client", async () => {
  await using local = new LocalServer({ clock: tickingClock(15) });
  const client = await local.client();
  await client.must("CLIENT", "SETNAME", "reader");
  await client.must("SLOWLOG", "RESET");
  await client.must("KEYS", "*");
  const [entry] = (await entries(client)).filter(([, , , [name]]) => name === "KEYS");
  expect(entry!.slice(1, 4)).toEqual([1_700_000_000, 15_000, ["KEYS", "*"]]);
  expect(entry![4]).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(entry![5]).toBe("reader");
});

test("GET and SET are measured only with a threshold below 10 ms", async () => {
  await using local = new LocalServer({ clock: tickingClock(15) });
  const client = await local.client();
  const asked = async () => {
    await client.must("SLOWLOG", "RESET");
    await client.must("SET", "k", "v");
    await client.must("GET", "k");
    return (await entries(client)).filter(([, , , [name]]) => /^[GS]ET$/.test(name!)).length;
  };
  expect(await asked()).toBe(0);
  await client.must("CONFIG", "SET", "slowlog-log-slower-than", "9999");
  expect(await asked()).toBe(2);
});
