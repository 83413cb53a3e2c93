/** What the proxy records over real sockets is what it was asked. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../src/lib/random.ts";
import { createRecording } from "../src/proxy/recording-file.ts";
import { DELETE, READ, WRITE } from "../src/replay/records.ts";
import { openSource } from "../src/sim/source.ts";
import { keyOf, readAll } from "../src/sim/trace/trace-samples-fixture.ts";
import { runGlasscache } from "./support/command-line.ts";
import { LocalProxy } from "./support/local-proxy.ts";
import { LocalServer } from "./support/local-server.ts";
import { startGlasscache } from "./support/origins.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { RespClient } from "./support/resp-client.ts";

setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

interface Asked {
  readonly key: bigint;
  readonly operation: number;
  /** Of the value that a read finds; undefined: there is none. */
  readonly size?: number | undefined;
  /** Of which request: an MGET has several. */
  readonly request: number;
}

const TEXT_KINDS = ["get", "get", "get", "set", "del"];
const KINDS = [...TEXT_KINDS, "mget", "append", "ping", "exists"];

/** Requests drawn at random, with what a recording of them must hold. */
class Requests {
  readonly asked: Asked[] = [];
  readonly #random: SeededRandom;
  readonly #values = new Map<string, number>();
  #request = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** The next request of one of these kinds, and as it stands in the text protocol where that has it. */
  next(kinds: readonly string[] = KINDS): { readonly command: string[]; readonly line: string } {
    const random = this.#random;
    const key = this.#key();
    this.#request++;
    switch (random.pick(kinds)) {
      case "get":
        this.#read(key);
        return { command: ["GET", key], line: `GET ${key}` };
      case "mget": {
        const keys = [key, this.#key(), this.#key()];
        for (const one of keys) this.#read(one);
        return { command: ["MGET", ...keys], line: "" };
      }
      case "set": {
        const size = 1 + random.below(40);
        this.#changed(key, WRITE);
        this.#values.set(key, size);
        return { command: ["SET", key, "v".repeat(size)], line: `PUT ${key}=${"v".repeat(size)}` };
      }
      case "append":
        this.#changed(key, WRITE);
        this.#values.set(key, (this.#values.get(key) ?? 0) + 3);
        return { command: ["APPEND", key, "abc"], line: "" };
      case "del":
        this.#changed(key, DELETE);
        this.#values.delete(key);
        return { command: ["DEL", key], line: `DELETE ${key}` };
      case "exists":
        return { command: ["EXISTS", key], line: "" };
      default:
        return { command: ["PING"], line: "" };
    }
  }

  #key(): string {
    return `user:${this.#random.below(30)}`;
  }

  #read(key: string): void {
    this.asked.push({
      key: keyOf(key),
      operation: READ,
      size: this.#values.get(key),
      request: this.#request,
    });
  }

  #changed(key: string, operation: number): void {
    this.asked.push({ key: keyOf(key), operation, request: this.#request });
  }
}

/** In an order that does not depend on which keys of an MGET were found first. */
function inOrder(asked: readonly Asked[]): Asked[] {
  return [...asked].sort((a, b) => a.request - b.request || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** What a recording holds, as far as `asked` says something of it. */
async function recorded(path: string, asked: readonly Asked[]): Promise<Asked[]> {
  const records = await readAll(await openSource(path));
  expect(records.length).toBe(asked.length);
  const found = inOrder(
    records.map(({ key, operation, size }, i) => ({ key, operation, size, request: asked[i]!.request })),
  );
  return inOrder(asked).map((expected, i) => {
    const { key, operation, size, request } = found[i]!;
    if (!("size" in expected)) return { key, operation, request };
    return { key, operation, size: expected.size === undefined ? undefined : size, request };
  });
}

describe("a recording", () => {
  test.each([
    ["hashes", false],
    ["keys", true],
  ] as const)("of %s holds every read and every write, in order", async (name, holdsKeys) => {
    const path = join(directory.path, name);
    const seed = 42;
    const requests = new Requests(seed);
    await using origin = new LocalServer();
    await using proxy = await LocalProxy.ready({
      origin: origin.port,
      recording: createRecording({ path, limitBytes: 1024 ** 2, holdsKeys, overwrite: false }),
    });
    const client = await proxy.client();
    for (let round = 0; round < 100; round++) {
      // Pipelined: hits and misses among each other.
      const replies = Array.from({ length: 20 }, () => client.ask(...requests.next().command));
      await Promise.all(replies);
    }
    const text = await proxy.textClient();
    for (let i = 0; i < 100; i++) await text.ask(requests.next(TEXT_KINDS).line);
    await proxy.drain();
    expect(requests.asked.length, `seed ${seed}`).toBeGreaterThan(1500);
    expect(await recorded(path, requests.asked)).toEqual(inOrder(requests.asked));
  });
});

describe("glasscache proxy --record", () => {
  test.each([["1"], ["2"]])("with %s thread(s) has everything in the file when it ends", async (threads) => {
    const path = join(directory.path, `cli-${threads}`);
    await using origin = new LocalServer();
    await using running = await startGlasscache([
      ...["proxy", "--origin", `127.0.0.1:${origin.port}`],
      ...["--threads", threads, "--record", path, "--record-keys"],
    ]);
    const clients = await Promise.all(
      Array.from({ length: 6 }, () => RespClient.connect({ port: running.port })),
    );
    for (const [i, client] of clients.entries()) {
      for (let k = 0; k < 50; k++) await client.must("GET", `c${i}:${k}`);
      client.close();
    }
    expect(await running.program.end()).toBe(0);
    const keys = (await readAll(await openSource(path))).map(({ key }) => key).sort();
    const expected = clients
      .flatMap((_, i) => Array.from({ length: 50 }, (_, k) => keyOf(`c${i}:${k}`)))
      .sort();
    expect(keys).toEqual(expected);
  });

  test("leaves a file alone that is there", async () => {
    const path = join(directory.path, "precious");
    writeFileSync(path, "precious");
    const args = [
      "proxy",
      "--port",
      "0",
      "--origin",
      "127.0.0.1:1",
      "--record",
      path,
      "--log-level",
      "error",
    ];
    expect(await runGlasscache(args)).toEqual({
      code: 1,
      stdout: "",
      stderr: `glasscache proxy: --record: ${path}: there is such a file already; --record-overwrite replaces a file\n`,
    });
    expect(await Bun.file(path).text()).toBe("precious");
  });
});
