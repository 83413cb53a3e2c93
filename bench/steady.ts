/**
 * Latency and stalls at half of the peak load: the highest rate redis-server reaches here is measured, then each
 * target gets half of it at fixed intervals, for a minute. In our own processes a probe measures from within how
 * long the event loop did not turn.
 *
 *   npm run bench:steady                 60 s each
 *   npm run bench:steady -- --quick      5 s each
 *   npm run bench:steady -- --write      also writes bench/RESULTS.md
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fill, HOT_KEYS, load, runLoad } from "./loading.ts";
import { Probing } from "./probe.ts";
import { writeSection } from "./report.ts";
import type { Stall } from "./stall-probe.ts";
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
const WARM_SECONDS = 2;
/** Stalls from here on are told one by one. */
const LONG_STALL_MS = 10;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    seconds: { type: "string" },
    rate: { type: "string" },
    only: { type: "string" },
  },
});
const seconds = Number(flags.seconds ?? (flags.quick ? 5 : 60));
const requestsPerSecond = flags.rate === undefined ? await halfOfPeak() : Number(flags.rate);

const starters: ((probe: Probe) => Promise<Target>)[] = [
  redisTarget,
  memcachedTarget,
  (probe) => proxyHitTarget("resp", probe),
  (probe) => serverTarget("memory", probe),
];

const lines = [
  `GETs of ${HOT_KEYS.toLocaleString("en")} warm keys over ${CONNECTIONS} connections for ${seconds} s at a fixed ` +
    `${requestsPerSecond.toLocaleString("en")} requests/s, half of redis-server's peak in the same run. Latency counts ` +
    "from when a request was due. A stall is how long the event loop of the process did not turn, measured in it; " +
    "behind it, how much of that time the process had a processor. The load's own longest pause is part of all that " +
    "is measured from outside.",
  "",
  "| | p50 µs | p99 µs | p99.9 µs | max µs | longest stall ms | stalls over 10 ms | load's own pause ms |",
  "| --- | --: | --: | --: | --: | --: | --: | --: |",
];
for (const start of starters) {
  using probing = new Probing("./stall-probe.ts");
  const target = await start(probing.environment);
  try {
    if (flags.only !== undefined && !target.name.includes(flags.only)) continue;
    lines.push(await measure(target, probing.file));
  } finally {
    await target.stop();
  }
}
const report = `${lines.join("\n")}\n`;
process.stdout.write(report);
if (flags.write) writeSection("steady", report);

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

async function measure(target: Target, stallFile: string): Promise<string> {
  await fill(target);
  const { name, port, wire } = target;
  const settings: SteadySettings = {
    ...{ port, wire, keys: HOT_KEYS, connections: CONNECTIONS, requestsPerSecond },
    ...{ warmSeconds: WARM_SECONDS, seconds, seed: 1 },
  };
  const result = await runLoad<SteadyResult>(STEADY_LOAD, settings);
  if (result.wrongReplies > 0) throw new Error(`${name}: ${result.wrongReplies} wrong replies`);
  const stalls = stallsOf(stallFile, result);
  for (const { ms, cpuMs } of stalls) {
    if (ms < LONG_STALL_MS) continue;
    process.stderr.write(
      `${name}: a stall of ${ms.toFixed(1)} ms, on a processor for ${cpuMs.toFixed(1)} ms\n`,
    );
  }
  const longest = stalls.toSorted((a, b) => b.ms - a.ms)[0];
  const isProbed = name.startsWith("our");
  const stall =
    longest === undefined
      ? isProbed
        ? "under 2"
        : ""
      : `${longest.ms.toFixed(1)} (${longest.cpuMs.toFixed(1)})`;
  const long = isProbed ? stalls.filter(({ ms }) => ms >= LONG_STALL_MS).length : "";
  const { p50, p99, p999, max, ownPauseMs } = result;
  return `| ${name} | ${p50} | ${p99} | ${p999} | ${max} | ${stall} | ${long} | ${ownPauseMs.toFixed(1)} |`;
}

/** What the probe wrote down while the load was recorded. */
function stallsOf(file: string, { fromMs, toMs }: SteadyResult): Stall[] {
  if (!existsSync(file)) return [];
  const stalls = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Stall);
  return stalls.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
}
