/**
 * Measures what a warm restart is worth: the miss ratio in each second after a restart, with the keys of before and
 * without. Clients ask at a fixed rate, by Zipf's law; the cache holds a quarter of the keys.
 *
 *   npm run bench:warm               about a minute
 *   npm run bench:warm -- --write    also writes bench/RESULTS.md
 */
import { join } from "node:path";
import { SeededRandom } from "../src/lib/random.ts";
import { type RunningServer, startGlasscache, startRedis } from "../test/support/origins.ts";
import { TemporaryDirectory } from "../test/support/program.ts";
import { RespClient } from "../test/support/resp-client.ts";
import { infoField } from "../test/support/threads.ts";
import { writeSection } from "./report.ts";

const KEYS = 80_000;
const ENTRIES = 20_000;
const VALUE = "x".repeat(100);
const REQUESTS_PER_SECOND = 2000;
const SECONDS = 10;
/** Requests before the restart: each entry has had its chance. */
const BEFORE = 200_000;
const BATCH = 50;

const name = (key: number): string => `object:${key}`;

/** Draws keys by a power law, the same ones in each run. */
function* draws(seed: number): Generator<string, never> {
  const random = new SeededRandom(seed);
  for (;;) yield name(Math.floor(KEYS ** random.next()));
}

async function ask(client: RespClient, keys: Iterator<string>, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => client.must("GET", keys.next().value as string)));
}

interface Counts {
  readonly hits: number;
  readonly misses: number;
  readonly restored: number;
}

async function counts(client: RespClient): Promise<Counts> {
  const info = await client.must("INFO", "cache");
  const of = (field: string): number => Number(infoField(info, field));
  return { hits: of("cache_hits"), misses: of("cache_misses"), restored: of("warm_keys_restored") };
}

interface Second {
  readonly missRatio: number;
  readonly restored: number;
}

/** Asks at a fixed rate. @param seed of the keys drawn @returns what happened in each second */
async function observe(port: number, seed: number): Promise<Second[]> {
  using client = await RespClient.connect({ port });
  const keys = draws(seed);
  const seconds: Second[] = [];
  const startMs = performance.now();
  let asked = 0;
  let last = await counts(client);
  for (let second = 1; second <= SECONDS; second++) {
    while (performance.now() < startMs + second * 1000) {
      const due = ((performance.now() - startMs) / 1000) * REQUESTS_PER_SECOND - asked;
      if (due >= BATCH) {
        await ask(client, keys, BATCH);
        asked += BATCH;
      } else await Bun.sleep(1);
    }
    const now = await counts(client);
    const misses = now.misses - last.misses;
    seconds.push({ missRatio: misses / Math.max(1, misses + now.hits - last.hits), restored: now.restored });
    last = now;
  }
  return seconds;
}

function startProxy(origin: RunningServer, more: readonly string[]): Promise<RunningServer> {
  const args = ["--origin", `127.0.0.1:${origin.port}`, "--threads", "1", "--max-entries", String(ENTRIES)];
  return startGlasscache(["proxy", ...args, ...more]);
}

using directory = new TemporaryDirectory();
const warm = ["--warm", join(directory.path, "warm")];
await using origin = await startRedis();
{
  using client = await RespClient.connect({ port: origin.port });
  for (let key = 0; key < KEYS; key += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => client.must("SET", name(key + i), VALUE)));
  }
}
let whole: Second[];
{
  await using proxy = await startProxy(origin, warm);
  using client = await RespClient.connect({ port: proxy.port });
  const keys = draws(1);
  for (let asked = 0; asked < BEFORE; asked += 500) await ask(client, keys, 500);
  whole = await observe(proxy.port, 2);
  const startMs = performance.now();
  await proxy.program.end();
  console.log(`ended in ${Math.round(performance.now() - startMs)} ms, with the file written`);
}
const runs: [string, Second[]][] = [["no restart", whole]];
for (const [title, args] of [
  ["warm, 5,000 keys a second at most", warm],
  ["warm, as fast as the origin answers", [...warm, "--warm-rate", "0"]],
  ["cold", []],
] as const) {
  await using proxy = await startProxy(origin, args);
  runs.push([title, await observe(proxy.port, 3)]);
  await proxy.kill();
}

const shown = [1, 2, 3, 4, 5, 6, 8, 10];
const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
const rows = runs.map(([title, seconds]) => {
  const restored = seconds.at(-1)!.restored;
  return `| ${title} | ${shown.map((second) => percent(seconds[second - 1]!.missRatio)).join(" | ")} | ${restored === 0 ? "–" : restored.toLocaleString("en")} |`;
});
const report = [
  `Misses of the reads in the n-th second after the restart: ${REQUESTS_PER_SECOND.toLocaleString("en")} reads a second by a power law over ${KEYS.toLocaleString("en")} keys, a cache of ${ENTRIES.toLocaleString("en")} entries (s3-fifo, one thread), Redis as the origin on the same machine.`,
  "",
  `| | ${shown.map((second) => `${second} s`).join(" | ")} | read again |`,
  `| --- | ${shown.map(() => "--:").join(" | ")} | --: |`,
  ...rows,
].join("\n");
console.log(report);
if (process.argv.includes("--write")) writeSection("warm", report);
