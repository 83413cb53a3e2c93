import { expect } from "bun:test";
import { fromLatin1, latin1 } from "../../src/lib/bytes.ts";
import { type RunningServer as OwnServer, startServer } from "../../src/server/start.ts";
import { type RunningServer as RedisServer, startRedis } from "./origins.ts";
import { TemporaryDirectory } from "./program.ts";
import { RawClient } from "./raw-client.ts";

/** A real Redis and our server, which are asked the same. */
export class RedisComparison implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly own: OwnServer;
  readonly #directory: TemporaryDirectory;
  readonly #pairs: RedisPair[] = [];

  private constructor(redis: RedisServer, own: OwnServer, directory: TemporaryDirectory) {
    this.redis = redis;
    this.own = own;
    this.#directory = directory;
  }

  static async start(engine: "memory" | "lmdb", memoryBytes = 32 * 1024 ** 2): Promise<RedisComparison> {
    const directory = new TemporaryDirectory();
    const redis = await startRedis({ args: ["--databases", "1"] });
    const own = await startServer({
      host: "127.0.0.1",
      port: 0,
      engine,
      dataDirectory: directory.path,
      sync: "interval",
      memoryBytes,
      whenFull: "refuse",
    });
    return new RedisComparison(redis, own, directory);
  }

  /** A connection to each of the two. They are closed with the servers. */
  async connect(version: 2 | 3): Promise<RedisPair> {
    const pair = new RedisPair(
      await RawClient.connect(this.redis.port),
      await RawClient.connect(this.own.port),
      version,
    );
    await Promise.all([pair.theirs.ask("HELLO", String(version)), pair.ours.ask("HELLO", String(version))]);
    this.#pairs.push(pair);
    return pair;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { theirs, ours } of this.#pairs) {
      theirs.close();
      ours.close();
    }
    await this.redis[Symbol.asyncDispose]();
    await this.own.close();
    this.#directory[Symbol.dispose]();
  }
}

/** What was asked before, as a failure tells it. */
const HISTORY = 12;

/** A connection to each of the two servers. */
export class RedisPair {
  readonly theirs: RawClient;
  readonly ours: RawClient;
  readonly #version: 2 | 3;
  readonly #history: string[] = [];

  constructor(theirs: RawClient, ours: RawClient, version: 2 | 3) {
    this.theirs = theirs;
    this.ours = ours;
    this.#version = version;
  }

  /**
   * Asks both, and expects the same bytes.
   * @param command one character a byte
   * @returns the reply, one character a byte
   */
  async same(...command: string[]): Promise<string> {
    this.#history.push(
      `RESP${this.#version} ${command.map((argument) => JSON.stringify(argument)).join(" ")}`,
    );
    if (this.#history.length > HISTORY) this.#history.shift();
    const args = command.map(fromLatin1);
    const [theirs, ours] = await Promise.all([this.theirs.ask(...args), this.ours.ask(...args)]);
    const [expected, told] = [latin1(theirs), latin1(ours)];
    if (told !== expected) {
      const history = this.#history.join("\n");
      expect(`${history}\n=> ${told}`).toBe(`${history}\n=> ${expected}`);
    }
    return expected;
  }
}
