/**
 * Compares with a real Redis what MONITOR's output tells about keys and times to live. Random commands run on the
 * Redis, and are read from a MONITOR on it; then every key must exist, and expire, as it does in the Redis.
 */
import { describe, expect, test } from "bun:test";
import { startRedis } from "../../../test/support/origins.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import { SeededRandom } from "../../lib/random.ts";
import { applyCommand } from "./monitor-commands.ts";
import { MonitorLine } from "./monitor-line.ts";
import { MonitoredKeyspace, NEVER } from "./monitored-keyspace.ts";

const redis = requireProgram("redis-server");
const SEED = Number(process.env["GLASSCACHE_MONITOR_SEED"] ?? 20_261_129);
const BLOCKS = 250;
const BLOCK_COMMANDS = 30;
/** Redis reads its clock a little before it sends the time to a MONITOR. */
const TOLERANCE_MS = 200;

const KINDS = ["s", "h", "l", "S", "z"] as const;
const keysOf = (kind: string): string[] => [0, 1, 2, 3].map((i) => `${kind}${i}`);
const FAR = 4_102_444_800;

/**
 * Commands after which no value is empty: MONITOR does not show that a key was deleted because its value became
 * empty.
 */
function randomCommand(random: SeededRandom): string[] {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const kind = pick([...KINDS, "s", "s", "s"] as const);
  const [key, other] = [pick(keysOf(kind)), pick(keysOf(kind))];
  const seconds = String(1000 + random.below(1000));
  const expiry = pick([
    [],
    ["EX", seconds],
    ["PX", `${seconds}000`],
    ["EXAT", String(FAR + random.below(100))],
    ["PXAT", `${FAR}${random.below(10)}00`],
    ["KEEPTTL"],
  ]);
  const any: string[][] = [
    ["DEL", key],
    ["UNLINK", key, other],
    ["EXPIRE", key, seconds, ...pick([[], ["NX"], ["XX"], ["GT"], ["LT"]])],
    ["PEXPIRE", key, `${seconds}000`],
    ["EXPIREAT", key, pick([String(FAR + random.below(100)), "1"])],
    ["PEXPIREAT", key, `${FAR}${random.below(10)}00`, ...pick([[], ["GT"], ["LT"]])],
    ["EXPIRE", key, pick(["0", "-5"])],
    ["PERSIST", key],
    ["RENAME", key, other],
    ["RENAMENX", key, other],
    ["COPY", key, other, ...pick([[], ["REPLACE"]])],
    ["COPY", key, other, "DB", "1", "REPLACE"],
    ["MOVE", key, "1"],
  ];
  const own: Record<(typeof KINDS)[number], string[][]> = {
    s: [
      ["SET", key, "v", ...pick([[], ["NX"], ["XX"]]), ...expiry],
      ["SET", key, "v", ...expiry],
      ["SETEX", key, seconds, "v"],
      ["PSETEX", key, `${seconds}000`, "v"],
      ["SETNX", key, "v"],
      ["GETSET", key, "v"],
      ["GETDEL", key],
      ["GETEX", key, ...pick([[], ["PERSIST"], ["EX", seconds], ["PXAT", `${FAR}000`], ["EXAT", "1"]])],
      ["MSET", key, "v", other, "w"],
      ["MSETNX", key, "v", other, "w"],
      ["APPEND", key, "x"],
      ["SETRANGE", key, "2", "x"],
      ["SETBIT", key, "7", "1"],
      ["BITOP", "NOT", key, other],
      ["GET", key],
    ],
    h: [
      ["HSET", key, "f", "v"],
      ["HINCRBY", key, "n", "1"],
      ["HGET", key, "f"],
    ],
    l: [
      ["RPUSH", key, "v"],
      ["LPUSHX", key, "v"],
      ["LSET", key, "0", "w"],
      ["SORT", key, "BY", "nosort", "STORE", other],
    ],
    S: [
      ["SADD", key, "m"],
      ["SUNIONSTORE", key, other, "S9"],
      ["SISMEMBER", key, "m"],
    ],
    z: [
      ["ZADD", key, "1", "m"],
      ["ZINCRBY", key, "1", "m"],
      ["GEOADD", key, "13", "38", "p"],
    ],
  };
  if (random.below(400) === 0)
    return pick([["FLUSHDB"], ["FLUSHALL"], ["SWAPDB", "0", "1"], ["SELECT", "1"], ["SELECT", "0"]]);
  return pick(random.below(2) === 0 ? any : own[kind]);
}

describe.skipIf(!redis.available)(redis.title("the keyspace that MONITOR's output describes"), () => {
  test(`is that of Redis (seed ${SEED})`, async () => {
    await using server = await startRedis();
    const client = await RespClient.connect({ port: server.port });
    const monitor = Bun.spawn(["redis-cli", "-p", String(server.port), "MONITOR"], { stdout: "pipe" });
    const lines = linesOf(monitor.stdout);
    expect((await lines.next()).value).toBe("OK");
    const random = new SeededRandom(SEED);
    const line = new MonitorLine();
    const keyspace = new MonitoredKeyspace(line, undefined);
    let told: string[] = [];
    const read = async (last: string): Promise<void> => {
      for (;;) {
        const { value = "" } = await lines.next();
        if (value.includes(last)) return;
        told.push(value);
        const bytes = Buffer.from(value);
        expect(line.read(bytes, 0, bytes.length)).toBeUndefined();
        applyCommand(keyspace);
        keyspace.records.count = 0;
      }
    };
    await client.ask("FLUSHALL");
    for (let block = 0; block < BLOCKS; block++) {
      await client.ask("SADD", "S9", "m");
      // Commands may fail, such as those that need an existing key; then they change nothing.
      for (let i = 0; i < BLOCK_COMMANDS; i++) await client.ask(...randomCommand(random));
      await client.ask("ECHO", `end of block ${block}`);
      await read(`end of block ${block}`);
      for (const database of [0, 1]) {
        await client.ask("SELECT", String(database));
        const keys = [...KINDS.flatMap(keysOf), "S9"];
        const times = await Promise.all(keys.map((key) => client.ask("PEXPIRETIME", key)));
        for (const [i, key] of keys.entries()) {
          const expected = Number(times[i]);
          const probe = Buffer.from(`${line.timeMs / 1000} [${database} x:1] "get" "${key}"`);
          expect(line.read(probe, 0, probe.length)).toBeUndefined();
          const { exists, expiryMs } = keyspace.known(1);
          const found = !exists ? -2 : expiryMs === NEVER ? -1 : expiryMs;
          if (found === expected || (expected > 0 && Math.abs(found - expected) < TOLERANCE_MS)) continue;
          const history = told.filter((text) => text.includes(`"${key}"`));
          expect({ database, key, found, history }).toEqual({ database, key, found: expected, history: [] });
        }
      }
      told = [];
    }
    monitor.kill();
    client.close();
  }, 60_000);
});

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let held = "";
  const decoder = new TextDecoder("latin1");
  for await (const chunk of stream) {
    const parts = (held + decoder.decode(chunk)).split("\n");
    held = parts.pop()!;
    yield* parts;
  }
}
