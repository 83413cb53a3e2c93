/**
 * Measures how right the live what-if is: plays traces through a real proxy at a fixed rate, records the requests, and
 * compares each of its figures with an exact simulation of the recording.
 *
 *   npm run bench:what-if -- --traces DIRECTORY     the traces in that directory, and Zipf loads
 *   npm run bench:what-if -- --quick                Zipf loads of 20 s
 *   npm run bench:what-if -- --loads 0,2            only these of the loads below, by number
 *   npm run bench:what-if -- --write                also writes bench/RESULTS.md
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WhatIfReport } from "../src/instruments/view.ts";
import { freePort, TemporaryDirectory } from "../test/support/program.ts";
import { median } from "./loading.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { glasscache, LOAD_CPU, redis, SERVER_CPU } from "./targets.ts";
import { playKeys, readKeys, writeKeys } from "./trace-player.ts";

/** The instruments run at a lower priority: they need processor time that nobody else wants. */
const BOTH_CPUS = `${SERVER_CPU},${LOAD_CPU}`;
const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));

const { seconds, write, own } = readRoundFlags({ rounds: 1, seconds: 60 }, { rounds: 1, seconds: 20 }, [
  "traces",
  "rate",
  "loads",
]);
const requestsPerSecond = Number(own.rate ?? 20_000);

interface Load {
  readonly name: string;
  readonly trace: string;
  /** Entries of the proxy's cache. */
  readonly entries: number;
}

const LOADS: readonly Load[] = [
  ...["web12.oracleGeneral.zst", "orm-busy.oracleGeneral.zst"].flatMap((file) => {
    const trace = join(own.traces ?? "", file);
    if (own.traces === undefined || !existsSync(trace)) return [];
    return [1000, 4000].map((entries) => ({ name: file.split(".")[0]!, trace, entries }));
  }),
  { name: "Zipf 0.9 of 200,000", trace: "zipf(n=200k,alpha=0.9,requests=2m)", entries: 10_000 },
  { name: "Zipf 0.7 of 1,000,000", trace: "zipf(n=1m,alpha=0.7,requests=2m)", entries: 100_000 },
];

/** One figure of the what-if beside the exact one. */
interface Figure {
  readonly policy: string;
  readonly size: number;
  readonly exact: number;
  readonly missRatio: number;
  readonly error: number;
}

interface Outcome {
  readonly load: Load;
  readonly requests: number;
  readonly samplingRatio: number;
  /** The share of reads for which the proxy asked the origin. */
  readonly counted: number;
  /** Events that were lost. */
  readonly lost: number;
  readonly figures: readonly Figure[];
}

const outcomes: Outcome[] = [];
for (const load of LOADS.filter(
  (_, at) => own.loads === undefined || own.loads.split(",").includes(String(at)),
)) {
  outcomes.push(await measure(load));
  process.stderr.write(`${load.name}, ${load.entries} entries: done\n`);
}
const report = format();
process.stdout.write(report);
if (write) writeSection("what-if", report);

async function measure(load: Load): Promise<Outcome> {
  using directory = new TemporaryDirectory();
  const recording = join(directory.path, "requests.rec");
  const keys = await readKeys(load.trace, requestsPerSecond * seconds);
  const origin = await redis(LOAD_CPU, []);
  const adminPort = await freePort();
  const proxy = await glasscache(BOTH_CPUS, [
    ...["proxy", "--threads", "1", "--origin", `127.0.0.1:${origin.port}`, "--memory", "256mb"],
    ...["--max-entries", String(load.entries), "--record", recording, "--admin", `127.0.0.1:${adminPort}`],
    // On a busy machine a late heartbeat would keep the proxy from its cache, of which the recording knows nothing.
    ...["--heartbeat-timeout", "60s"],
  ]);
  try {
    await writeKeys(origin.port, keys);
    // The proxy serves before its instruments see anything.
    await awaitInstruments(adminPort);
    await playKeys(proxy.port, keys, requestsPerSecond);
    // What has been sampled is simulated within a second.
    await Bun.sleep(2500);
    const told = (await (await fetch(`http://127.0.0.1:${adminPort}/api/what-if`)).json()) as WhatIfReport;
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    await proxy.program.kill();
    return {
      ...{
        load,
        requests: told.requests,
        samplingRatio: told.samplingRatio,
        counted: told.present.missRatio,
      },
      lost: sumOf(metrics, /^glasscache_events_dropped_total (\S+)$/gm),
      figures: compare(told, recording),
    };
  } finally {
    await proxy.program.kill();
    await origin.program.kill();
  }
}

