/**
 * Measures what large values do to other clients. One client moves a value of 1 MB or 64 MB back and forth; another
 * asks for a small key every millisecond. Reports its longest wait and the memory of the process, beside redis-server
 * under the same load. The measured process runs on one CPU; the clients and the origin behind a proxy run on the
 * other.
 *
 *   npm run bench:large                 the whole table
 *   npm run bench:large -- --only NAME  targets whose name contains NAME
 *   npm run bench:large -- --tls        the same with clients that speak TLS; printed alone
 *   npm run bench:large -- --write      also writes bench/RESULTS.md
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Authority } from "../test/support/certificates.ts";
import type { Move, MoverResult, MoverSettings, ProberResult, ProberSettings } from "./large-load.ts";
import { LARGE_KEY, SMALL_KEY } from "./large-load.ts";
import { peakResidentBytes, residentBytes, restartPeak } from "./process-usage.ts";
import { machine, versions, writeSection } from "./report.ts";
import {
  LOAD_CPU,
  proxyHitTarget,
  redisTarget,
  secureRedisTarget,
  serverTarget,
  type Target,
} from "./targets.ts";

const MEGABYTE = 1024 ** 2;
const LOAD = fileURLToPath(new URL("./large-load.ts", import.meta.url));

/** One way in which values are moved through a target. */
interface Phase {
  readonly name: string;
  readonly move: Move;
  readonly misses?: boolean;
}

const SERVER_PHASES: readonly Phase[] = [
  { name: "SET", move: "set" },
  { name: "GET", move: "get" },
];
const PROXY_PHASES: readonly Phase[] = [
  { name: "GET, miss", move: "get", misses: true },
  { name: "GET, hit", move: "get" },
  { name: "SET", move: "set" },
];

interface Row {
  readonly target: string;
  readonly phase: string;
  readonly valueBytes: number;
  readonly milliseconds: number;
  readonly p999: number;
  readonly max: number;
  readonly growth: number;
}

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    tls: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

if (flags.tls && flags.write)
  throw new Error("--tls prints its table: bench/RESULTS.md has the one without TLS");
using authority = flags.tls ? new Authority() : undefined;
const identity = authority?.issue("service");
const MEMORY = [
  ...["--memory", "256mb"],
  ...(identity === undefined ? [] : ["--tls-cert", identity.certificatePath, "--tls-key", identity.keyPath]),
];
const starters: [name: string, phases: readonly Phase[], start: () => Promise<Target>][] = [
  ["redis-server", SERVER_PHASES, identity === undefined ? redisTarget : () => secureRedisTarget(identity)],
  ["server, memory", SERVER_PHASES, () => serverTarget("memory", {}, MEMORY)],
  ["server, lmdb", SERVER_PHASES, () => serverTarget("lmdb", {}, MEMORY)],
  ["proxy", PROXY_PHASES, () => proxyHitTarget("resp", {}, MEMORY)],
];

const rows: Row[] = [];
for (const valueBytes of [MEGABYTE, 64 * MEGABYTE]) {
  const rounds: Row[][] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const measured: Row[] = [];
    for (const [name, phases, start] of starters) {
      if (flags.only !== undefined && !name.includes(flags.only)) continue;
      const target = await start();
      try {
        measured.push(...(await measure(name, target, phases, valueBytes)));
      } finally {
        await target.stop();
      }
    }
    rounds.push(measured);
  }
  rows.push(...rounds[0]!.map((_, index) => middle(rounds.map((measured) => measured[index]!))));
}
const report = format(rows);
process.stdout.write(report);
if (flags.write) writeSection("large values", report);

