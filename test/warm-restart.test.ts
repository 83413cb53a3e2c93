/** `--warm`: a proxy that is restarted has its cache again, with values of now. Real processes and a real Redis. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storePolicyNames } from "../src/store/shard-policy.ts";
import { runGlasscache } from "./support/command-line.ts";
import { type RunningServer, startGlasscache, startRedis } from "./support/origins.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { requireProgram } from "./support/requirements.ts";
import { RespClient } from "./support/resp-client.ts";
import { infoField } from "./support/threads.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const redis = requireProgram("redis-server");
const KEYS = 400;
const name = (i: number): string => `key:${i}`;

/** A Redis with some keys, and a proxy in front of it that keeps itself warm. */
class Warmed implements AsyncDisposable {
  readonly origin: RunningServer;
  readonly path: string;
  readonly #directory: TemporaryDirectory;
  readonly #args: readonly string[];
  proxy!: RunningServer;

  private constructor(origin: RunningServer, directory: TemporaryDirectory, args: readonly string[]) {
    this.origin = origin;
    this.path = join(directory.path, "warm");
    this.#directory = directory;
    this.#args = args;
  }

  static async start(args: readonly string[] = []): Promise<Warmed> {
    const warmed = new Warmed(await startRedis(), new TemporaryDirectory(), args);
    using direct = await warmed.direct();
    await Promise.all(Array.from({ length: KEYS }, (_, i) => direct.must("SET", name(i), `value ${i}`)));
    await warmed.startProxy();
    return warmed;
  }

