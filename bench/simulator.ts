/**
 * Measures the simulator beside libCacheSim's `cachesim`: requests a second on one thread, many caches in one run,
 * the memory of a small cache and of a trace larger than memory. Both programs run in turn on the same files. Whole
 * commands are measured, with start, reading and decoding; programs with one thread are bound to one CPU.
 *
 *   npm run bench:simulator -- --trace FILE --cachesim PATH [--rounds 5] [--only trace|zipf|many|memory|long]
 *       [--policy lru,arc] [--save FILE] [--write]
 *
 * The trace is in the format oracleGeneral, which both read; uncompressed is fastest for cachesim, which maps it into
 * memory. A workload of 20 million requests over a million keys (Zipf, alpha 1) is generated as well, into the
 * directory named by --scratch (by default that of temporary files). --save adds the measurements to a file and
 * reports all that are in it, so that a long measurement can be taken in pieces. --write puts the report into
 * bench/SIMULATOR.md, which has a section for speed and one for the rest; a section that was not measured stays as it
 * is.
 */

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSection } from "./report.ts";
import { formatExtentReport, formatSpeedReport, type SimulatorRun } from "./simulator-report.ts";

const GLASSCACHE = fileURLToPath(new URL("../bin/glasscache", import.meta.url));
const SIMULATOR_RESULTS = fileURLToPath(new URL("./SIMULATOR.md", import.meta.url));
const SAMPLE_EVERY_MS = 10;
/** Programs with one thread run on this CPU; the measuring process runs on another. */
const PINNED = ["taskset", "-c", "1"];

/**
 * The policies with goals, then the others that both have (cachesim's LFU-DA does not end, and its CAR does not
 * start).
 */
const SPEED_POLICIES = "fifo,lru,sieve,s3-fifo,lfu,arc,lirs,w-tinylfu,random,clock,slru,2q,gdsf,hyperbolic";
const CACHESIM_NAMES: Readonly<Record<string, string>> = {
  "s3-fifo": "s3fifo",
  "w-tinylfu": "wtinylfu",
  "2q": "twoq",
};
const ZIPF = { name: "zipf-20m.oracleGeneral", workload: "zipf(n=1m,requests=20m)", entries: 100_000 };
/** Share of the objects, for any other trace. */
const SHARE = "10%";

const MANY_POLICIES = "fifo,lru,clock,sieve,s3-fifo,slru,2q,arc,lfu,w-tinylfu";
const MANY_PERCENT = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40, 50, 70];

const { values: flags } = parseArgs({
  options: {
    trace: { type: "string" },
    cachesim: { type: "string" },
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    policy: { type: "string", default: SPEED_POLICIES },
    scratch: { type: "string", default: tmpdir() },
    save: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);
const trace = flags.trace === undefined ? undefined : resolve(flags.trace);
const runs: SimulatorRun[] = [];
// cachesim writes its files into its working directory.
const directory = mkdtempSync(join(tmpdir(), "glasscache-bench-"));

try {
  if (trace !== undefined && isWanted("trace")) await measureSpeed(trace, await entriesOf(trace));
  if (isWanted("zipf")) {
    const zipf = resolve(flags.scratch, ZIPF.name);
    if (!existsSync(zipf)) await run(["simulate", ZIPF.workload, "--write", zipf]);
    await measureSpeed(zipf, ZIPF.entries);
  }
  if (trace !== undefined && isWanted("many")) await measureMany(trace);
  if (trace !== undefined && isWanted("memory")) await measureSmall(trace);
  if (isWanted("long")) await measureLong();
} finally {
  rmSync(directory, { recursive: true });
}
const all = flags.save === undefined ? runs : readSaved(flags.save);
for (const [section, report] of [
  ["speed", formatSpeedReport(all)],
  ["extent", formatExtentReport(all)],
] as const) {
  if (report === "") continue;
  if (flags.write) writeSection(section, report, SIMULATOR_RESULTS);
  else console.log(report);
}

function isWanted(part: string): boolean {
  return flags.only === undefined || flags.only === part;
}

async function measureSpeed(trace: string, entries: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const policy of flags.policy.split(",")) {
      const what = { part: "speed", trace: basename(trace), entries, policy } as const;
      const own = await run([...simulate(trace, policy, String(entries)), "--threads", "1"], PINNED);
      const { requests, misses, seconds } = JSON.parse(own.output);
      note({ ...what, ...own, program: "glasscache", requests, misses, loopSeconds: seconds });
      const other = await cachesim(trace, policy, String(entries), 1);
      if (other !== undefined) note({ ...what, ...other, program: "cachesim", requests });
    }
  }
}

