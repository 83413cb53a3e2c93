/**
 * Measures our proxy and server beside redis-server, memcached and nutcracker, in one run. Every case runs on every
 * target in turn, again and again, so that a machine whose speed drifts affects all alike. The figures are medians.
 * Servers run on one CPU, load (and origins behind proxies) on the other.
 *
 *   npm run bench                 the whole table
 *   npm run bench -- --quick      shorter runs, fewer rounds
 *   npm run bench -- --write      also writes bench/RESULTS.md
 *   npm run bench -- --only NAME  targets whose names contain this; "instruments": see instruments.ts
 */

import type { LoadResult, LoadSettings } from "./load.ts";
import { COLD_KEYS, fill, HOT_KEYS, load, median, rewarm } from "./loading.ts";
import { cpuMicros, residentBytes } from "./process-usage.ts";
import { formatReport, type Measurement, writeReport } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import {
  floorTarget,
  memcachedTarget,
  nutcrackerTarget,
  proxyHitTarget,
  proxyMissTarget,
  proxyThreadsTarget,
  redisDurableTarget,
  redisTarget,
  serverTarget,
  type Target,
} from "./targets.ts";
import type { Operation } from "./wire.ts";

interface Case {
  readonly operation: Operation;
  readonly pipeline: number;
  readonly connections: number;
  readonly zipf?: boolean;
}

const CASES: readonly Case[] = [
  { operation: "get", pipeline: 1, connections: 50 },
  { operation: "get", pipeline: 16, connections: 50 },
  { operation: "get", pipeline: 1, connections: 1000 },
  { operation: "get", pipeline: 16, connections: 1000 },
  { operation: "set", pipeline: 1, connections: 50 },
  { operation: "set", pipeline: 16, connections: 50 },
  { operation: "set", pipeline: 1, connections: 1000 },
  { operation: "set", pipeline: 16, connections: 1000 },
  { operation: "get", pipeline: 1, connections: 50, zipf: true },
  { operation: "get", pipeline: 16, connections: 50, zipf: true },
];

const { rounds, seconds, write, own } = readRoundFlags(
  { rounds: 5, seconds: 2 },
  { rounds: 3, seconds: 0.7 },
  ["only"],
);

if (own.only === "instruments") {
  await import("./instruments.ts");
  process.exit(0);
}

const starters: (() => Promise<Target>)[] = [
  redisTarget,
  memcachedTarget,
  () => proxyHitTarget("resp"),
  () => proxyHitTarget("text"),
  floorTarget,
  () => serverTarget("memory"),
  proxyMissTarget,
  nutcrackerTarget,
  () => proxyThreadsTarget(1),
  () => proxyThreadsTarget(2),
  () => serverTarget("lmdb"),
  redisDurableTarget,
];

const targets: Target[] = [];
const samples = new Map<string, { load: LoadResult; cpu: number; resident: number }[]>();
try {
  for (const start of starters) {
    const target = await start();
    if (own.only !== undefined && !target.name.includes(own.only)) await target.stop();
    else targets.push(target);
  }
  for (const target of targets) await fill(target);
  for (let round = 0; round < rounds; round++) {
    for (const case_ of CASES) {
      for (const target of targets) {
        if (!applies(target, case_)) continue;
        const sample = await measure(target, case_, round);
        const key = JSON.stringify([target.name, case_]);
        const all = samples.get(key) ?? [];
        all.push(sample);
        samples.set(key, all);
      }
    }
    process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
  }
} finally {
  for (const target of targets) await target.stop();
}

const measurements: Measurement[] = [];
for (const [key, all] of samples) {
  const [target, { operation, pipeline, connections, zipf = false }] = JSON.parse(key) as [string, Case];
  const middle = (pick: (sample: (typeof all)[number]) => number): number => median(all.map(pick));
  measurements.push({
    target,
    operation,
    pipeline,
    connections,
    zipf,
    requestsPerSecond: middle(({ load }) => load.requests / load.seconds),
    cpuMicros: middle(({ cpu }) => cpu),
    p50: middle(({ load }) => load.p50),
    p99: middle(({ load }) => load.p99),
    p999: middle(({ load }) => load.p999),
    residentBytes: middle(({ resident }) => resident),
  });
}
const report = formatReport(measurements, { rounds, seconds });
process.stdout.write(report);
if (write) writeReport(report);

function applies(target: Target, { operation, connections, pipeline, zipf = false }: Case): boolean {
  if (target.zipf !== zipf) return false;
  if (target.name.includes("floor")) return operation === "get";
  // With `always`, a thousand connections mostly wait for the disk, which says little about the server.
  if (target.name.includes("always") && (operation === "get" || connections > 50)) return false;
  if (target.wire === "text" && (pipeline === 1 || connections > 50)) return false;
  return operation === "get" || target.writes;
}

async function measure(target: Target, case_: Case, round: number) {
  const settings: LoadSettings = {
    ...case_,
    port: target.port,
    wire: target.wire,
    keys: target.missesOnly ? COLD_KEYS : HOT_KEYS,
    order: target.missesOnly ? "sequential" : target.zipf ? "zipf" : "random",
    seconds,
    seed: round + 1,
  };
  // A write removes entries from the proxy, but reads are measured warm.
  if (target.fillPort !== target.port && !target.missesOnly && case_.operation === "get")
    await rewarm(target);
  // A short run first makes connections and compiles code.
  await load({ ...settings, seconds: Math.min(0.3, seconds / 2) });
  const before = cpuMicros(target.pid);
  const result = await load(settings);
  const cpu = (cpuMicros(target.pid) - before) / result.requests;
  if (result.wrongReplies > 0) throw new Error(`${target.name}: ${result.wrongReplies} wrong replies`);
  return { load: result, cpu, resident: residentBytes(target.pid) };
}