  async startProxy(more: readonly string[] = []): Promise<void> {
    this.proxy = await startGlasscache([
      ...["proxy", "--origin", `127.0.0.1:${this.origin.port}`, "--warm", this.path, "--memory", "16mb"],
      ...["--warm-every", "1s", ...this.#args, ...more],
    ]);
  }

  direct(): Promise<RespClient> {
    return RespClient.connect({ port: this.origin.port });
  }

  client(): Promise<RespClient> {
    return RespClient.connect({ port: this.proxy.port });
  }

  /** Reads keys through the proxy, the last ones more often. */
  async read(from: number, to: number, times = 1): Promise<void> {
    using client = await this.client();
    for (let time = 0; time < times; time++)
      for (let i = from; i < to; i++) await client.must("GET", name(i));
  }

  async info(field: string): Promise<number> {
    using client = await this.client();
    return Number(infoField(await client.must("INFO", "cache"), field));
  }

  /** Which of the keys are answered from the cache. */
  async hits(from: number, to: number): Promise<boolean[]> {
    using client = await this.client();
    const found: boolean[] = [];
    for (let i = from; i < to; i++) {
      const before = Number(infoField(await client.must("INFO", "cache"), "cache_hits"));
      await client.must("GET", name(i));
      found.push(Number(infoField(await client.must("INFO", "cache"), "cache_hits")) > before);
    }
    return found;
  }

  async isWarm(): Promise<void> {
    await until(() => this.proxy.program.output.includes("warmed: "), "the cache is warm");
    // Threads tell each other their numbers ten times a second.
    await until(
      async () => (await this.info("warm_keys_left")) === 0 && (await this.#readAgain()) > 0,
      "it is told",
    );
  }

  async #readAgain(): Promise<number> {
    const counts = await Promise.all(
      ["restored", "present", "gone"].map((name) => this.info(`warm_keys_${name}`)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.origin[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

describe.skipIf(!redis.available)(redis.title("a warm restart"), () => {
  test.each([...storePolicyNames().map((policy) => [policy, 1] as const), ["s3-fifo", 3] as const])(
    "after SIGTERM the cache is what it was: %s, %d threads",
    async (policy, threads) => {
      await using warmed = await Warmed.start(["--policy", policy, "--threads", String(threads)]);
      await warmed.read(0, 300);
      await warmed.read(200, 300, 3);
      const cached = await warmed.info("cached_keys");
      expect(await warmed.proxy.program.end()).toBe(0);
      expect(statSync(warmed.path).mode & 0o777).toBe(0o600);
      // Neither a value nor a draft is left anywhere.
      expect(readFileSync(warmed.path, "latin1")).not.toContain("value");
      expect(existsSync(`${warmed.path}.new`)).toBe(false);
      await warmed.startProxy();
      await warmed.isWarm();
      // The order is noted while clients may go on, so a key can be missed.
      expect(await warmed.info("cached_keys")).toBeWithin(cached - 2, cached + 1);
      expect(await warmed.info("warm_keys_restored")).toBeWithin(298, 301);
      // Reads for warming are no reads of clients.
      expect(await warmed.info("cache_misses")).toBe(0);
      expect(await warmed.hits(0, 20)).toEqual(new Array(20).fill(true));
      expect(await warmed.hits(300, 302)).toEqual([false, false]);
    },
  );

  test("after SIGKILL it is what it was when the file was written last", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 100);
    await until(async () => (await warmed.info("warm_file_keys")) === 100, "the file is written");
    await warmed.proxy.kill();
    await warmed.startProxy();
    await warmed.isWarm();
    expect(await warmed.info("warm_keys_restored")).toBe(100);
    expect(await warmed.hits(0, 20)).toEqual(new Array(20).fill(true));
  });

  test("what has changed meanwhile is read as it is now; what is gone or of another type is left out", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 100);
    expect(await warmed.proxy.program.end()).toBe(0);
    using direct = await warmed.direct();
    for (let i = 0; i < 50; i++) await direct.must("SET", name(i), `new ${i}`);
    for (let i = 50; i < 60; i++) await direct.must("DEL", name(i));
    for (let i = 60; i < 65; i++) {
      await direct.must("DEL", name(i));
      await direct.must("SADD", name(i), "member");
    }
    await warmed.startProxy();
    await warmed.isWarm();
    expect(await warmed.info("warm_keys_restored")).toBe(85);
    expect(await warmed.info("warm_keys_gone")).toBe(10);
    expect(await warmed.info("warm_keys_skipped")).toBe(5);
    using client = await warmed.client();
    for (let i = 0; i < 50; i++) expect(await client.must("GET", name(i))).toBe(`new ${i}`);
    // An invalidation reaches what warming has read.
    await direct.must("SET", name(0), "newer");
    await until(async () => (await client.must("GET", name(0))) === "newer", "the change is seen");
  });

  test("what the policy would keep longest is read first, and nothing is evicted for the rest", async () => {
    await using warmed = await Warmed.start(["--policy", "lru", "--threads", "1"]);
    await warmed.read(0, 300);
    expect(await warmed.proxy.program.end()).toBe(0);
    // Only a third of it has room now.
    await warmed.startProxy(["--max-entries", "100"]);
    await warmed.isWarm();
    expect(await warmed.info("cached_keys")).toBe(100);
    expect(await warmed.info("cache_evicted_keys")).toBeLessThanOrEqual(1);
    expect(await warmed.info("warm_keys_no_room")).toBeGreaterThanOrEqual(199);
    expect(await warmed.hits(202, 222)).toEqual(new Array(20).fill(true));
  });

  test("the order survives two restarts: the next victims are those they were", async () => {
    await using warmed = await Warmed.start(["--policy", "lru", "--threads", "1", "--max-entries", "100"]);
    await warmed.read(0, 100);
    await warmed.read(0, 50);
    for (let restart = 0; restart < 2; restart++) {
      expect(await warmed.proxy.program.end()).toBe(0);
      await warmed.startProxy();
      await warmed.isWarm();
      await until(async () => (await warmed.info("warm_keys_left")) === 0, "all have their places");
    }
    // Fifty others push out the fifty that were read longest ago.
    await warmed.read(300, 350);
    expect(await warmed.hits(0, 50)).toEqual(new Array(50).fill(true));
  });

  test("it keeps to the rate, which can be changed meanwhile; the proxy is ready all the time", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 400);
    expect(await warmed.proxy.program.end()).toBe(0);
    const startedMs = performance.now();
    await warmed.startProxy(["--warm-rate", "20"]);
    using client = await warmed.client();
    // Numbers may be told late, so time counts from before the start.
    await until(async () => (await warmed.info("warm_keys_restored")) >= 60, "some are read");
    expect(performance.now() - startedMs).toBeGreaterThan(2500);
    expect(await warmed.info("warm_keys_left")).toBeGreaterThan(0);
    expect(await client.must("GET", name(5))).toBe("value 5");
    expect(await client.must("CONFIG", "GET", "warm*")).toBeTruthy();
    await client.must("CONFIG", "SET", "warm-rate", "0");
    await warmed.isWarm();
    expect((await warmed.info("warm_keys_restored")) + (await warmed.info("warm_keys_present"))).toBe(400);
  });

  test("a proxy that ends while it is being warmed keeps the file that has more", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 400);
    expect(await warmed.proxy.program.end()).toBe(0);
    const before = readFileSync(warmed.path);
    await warmed.startProxy(["--warm-rate", "20"]);
    await until(async () => (await warmed.info("warm_keys_restored")) >= 5, "some are read");
    expect(await warmed.proxy.program.end()).toBe(0);
    expect(readFileSync(warmed.path).equals(before)).toBe(true);
  });

  test("when the origin goes and comes back it begins anew, and nothing is said to be there that is not", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 400);
    expect(await warmed.proxy.program.end()).toBe(0);
    await warmed.startProxy(["--warm-rate", "50", "--heartbeat", "50ms"]);
    await until(async () => (await warmed.info("warm_keys_restored")) >= 10, "some are read");
    await warmed.origin.kill();
    using client = await warmed.client();
    await until(
      async () => infoField(await client.must("INFO", "origin"), "origin_link_status") === "down",
      "it is gone",
    );
    await warmed.origin.restart();
    using direct = await warmed.direct();
    for (let i = 0; i < KEYS; i++) await direct.must("SET", name(i), `again ${i}`);
    await client.must("CONFIG", "SET", "warm-rate", "0");
    await warmed.isWarm();
    for (let i = 0; i < KEYS; i++) expect(await client.must("GET", name(i))).toBe(`again ${i}`);
  });
});

