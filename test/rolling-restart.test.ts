/** A new proxy takes over the port of an old one (--share-port), while clients come and go. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { type RunningServer, startGlasscache, startRedis } from "./support/origins.ts";
import { freePort } from "./support/program.ts";
import { requireProgram } from "./support/requirements.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const redis = requireProgram("redis-server");

/** Whether Linux gives what waits at a socket that closes to another socket of the same port. */
const MIGRATES = "/proc/sys/net/ipv4/tcp_migrate_req";
const CONNECTS_PER_SECOND = 2000;
/** So many connects may be under way. */
const MOST_OPEN = 300;
/** Clients that stay until they are sent away. */
const STAYING = 20;

function setMigration(value: string): boolean {
  try {
    writeFileSync(MIGRATES, value);
    return true;
  } catch {
    return false;
  }
}

/** Clients that connect, ask once and leave. */
class Passers {
  /** How each visit ended. */
  readonly ends = new Map<string, number>();
  readonly #port: number;
  #open = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#done = this.#run();
  }

  get answered(): number {
    return this.ends.get("answered") ?? 0;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
    await until(() => this.#open === 0, "all have left");
  }

  async #run(): Promise<void> {
    const startMs = performance.now();
    for (let made = 0; !this.#isOver; await Bun.sleep(1)) {
      const due = ((performance.now() - startMs) / 1000) * CONNECTS_PER_SECOND;
      for (; made < due; made++) if (this.#open < MOST_OPEN) this.#visit();
    }
  }

  #visit(): void {
    this.#open++;
    let state = "connecting";
    const socket = connect(this.#port, "127.0.0.1");
    socket.on("connect", () => {
      state = "unanswered";
      socket.write("PING\r\n");
    });
    socket.on("data", () => {
      state = "answered";
      socket.end();
    });
    socket.on("error", ({ code }: Error & { code?: string }) => {
      if (state !== "answered") state = `${state} ${code}`;
    });
    socket.on("close", () => {
      this.#open--;
      this.ends.set(state, (this.ends.get(state) ?? 0) + 1);
    });
  }
}

/** A client that counts in Redis without a pause, and comes back when it is sent away. */
class Stayer {
  acknowledged = 0;
  /** Requests without a reply. */
  lost = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(port: number, key: string) {
    this.#done = this.#run(port, key);
  }

  end(): Promise<void> {
    this.#isOver = true;
    return this.#done;
  }

  async #run(port: number, key: string): Promise<void> {
    while (!this.#isOver) {
      const client = await RespClient.connect({ port }).catch(() => undefined);
      if (client === undefined) continue;
      while (!this.#isOver && !client.isClosed) {
        const reply = await client.ask("INCR", key).catch(() => undefined);
        if (reply === undefined) this.lost++;
        else this.acknowledged++;
      }
      client.close();
    }
  }
}

/** Replaces a proxy by another one under load. */
async function replace(
  threads: number,
): Promise<{ ends: ReadonlyMap<string, number>; stayers: Stayer[]; counted: number[] }> {
  await using origin = await startRedis();
  const port = await freePort();
  const start = (): Promise<RunningServer> =>
    startGlasscache([
      ...["proxy", "--origin", `127.0.0.1:${origin.port}`, "--admin", "off", "--threads", String(threads)],
      ...["--share-port", "--port", String(port), "--drain-time", "1s"],
    ]);
  await using old = await start();
  const passers = new Passers(port);
  const stayers = Array.from({ length: STAYING }, (_, i) => new Stayer(port, `count:${i}`));
  await until(() => passers.answered > CONNECTS_PER_SECOND / 4, "the old one serves");
  await using next = await start();
  using watcher = await RespClient.connect({ port: origin.port });
  expect(await old.program.end()).toBe(0);
  const served = passers.answered;
  await until(() => passers.answered > served + CONNECTS_PER_SECOND / 4, "the new one serves");
  await passers.end();
  await Promise.all(stayers.map((stayer) => stayer.end()));
  const counted = await Promise.all(
    stayers.map(async (_, i) => Number(await watcher.must("GET", `count:${i}`))),
  );
  expect(next.port).toBe(port);
  return { ends: passers.ends, stayers, counted };
}

describe.skipIf(!redis.available)(redis.title("a proxy that is replaced by another on the same port"), () => {
  test.each([1, 2])("refuses nobody, and leaves no request without a reply (%p threads)", async (threads) => {
    const before = readFileSync(MIGRATES, "utf8");
    const migrates = setMigration("1");
    try {
      const { ends, stayers, counted } = await replace(threads);
      // What has been executed has been answered.
      expect(counted).toEqual(stayers.map(({ acknowledged }) => acknowledged));
      // Each was sent away once; what it sent at that moment was not executed.
      for (const { lost } of stayers) expect(lost).toBeLessThanOrEqual(1);
      const { answered, ...others } = Object.fromEntries(ends);
      expect(answered).toBeGreaterThan(CONNECTS_PER_SECOND / 2);
      // Without the setting, what waits in the queue of the socket that closes is reset.
      if (migrates) expect(others).toEqual({});
      else expect(Object.keys(others).filter((end) => end !== "connecting ECONNRESET")).toEqual([]);
    } finally {
      setMigration(before);
    }
  });
});

test.skipIf(!redis.available)(redis.title("without --share-port a taken port is refused"), async () => {
  await using origin = await startRedis();
  const args = ["proxy", "--origin", `127.0.0.1:${origin.port}`, "--admin", "off"];
  await using first = await startGlasscache([...args, "--share-port"]);
  await expect(startGlasscache([...args, "--port", String(first.port)])).rejects.toThrow(
    "the port is in use by another program; choose another with --port",
  );
});
