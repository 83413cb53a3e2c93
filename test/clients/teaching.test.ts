/** The teaching document's exchanges, byte for byte, from a client in another language that does as its client does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type RunningServer, startGlasscache } from "../support/origins.ts";
import { requirePythonModule } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";

const python = requirePythonModule("socket");

interface Job {
  readonly port: number;
  readonly send?: string;
  readonly all?: true;
  readonly key?: string;
  readonly rounds?: number;
}

describe.skipIf(!python.available)(python.title("the teaching document's client"), () => {
  let server: RunningServer;
  let proxy: RunningServer;
  beforeAll(async () => {
    server = await startGlasscache(["server", "--host", "localhost"]);
    proxy = await startGlasscache(["proxy", "--host", "localhost", "--origin", `localhost:${server.port}`]);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const work = async (jobs: readonly Job[]): Promise<unknown[]> => {
    const child = Bun.spawn([python.path, join(import.meta.dir, "teaching_client.py")], {
      stdin: Buffer.from(jobs.map((job) => `${JSON.stringify(job)}\n`).join("")),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(errors).toBe("");
    return output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const throughProxy = (...requests: string[]): Promise<unknown[]> =>
    work(requests.map((send) => ({ port: proxy.port, send })));
  const atServer = (...requests: string[]): Promise<unknown[]> =>
    work(requests.map((send) => ({ port: server.port, send })));

  test("sees where a value came from", async () => {
    expect(
      await throughProxy("PUT shashank=softwareEngineer", "GET shashank", "GET shashank", "GET nobody"),
    ).toEqual([
      "{Backend Server} : OK",
      "{Backend Server} : softwareEngineer",
      "{Proxy Server} : softwareEngineer",
      "{Backend Server} : No such key found",
    ]);
  });

  test("talks to the server itself, too", async () => {
    expect(
      await atServer("PUT direct=yes", "GET direct", "DELETE direct", "GET direct", "get direct"),
    ).toEqual(["OK", "yes", "OK", "No such key found", "No such key found"]);
  });

  test("stores values with `=`, spaces, and none around them", async () => {
    expect(
      await throughProxy(
        ...["PUT equation=a = b + c", "GET equation", "PUT   padded   =   in the middle   ", "GET padded"],
        ...["PUT empty=", "GET empty", "  get   padded  "],
      ),
    ).toEqual([
      ...["{Backend Server} : OK", "{Backend Server} : a = b + c"],
      ...["{Backend Server} : OK", "{Backend Server} : in the middle"],
      ...["{Backend Server} : OK", "{Backend Server} : ", "{Proxy Server} : in the middle"],
    ]);
  });

  test("sends requests of any length", async () => {
    const lengths = [250, 256, 300, 5000, 60_000];
    const values = lengths.map((length) => "v".repeat(length));
    const jobs = values.flatMap((value): Job[] => [
      { port: proxy.port, send: `PUT k${value.length}=${value}` },
      { port: proxy.port, send: `GET k${value.length}`, all: true },
    ]);
    expect(await work(jobs)).toEqual(
      values.flatMap((value) => ["{Backend Server} : OK", `{Backend Server} : ${value}`]),
    );
    const longKey = "k".repeat(300);
    expect(await throughProxy(`PUT ${longKey}=v`, `GET ${longKey}`)).toEqual([
      "{Backend Server} : OK",
      "{Backend Server} : v",
    ]);
  });

  test("hears what was wrong with a request", async () => {
    for (const [reply] of [await throughProxy("FETCH a"), await atServer("PUT novalue")]) {
      expect(reply).toMatch(/ERROR .+/);
    }
  });

  test("never gets a stale value after its own PUT", async () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const jobs = keys.map((key) => ({ port: proxy.port, key: `fresh ${key}`, rounds: 40 }));
    // Others read the same keys all the while, so that old values are cached and asked for again.
    let isOver = false;
    const others = keys.map(async (key) => {
      using client = await RespClient.connect({ port: proxy.port });
      while (!isOver) {
        await client.ask("GET", `fresh ${key}`);
        await Bun.sleep(1);
      }
    });
    const wrong = await work(jobs);
    isOver = true;
    await Promise.all(others);
    expect(wrong).toEqual(keys.map(() => []));
  });

  test("dumps 100,000 keys", async () => {
    using client = await RespClient.connect({ port: server.port });
    await client.must("FLUSHALL");
    const expected: Record<string, string> = {};
    const stored: Promise<unknown>[] = [];
    for (let start = 0; start < 100_000; start += 1000) {
      const pairs = Array.from({ length: 1000 }, (_, i) => [`key ${start + i}`, `value = "${start + i}"`]);
      Object.assign(expected, Object.fromEntries(pairs));
      stored.push(client.must("MSET", ...pairs.flat()));
    }
    await Promise.all(stored);
    for (const { port } of [server, proxy]) {
      const [beginning, whole] = (await work([
        { port, send: "DUMP" },
        { port, send: "DUMP", all: true },
      ])) as [string, string];
      expect(beginning).toStartWith('{"key ');
      expect(whole).not.toContain("\n");
      expect(JSON.parse(whole)).toEqual(expected);
    }
  });
});