describe.skipIf(!redis.available)(redis.title("a file of warm keys that cannot be used"), () => {
  /** @returns what the proxy said about the file */
  async function restartedWith(
    change: (warmed: Warmed) => void | Promise<void>,
    more: (warmed: Warmed) => string[] = () => [],
  ): Promise<string> {
    await using warmed = await Warmed.start();
    await warmed.read(0, 50);
    expect(await warmed.proxy.program.end()).toBe(0);
    await change(warmed);
    const found = readFileSync(warmed.path);
    await warmed.startProxy(more(warmed));
    const told = () =>
      warmed.proxy.program.output.split("\n").filter((line) => line.includes(`${warmed.path}:`));
    await until(() => told().length > 0, "it is told");
    await warmed.read(0, 20);
    await until(async () => (await warmed.info("warm_file_keys")) === 20, "another one is written");
    expect(await warmed.info("warm_keys_restored")).toBe(0);
    // Nothing is lost.
    expect(readFileSync(`${warmed.path}.unused`).equals(found)).toBe(true);
    expect(told().length).toBe(1);
    const { msg } = JSON.parse(told()[0]!) as { msg: string };
    return msg.replaceAll(warmed.path, "FILE").replaceAll(String(warmed.origin.port), "PORT");
  }

  const COLD = "the cache starts cold, and the file will be kept as FILE.unused";

  test("cut short", async () => {
    const said = await restartedWith(({ path }) => writeFileSync(path, readFileSync(path).subarray(0, -7)));
    expect(said).toBe(`FILE: was cut short: ${COLD}`);
  });

  test("of another version", async () => {
    const said = await restartedWith(({ path }) => {
      const bytes = readFileSync(path);
      bytes[8] = 2;
      writeFileSync(path, bytes);
    });
    expect(said).toBe(`FILE: has version 2 of its format, and this program reads version 1: ${COLD}`);
  });

  test("of another database", async () => {
    const said = await restartedWith(
      async (warmed) => {
        using direct = await warmed.direct();
        await direct.must("SELECT", "1");
        for (let i = 0; i < 20; i++) await direct.must("SET", name(i), "of database 1");
      },
      ({ origin }) => ["--origin", `redis://127.0.0.1:${origin.port}/1`],
    );
    const [theirs, mine] = ["127.0.0.1:PORT, database 0", "127.0.0.1:PORT, database 1"];
    expect(said).toBe(`FILE: its keys are of origin ${theirs}, not of ${mine}: ${COLD}`);
  });

  test("that cannot be written: the one before stays, and that is told once", async () => {
    await using warmed = await Warmed.start();
    await warmed.read(0, 50);
    expect(await warmed.proxy.program.end()).toBe(0);
    const before = readFileSync(warmed.path);
    // A folder that is not empty is in the way.
    mkdirSync(`${warmed.path}.new/full`, { recursive: true });
    await warmed.startProxy();
    await warmed.isWarm();
    await until(async () => (await warmed.info("warm_file_failures")) >= 2, "it has been tried twice");
    const told = () =>
      warmed.proxy.program.output.split("\n").filter((line) => line.includes("cannot be written"));
    expect(told().length).toBe(1);
    expect(readFileSync(warmed.path).equals(before)).toBe(true);
    rmSync(`${warmed.path}.new`, { recursive: true });
    await until(async () => (await warmed.info("warm_file_keys")) === 50, "it is written again");
    await until(() => warmed.proxy.program.output.includes("is written again"), "it is told");
  });

  test("ends the start with one line where its name is plainly wrong, and is checked by --check", async () => {
    using directory = new TemporaryDirectory();
    const other = join(directory.path, "notes.txt");
    writeFileSync(other, "do not lose this");
    for (const [path, problem] of [
      [join(directory.path, "none/warm"), `there is no folder ${join(directory.path, "none")}`],
      [directory.path, "is a folder; give a file"],
      [other, "is not a file of warm keys; give another name"],
    ]) {
      for (const more of [[], ["--check"]]) {
        const { code, stdout, stderr } = await runGlasscache(["proxy", "--warm", path!, ...more]);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toBe(`glasscache proxy: --warm: ${path}: ${problem}\n`);
      }
    }
    expect(readFileSync(other, "utf8")).toBe("do not lose this");
  });
});