async function awaitInstruments(adminPort: number): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${adminPort}/api/what-if`);
      return;
    } catch {
      await Bun.sleep(50);
    }
  }
}

/** Adds up the numbers that the expression's group matches. */
function sumOf(text: string, pattern: RegExp): number {
  return Array.from(text.matchAll(pattern), (match) => Number(match[1])).reduce((sum, one) => sum + one, 0);
}

function compare(told: WhatIfReport, recording: string): readonly Figure[] {
  const policies = told.curves.map(({ policy }) => policy);
  const sizes = told.curves[0]!.points.map(({ size }) => size);
  const child = Bun.spawnSync([
    ...[LAUNCHER, "simulate", recording, "--policy", policies.join(","), "--size", sizes.join(",")],
    ...["--ignore-size", "--writes", "drop", "--json"],
  ]);
  if (!child.success) throw new Error(child.stderr.toString());
  const exact = new Map<string, number>();
  for (const line of child.stdout.toString().trim().split("\n")) {
    const { policy, size, missRatio } = JSON.parse(line) as {
      policy: string;
      size: number;
      missRatio: number;
    };
    exact.set(`${policy} ${size}`, missRatio);
  }
  return told.curves.flatMap(({ policy, points }) =>
    points.map(({ size, missRatio, error }) => {
      const found = exact.get(`${policy} ${size}`);
      if (found === undefined) throw new Error(`no simulation of ${policy} at ${size}`);
      return { policy, size, exact: found, missRatio, error };
    }),
  );
}

function format(): string {
  const lines = [
    `Played through our proxy (one thread, s3-fifo) at ${requestsPerSecond.toLocaleString("en")} requests/s for up to ` +
      `${seconds} s, all settings of the instruments at their defaults. Each figure of the live what-if is compared ` +
      "with an exact simulation of the recorded requests: absolute differences of miss ratios. Covered: the share of " +
      "figures whose error estimate contains the exact one. Width: the median of the error estimates, in medians of the " +
      "differences. Counted: requests to the origin for each read. Lost: records of events.",
    "",
    "| load | entries | requests | sampled | mean | worst | mean from 10,000 entries | mean from 1,000 | worst from 1,000 | covered | width | present: counted, told | lost |",
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
  ];
  for (const { load, requests, samplingRatio, counted, lost, figures } of outcomes) {
    const own = figures.find(({ policy, size }) => policy === "s3-fifo" && size === load.entries);
    const head = [
      load.name,
      load.entries.toLocaleString("en"),
      requests.toLocaleString("en"),
      `${(samplingRatio * 100).toFixed(1)} %`,
    ];
    const present = `${counted.toFixed(4)}, ${own === undefined ? "–" : own.missRatio.toFixed(4)}`;
    lines.push(row([...head, ...summary(figures), present, lost.toLocaleString("en")]));
  }
  const all = outcomes.flatMap(({ figures }) => figures);
  lines.push(row([`all ${all.length} figures`, "", "", "", ...summary(all), "", ""]));
  return `${lines.join("\n")}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function summary(figures: readonly Figure[]): string[] {
  const fromThousand = figures.filter(({ size }) => size >= 1000);
  const covered = figures.filter((one) => differenceOf(one) <= one.error).length / figures.length;
  return [
    meanOf(figures),
    worstOf(figures),
    meanOf(figures.filter(({ size }) => size >= 10_000)),
    meanOf(fromThousand),
    worstOf(fromThousand),
    `${Math.round(100 * covered)} %`,
    (median(figures.map(({ error }) => error)) / median(figures.map(differenceOf))).toFixed(1),
  ];
}

function worstOf(figures: readonly Figure[]): string {
  return Math.max(...figures.map(differenceOf)).toFixed(4);
}

function differenceOf({ exact, missRatio }: Figure): number {
  return Math.abs(exact - missRatio);
}

function meanOf(figures: readonly Figure[]): string {
  if (figures.length === 0) return "–";
  return (figures.reduce((sum, one) => sum + differenceOf(one), 0) / figures.length).toFixed(4);
}
