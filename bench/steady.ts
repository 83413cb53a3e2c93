/**
 * Measures latency and stalls at half of the peak load. The peak is the highest rate that redis-server reaches here.
 * Each target gets half of it at fixed intervals, for a minute in total. All targets take turns, several times, so
 * that disturbances of the machine affect all alike. In our own processes, a probe measures how long the event loop
 * did not turn.
 *
 *   npm run bench:steady                 6 rounds of 10 s each
 *   npm run bench:steady -- --quick      3 rounds of 2 s each
 *   npm run bench:steady -- --write      also writes bench/RESULTS.md
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fill, HOT_KEYS, load, median, runLoad } from "./loading.ts";
import { Probing } from "./probe.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { LEAST_STALL_MS, type Stall } from "./stall-probe.ts";
import type { SteadyResult, SteadySettings } from "./steady-load.ts";
import {
  memcachedTarget,
  type Probe,
  proxyHitTarget,
  redisTarget,
  serverTarget,
  type Target,
} from "./targets.ts";

const STEADY_LOAD = fileURLToPath(new URL("./steady-load.ts", import.meta.url));
const CONNECTIONS = 50;
const WARM_SECONDS = 1;
const LONG_STALL_MS = 10;

const { rounds, seconds, write, own } = readRoundFlags(
  { rounds: 6, seconds: 10 },
  { rounds: 3, seconds: 2 },
  ["rate"],
);
const requestsPerSecond = own.rate === undefined ? await halfOfPeak() : Number(own.rate);

const starters: ((probe: Probe) => Promise<Target>)[] = [
  redisTarget,
  memcachedTarget,
  (probe) => proxyHitTarget("resp", probe),
  (probe) => serverTarget("memory", probe),
];

/** A target under steady load. */
interface Run {
  readonly target: Target;
  readonly probing: Probing;
  readonly results: SteadyResult[];
}

const runs: Run[] = [];
try {
  for (const start of starters) {
    const probing = new Probing("./stall-probe.ts");
    const run: Run = { target: await start(probing.environment), probing, results: [] };
    runs.push(run);
    await fill(run.target);
  }
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) run.results.push(await loadSteadily(run.target, round));
    process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
  }
  const report = formatTable(runs);
  process.stdout.write(report);
  if (write) writeSection("steady", report);
} finally {
  for (const { target, probing } of runs) {
    await target.stop();
    probing[Symbol.dispose]();
  }
}

async function halfOfPeak(): Promise<number> {
  const target = await redisTarget();
  try {
    await fill(target);
    const settings = {
      port: target.port,
      wire: target.wire,
      keys: HOT_KEYS,
      order: "random",
      seed: 1,
    } as const;
    const peak = {
      ...settings,
      operation: "get",
      connections: CONNECTIONS,
      pipeline: 1,
      seconds: 2,
    } as const;
    const result = await load(peak);
    return Math.round(result.requests / result.seconds / 2);
  } finally {
    await target.stop();
  }
}

async function loadSteadily({ name, port, wire }: Target, round: number): Promise<SteadyResult> {
  const settings: SteadySettings = {
    ...{ port, wire, keys: HOT_KEYS, connections: CONNECTIONS, requestsPerSecond },
    ...{ warmSeconds: WARM_SECONDS, seconds, seed: round + 1 },
  };
  const result = await runLoad<SteadyResult>(STEADY_LOAD, settings);
  if (result.wrongReplies > 0) throw new Error(`${name}: ${result.wrongReplies} wrong replies`);
  return result;
}

function formatTable(all: readonly Run[]): string {
  const lines = [
    `GETs of ${HOT_KEYS.toLocaleString("en")} warm keys over ${CONNECTIONS} connections at a fixed ` +
      `${requestsPerSecond.toLocaleString("en")} requests/s, half of redis-server's peak in the same run; ${rounds} ` +
      `rounds of ${seconds} s, all targets in turn. Latency counts from when a request was due; quantiles are medians ` +
      "of the rounds, the other figures the worst of all. A stall is how long the event loop of the process did not " +
      "turn, measured in it; in brackets, for how much of that time it had a processor at all. The load's own longest " +
      "pause is part of every figure measured from outside.",
    "",
    "| | p50 µs | p99 µs | p99.9 µs | max µs | longest stall ms | stalls over 10 ms | load's own pause ms |",
    "| --- | --: | --: | --: | --: | --: | --: | --: |",
  ];
  for (const run of all) lines.push(row(run));
  return `${lines.join("\n")}\n`;
}

function row({ target: { name }, probing, results }: Run): string {
  const middle = (pick: (result: SteadyResult) => number): number => median(results.map(pick));
  const worst = (pick: (result: SteadyResult) => number): number => Math.max(...results.map(pick));
  const cells = [
    name,
    ...[
      middle(({ p50 }) => p50),
      middle(({ p99 }) => p99),
      middle(({ p999 }) => p999),
      worst(({ max }) => max),
    ],
    // Only our own processes are probed.
    ...(name.startsWith("our") ? stallCells(stallsOf(probing.file, results)) : ["", ""]),
    worst(({ ownPauseMs }) => ownPauseMs).toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

function stallCells(stalls: readonly Stall[]): [longest: string, long: number] {
  const [longest] = stalls.toSorted((a, b) => b.ms - a.ms);
  if (longest === undefined) return [`under ${LEAST_STALL_MS}`, 0];
  const long = stalls.filter(({ ms }) => ms >= LONG_STALL_MS).length;
  return [`${longest.ms.toFixed(1)} (${longest.cpuMs.toFixed(1)})`, long];
}

/** Returns the probe's records during the recorded loads. */
function stallsOf(file: string, results: readonly SteadyResult[]): Stall[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const stalls = lines.map((line) => JSON.parse(line) as Stall);
  return stalls.filter(({ atMs }) => results.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs));
}