/** Measures all policies and sizes in one run, and one run for each policy. */
async function measureMany(trace: string): Promise<void> {
  const policies = MANY_POLICIES.split(",");
  const sizes = MANY_PERCENT.map((percent) => `${percent}%`).join(",");
  const shares = MANY_PERCENT.map((percent) => (percent / 100).toFixed(4)).join(",");
  const what = { part: "many", trace: basename(trace), entries: 0, requests: 0 } as const;
  const together = await run(simulate(trace, MANY_POLICIES, sizes));
  note({ ...what, ...together, program: "glasscache", policy: "one run" });
  for (const policy of policies) {
    const single = await run(simulate(trace, policy, sizes));
    note({ ...what, ...single, program: "glasscache", policy: "a run for each policy" });
  }
  for (const policy of policies) {
    const other = await cachesim(trace, policy, shares, availableParallelism());
    if (other !== undefined)
      note({ ...what, ...other, program: "cachesim", policy: "a run for each policy" });
  }
}

async function measureSmall(trace: string): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const what = {
      part: "memory",
      trace: basename(trace),
      entries: 100,
      policy: "lru",
      requests: 0,
    } as const;
    note({ ...what, ...(await run(simulate(trace, "lru", "100"))), program: "glasscache" });
    const other = await cachesim(trace, "lru", "100", 1);
    if (other !== undefined) note({ ...what, ...other, program: "cachesim" });
  }
}

/** Measures traces through standard input, each ten times longer: 24 bytes a request. */
async function measureLong(): Promise<void> {
  for (const millions of [1, 10, 100]) {
    const workload = `zipf(n=100k,requests=${millions}m)`;
    const writer = [GLASSCACHE, "simulate", workload, "--write", "-", "--write-format", "oracleGeneral"];
    const source = Bun.spawn(writer, { stdout: "pipe", stderr: "ignore" });
    const usage = await run(simulate("-", "lru", "100"), [], source.stdout);
    const requests = millions * 1e6;
    note({
      part: "long",
      trace: workload,
      entries: 100,
      policy: "lru",
      requests,
      ...usage,
      program: "glasscache",
    });
  }
}

/** Returns the number of entries that is the share of the trace's objects. */
async function entriesOf(trace: string): Promise<number> {
  return JSON.parse((await run(simulate(trace, "fifo", SHARE))).output).size;
}

function simulate(trace: string, policy: string, size: string): string[] {
  return ["simulate", trace, "--policy", policy, "--size", size, "--ignore-size", "--json"];
}

interface Usage {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly output: string;
}

function run(args: string[], before: string[] = [], stdin?: ReadableStream): Promise<Usage> {
  return runProgram([...before, GLASSCACHE, ...args], stdin);
}

async function cachesim(
  trace: string,
  policy: string,
  size: string,
  threads: number,
): Promise<Usage | undefined> {
  if (flags.cachesim === undefined) return undefined;
  const before = threads === 1 ? PINNED : [];
  const name = CACHESIM_NAMES[policy] ?? policy;
  const options = ["--ignore-obj-size", "1", "--num-thread", String(threads)];
  return runProgram([...before, resolve(flags.cachesim), trace, "oracleGeneral", name, size, ...options]);
}

async function runProgram(command: string[], stdin?: ReadableStream): Promise<Usage> {
  const begun = performance.now();
  const child = Bun.spawn(command, {
    cwd: directory,
    stdin: stdin ?? "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  let residentBytes = 0;
  // The system's own figure includes the program that started the process.
  const timer = setInterval(() => {
    residentBytes = Math.max(residentBytes, peakResidentBytes(child.pid));
  }, SAMPLE_EVERY_MS);
  const output = await new Response(child.stdout).text();
  const code = await child.exited;
  const seconds = (performance.now() - begun) / 1000;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
  return { seconds, cpuSeconds: Number(child.resourceUsage()!.cpuTime.total) / 1e6, residentBytes, output };
}

/** Returns its peak of resident memory so far, in bytes (Linux). */
function peakResidentBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}

function note({ output: _, ...one }: SimulatorRun & { output?: string }): void {
  runs.push(one);
  if (flags.save !== undefined) appendFileSync(flags.save, `${JSON.stringify(one)}\n`);
}

function readSaved(path: string): SimulatorRun[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as SimulatorRun);
}
