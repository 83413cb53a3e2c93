/**
 * Measures the simulator: requests a second on one thread, beside libCacheSim's `cachesim` if there is one; many
 * caches in one run against one run for each policy; the memory of a small cache. Both programs run in turn, again
 * and again, on the same files; figures are medians of processor time (user and system, of the whole process with
 * its start, reading and decompressing), so that what else the machine does disturbs as little as possible.
 *
 *   bin/bun bench/simulator.ts --trace FILE [--trace FILE…] [--cachesim PATH] [--rounds 5] [--only speed|many|memory]
 *
 * Traces are in the format oracleGeneral, which both read. A workload of 20 million requests over a million keys
 * (Zipf, alpha 1) is generated besides, into the directory that --scratch names (or that of temporary files).
 */

import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openWorkload } from "../src/sim/workload/workload.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const SAMPLE_EVERY_MS = 5;

/** Our name of a policy, that of cachesim, and how many times its speed ours is meant to have. */
const POLICIES = [
  ["fifo", "fifo", 1.5],
  ["lru", "lru", 1.5],
  ["sieve", "sieve", 1.5],
  ["s3-fifo", "s3fifo", 2],
  ["lfu", "lfu", 2],
  ["arc", "arc", 2],
  ["lirs", "lirs", 2],
  ["w-tinylfu", "wtinylfu", 2],
] as const;

const GENERATED = { name: "zipf", objects: 1_000_000, alpha: 1, requests: 20_000_000, entries: 100_000 };
/** Of the objects of any other trace. */
const SHARE = "10%";

const MANY_POLICIES = "fifo,lru,clock,sieve,s3-fifo,slru,2q,arc,lfu,w-tinylfu";
const MANY_SIZES = "0.1%,0.2%,0.3%,0.5%,0.7%,1%,1.5%,2%,3%,4%,5%,7%,10%,15%,20%,25%,30%,40%,50%,70%";

interface Usage {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly residentBytes: number;
  readonly output: string;
}

