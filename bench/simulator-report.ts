import { machine } from "./report.ts";

/** One run of one program, or the sum of several. */
export interface SimulatorRun {
  readonly part: "speed" | "many" | "memory" | "long";
  readonly program: "glasscache" | "cachesim";
  readonly trace: string;
  /** The simulated cache. */
  readonly policy: string;
  readonly entries: number;
  readonly requests: number;
  readonly misses?: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Time of only our replay. */
  readonly loopSeconds?: number;
}

/** Goals for our requests a second, as a multiple of cachesim's. */
const GOALS: Readonly<Record<string, number>> = {
  fifo: 1.5,
  lru: 1.5,
  sieve: 1.5,
  "s3-fifo": 2,
  lfu: 2,
  arc: 2,
  lirs: 2,
  "w-tinylfu": 2,
};

/** Formats tables of medians: the speed of one thread on each trace. */
export function formatSpeedReport(runs: readonly SimulatorRun[]): string {
  const speed = runs.filter(({ part }) => part === "speed");
  return reportOf(
    distinct(speed.map((run) => run.trace)).flatMap((trace) =>
      formatSpeed(speed.filter((run) => run.trace === trace)),
    ),
  );
}

/** Formats all other results: many caches at once, and memory. */
export function formatExtentReport(runs: readonly SimulatorRun[]): string {
  const lines: string[] = [];
  const many = runs.filter(({ part }) => part === "many");
  if (many.length > 0) lines.push(...formatMany(many));
  const memory = runs.filter(({ part }) => part === "memory");
  if (memory.length > 0) lines.push(...formatMemory(memory));
  const long = runs.filter(({ part }) => part === "long");
  if (long.length > 0) lines.push(...formatLong(long));
  return reportOf(lines);
}

/** Empty when nothing was measured. */
function reportOf(lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `${[`Taken on ${machine()}; Bun ${Bun.version}.`, ...lines].join("\n")}\n`;
}

function formatSpeed(runs: readonly SimulatorRun[]): string[] {
  const [{ trace, entries, requests } = fail()] = runs;
  const lines = [
    "",
    `### One thread: ${trace}, ${requests.toLocaleString("en")} requests, ${entries.toLocaleString("en")} entries`,
    "",
    "Million requests a second of the whole command; `replay` is the policy's loop alone.",
    "",
    "| policy | ours | cachesim | ratio | goal | ours CPU s | cachesim CPU s | replay | rounds |",
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
  ];
  for (const policy of distinct(runs.map((run) => run.policy))) {
    const own = runs.filter((run) => run.policy === policy && run.program === "glasscache");
    const other = runs.filter((run) => run.policy === policy && run.program === "cachesim");
    const [a, b] = [median(own, "seconds"), median(other, "seconds")];
    const cells = [
      policy,
      millions(requests, a),
      millions(requests, b),
      (b / a).toFixed(2),
      String(GOALS[policy] ?? ""),
      median(own, "cpuSeconds").toFixed(2),
      median(other, "cpuSeconds").toFixed(2),
      millions(requests, median(own, "loopSeconds")),
      String(own.length),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines;
}

function formatMany(runs: readonly SimulatorRun[]): string[] {
  const lines = [
    "",
    `### 10 policies × 20 sizes: ${runs[0]!.trace}`,
    "",
    "| | wall s | CPU s | most resident MB |",
    "| --- | --: | --: | --: |",
  ];
  for (const name of distinct(runs.map(({ program, policy }) => `${program}, ${policy}`))) {
    const own = runs.filter(({ program, policy }) => `${program}, ${policy}` === name);
    const residentBytes = Math.max(...own.map((run) => run.residentBytes));
    const cells = [name, total(own, "seconds"), total(own, "cpuSeconds"), megabytes(residentBytes)];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines;
}

function formatMemory(runs: readonly SimulatorRun[]): string[] {
  const lines = [
    "",
    `### LRU of 100 entries: ${runs[0]!.trace}`,
    "",
    "| | most resident MB | wall s |",
    "| --- | --: | --: |",
  ];
  for (const program of distinct(runs.map((run) => run.program))) {
    const own = runs.filter((run) => run.program === program);
    const cells = [program, megabytes(median(own, "residentBytes")), median(own, "seconds").toFixed(2)];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines;
}

function formatLong(runs: readonly SimulatorRun[]): string[] {
  const lines = [
    "",
    "### Longer and longer traces through standard input, LRU of 100 entries",
    "",
    "| workload | trace MB | most resident MB |",
    "| --- | --: | --: |",
  ];
  for (const { trace, requests, residentBytes } of runs) {
    lines.push(`| ${trace} | ${megabytes(24 * requests)} | ${megabytes(residentBytes)} |`);
  }
  return lines;
}

type Figure = "seconds" | "cpuSeconds" | "residentBytes" | "loopSeconds";

function median(runs: readonly SimulatorRun[], figure: Figure): number {
  const values = runs.map((run) => run[figure] ?? Number.NaN).sort((one, other) => one - other);
  return values[values.length >> 1] ?? Number.NaN;
}

/** Adds up runs that took place one after the other. */
function total(runs: readonly SimulatorRun[], figure: "seconds" | "cpuSeconds"): string {
  return runs.reduce((sum, run) => sum + run[figure], 0).toFixed(1);
}

function millions(requests: number, seconds: number): string {
  return (requests / seconds / 1e6).toFixed(1);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function fail(): never {
  throw new Error("there is nothing to report");
}