async function measure(
  name: string,
  target: Target,
  phases: readonly Phase[],
  valueBytes: number,
): Promise<Row[]> {
  // The origin behind a proxy speaks no TLS.
  const fillsSecurely = flags.tls && target.fillPort === target.port;
  await write(target.fillPort, fillsSecurely, SMALL_KEY, "x");
  await write(target.fillPort, fillsSecurely, LARGE_KEY, "");
  // Compiles code, and allocates the memory that the first small requests need.
  await probeWhile(target.port, () => Bun.sleep(500));
  const idleBytes = residentBytes(target.pid);
  const measured: Row[] = [];
  for (const { name: phase, move, misses } of phases) {
    const times = valueBytes === MEGABYTE ? 200 : 10;
    restartPeak(target.pid);
    const { result: moved, probe } = await probeWhile(target.port, () =>
      run<MoverResult>({
        ...{ role: "mover", port: target.port, isSecure: flags.tls, move, valueBytes, times },
        ...(misses ? { originPort: target.fillPort } : {}),
      }),
    );
    const growth = (peakResidentBytes(target.pid) - idleBytes) / valueBytes;
    const { p999, max } = probe;
    measured.push({ target: name, phase, valueBytes, milliseconds: moved.milliseconds, p999, max, growth });
  }
  return measured;
}

/** Asks for the small key every millisecond until `work` ends. */
async function probeWhile<T>(
  port: number,
  work: () => Promise<T>,
): Promise<{ result: T; probe: ProberResult }> {
  // The prober has priority over the mover on their CPU, so that it only waits for the server.
  const prober = spawn({ role: "prober", port, isSecure: flags.tls }, ["chrt", "-f", "10"]);
  const result = await work();
  prober.stdin.end();
  const probe = JSON.parse(await new Response(prober.stdout).text()) as ProberResult;
  if ((await prober.exited) !== 0) throw new Error("the prober failed");
  return { result, probe };
}

async function run<Result>(settings: MoverSettings): Promise<Result> {
  const child = spawn(settings, []);
  child.stdin.end();
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`moving a value through port ${settings.port} failed`);
  return JSON.parse(text) as Result;
}

function spawn(settings: MoverSettings | ProberSettings, prefix: readonly string[]) {
  return Bun.spawn([...prefix, "taskset", "-c", LOAD_CPU, process.execPath, LOAD, JSON.stringify(settings)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
}

async function write(port: number, isSecure: boolean, key: string, value: string): Promise<void> {
  const client = isSecure
    ? new Bun.RedisClient(`rediss://127.0.0.1:${port}`, { tls: { rejectUnauthorized: false } })
    : new Bun.RedisClient(`redis://127.0.0.1:${port}`);
  await client.set(key, value);
  client.close();
}

/** Returns the median of each figure; for the longest wait, the maximum. */
function middle(samples: readonly Row[]): Row {
  const median = (pick: (row: Row) => number): number =>
    samples.map(pick).sort((a, b) => a - b)[Math.floor(samples.length / 2)]!;
  return {
    ...samples[0]!,
    milliseconds: median((row) => row.milliseconds),
    p999: median((row) => row.p999),
    max: Math.max(...samples.map((row) => row.max)),
    growth: median((row) => row.growth),
  };
}

function format(measured: readonly Row[]): string {
  const lines = [
    `Taken on ${machine()}.`,
    "",
    `Versions: ${versions()}.`,
    "",
    "A value is moved again and again by one client; another GETs a key of one byte every millisecond. *Longest* is the " +
      `longest that one of these took in any of the rounds (${flags.rounds}), p99.9 the median of the rounds. *Memory* is how much more the ` +
      "process holds at the worst moment than when it was idle and empty, in sizes of the value: 1 is the value itself.",
    "",
    "| value | | | a move, ms | small GETs, p99.9 ms | longest ms | memory |",
    "| --: | --- | --- | --: | --: | --: | --: |",
  ];
  for (const { target, phase, valueBytes, milliseconds, p999, max, growth } of measured) {
    lines.push(
      `| ${valueBytes / MEGABYTE} MB | ${target} | ${phase} | ${milliseconds.toFixed(1)} | ${(p999 / 1000).toFixed(2)} | ` +
        `${(max / 1000).toFixed(2)} | ${growth.toFixed(1)}× |`,
    );
  }
  return `${lines.join("\n")}\n`;
}