const { values: flags } = parseArgs({
  options: {
    trace: { type: "string", multiple: true, default: [] },
    cachesim: { type: "string" },
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const rounds = Number(flags.rounds);

const isWanted = (part: string): boolean => flags.only === undefined || flags.only === part;

if (isWanted("speed")) {
  for (const trace of flags.trace) {
    const { size } = JSON.parse((await ours(trace, "fifo", SHARE)).output) as { size: number };
    await compare(trace, size);
  }
  const generated = join(flags.scratch, "zipf-20m.oracleGeneral");
  if (!existsSync(generated)) await writeGenerated(generated);
  await compare(generated, GENERATED.entries);
}
for (const trace of flags.trace.slice(0, 1)) {
  if (isWanted("many")) await measureMany(trace);
  if (isWanted("memory")) await measureSmall(trace);
}

async function compare(trace: string, entries: number): Promise<void> {
  console.log(`\n### ${basename(trace)}, ${entries.toLocaleString("en")} entries, one thread\n`);
  console.log(
    "| policy | ours, s CPU | million requests/s | MB | cachesim, s CPU | million requests/s | MB | times | goal |",
  );
  console.log("| --- | --: | --: | --: | --: | --: | --: | --: | --: |");
  for (const [policy, theirName, goal] of POLICIES) {
    const own: Usage[] = [];
    const their: Usage[] = [];
    for (let round = 0; round < rounds; round++) {
      own.push(await ours(trace, policy, String(entries)));
      if (flags.cachesim === undefined) continue;
      const options = ["--ignore-obj-size", "1", "--num-thread", "1"];
      their.push(
        await runProgram([flags.cachesim, trace, "oracleGeneral", theirName, String(entries), ...options]),
      );
    }
    const { requests } = JSON.parse(own[0]!.output) as { requests: number };
    const a = medianUsage(own);
    const cells = [policy, ...figures(a, requests)];
    if (their.length > 0) {
      const b = medianUsage(their);
      cells.push(...figures(b, requests), (b.cpuSeconds / a.cpuSeconds).toFixed(2), String(goal));
    } else cells.push("", "", "", "", String(goal));
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** All policies and sizes in one run, and a run for each policy. */
async function measureMany(trace: string): Promise<void> {
  const count = MANY_SIZES.split(",").length;
  const policies = MANY_POLICIES.split(",");
  console.log(`\n### ${policies.length} policies × ${count} sizes on ${basename(trace)}\n`);
  console.log("| | s | s CPU | MB |");
  console.log("| --- | --: | --: | --: |");
  const show = (name: string, { seconds, cpuSeconds, residentBytes }: Usage): void =>
    console.log(
      `| ${name} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${megabytes(residentBytes)} |`,
    );
  const together = await ours(trace, MANY_POLICIES, MANY_SIZES, "auto");
  show("one run, all processors", together);
  show("one run, one thread", await ours(trace, MANY_POLICIES, MANY_SIZES));
  for (const threads of ["auto", "1"]) {
    const single: Usage[] = [];
    for (const policy of policies) single.push(await ours(trace, policy, MANY_SIZES, threads));
    show(`${policies.length} runs of one policy, ${threads === "1" ? "one thread" : "all processors"}`, {
      seconds: sum(single.map(({ seconds }) => seconds)),
      cpuSeconds: sum(single.map(({ cpuSeconds }) => cpuSeconds)),
      residentBytes: Math.max(...single.map(({ residentBytes }) => residentBytes)),
      output: "",
    });
  }
}

async function measureSmall(trace: string): Promise<void> {
  console.log(`\n### LRU of 100 entries on ${basename(trace)}: resident memory\n`);
  const own = medianUsage(await repeat(() => ours(trace, "lru", "100")));
  console.log(`ours ${megabytes(own.residentBytes)} MB`);
  if (flags.cachesim === undefined) return;
  const command = [
    flags.cachesim,
    trace,
    "oracleGeneral",
    "lru",
    "100",
    "--ignore-obj-size",
    "1",
    "--num-thread",
    "1",
  ];
  const their = medianUsage(await repeat(() => runProgram(command)));
  console.log(`cachesim ${megabytes(their.residentBytes)} MB`);
}

function ours(trace: string, policy: string, size: string, threads = "1"): Promise<Usage> {
  const options = ["--policy", policy, "--size", size, "--ignore-size", "--threads", threads, "--json"];
  return runProgram([process.execPath, MAIN, "simulate", trace, ...options]);
}

async function runProgram(command: string[]): Promise<Usage> {
  const begun = performance.now();
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
  let residentBytes = 0;
  // The system's own account of it includes the program that started it.
  const timer = setInterval(() => {
    residentBytes = Math.max(residentBytes, peakResidentBytes(child.pid));
  }, SAMPLE_EVERY_MS);
  const output = await new Response(child.stdout).text();
  const code = await child.exited;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
  const { cpuTime } = child.resourceUsage()!;
  return {
    cpuSeconds: Number(cpuTime.total) / 1e6,
    seconds: (performance.now() - begun) / 1000,
    residentBytes,
    output,
  };
}

/** The most it has had so far (Linux). */
function peakResidentBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}

async function writeGenerated(path: string): Promise<void> {
  const { name, objects, alpha, requests } = GENERATED;
  const parameters = new Map(Object.entries({ n: objects, alpha, requests }));
  const file = openSync(path, "w");
  let at = 0;
  await openWorkload({ name, parameters }).read((batch) => {
    // u32 time, u64 key, u32 size, i64 next access (−2: not known).
    const words = new Uint32Array(batch.count * 6);
    for (let i = 0; i < batch.count; i++, at++) {
      const record = [
        Math.floor(at / 10_000),
        batch.keyLow[i]!,
        batch.keyHigh[i]!,
        1,
        0xffff_fffe,
        0xffff_ffff,
      ];
      words.set(record, i * 6);
    }
    writeSync(file, new Uint8Array(words.buffer));
    return true;
  });
  closeSync(file);
}

async function repeat(measure: () => Promise<Usage>): Promise<Usage[]> {
  const all: Usage[] = [];
  for (let round = 0; round < rounds; round++) all.push(await measure());
  return all;
}

function medianUsage(all: readonly Usage[]): Usage {
  const median = (values: number[]): number => values.sort((one, other) => one - other)[values.length >> 1]!;
  return {
    cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
    seconds: median(all.map(({ seconds }) => seconds)),
    residentBytes: median(all.map(({ residentBytes }) => residentBytes)),
    output: all[0]!.output,
  };
}

function figures({ cpuSeconds, residentBytes }: Usage, requests: number): string[] {
  return [cpuSeconds.toFixed(2), (requests / cpuSeconds / 1e6).toFixed(1), megabytes(residentBytes)];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
