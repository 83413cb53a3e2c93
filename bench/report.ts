import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Operation } from "./wire.ts";

/** Medians of one case on one target. Times in microseconds. */
export interface Measurement {
  readonly target: string;
  readonly operation: Operation;
  readonly pipeline: number;
  readonly connections: number;
  /** Whether keys differ in popularity. */
  readonly zipf: boolean;
  readonly requestsPerSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly residentBytes: number;
}

const RESULTS = fileURLToPath(new URL("./RESULTS.md", import.meta.url));

/** The programs that are compared by processor time a request, and the ratio to reach. */
interface Comparison {
  readonly ours: string;
  readonly peer: string;
  readonly operation: Operation;
  readonly pipeline: number;
  readonly connections: number;
  readonly aim: number;
}

const [HITS, REDIS, SERVER] = ["our proxy, hits", "redis-server", "our server, memory"];
const MISSES = { ours: "our proxy, every GET a miss", peer: "nutcracker (twemproxy)" };
const DURABLE = { ours: "our server, lmdb, sync always", peer: "redis-server, appendfsync always" };
const THREADS = { ours: "our proxy, two threads", peer: "our proxy, one thread" };
const FLOOR = { ours: HITS, peer: "the runtime's floor" };

const COMPARISONS: readonly Comparison[] = [
  { ours: HITS, peer: REDIS, operation: "get", pipeline: 1, connections: 50, aim: 1.05 },
  { ours: HITS, peer: REDIS, operation: "get", pipeline: 16, connections: 50, aim: 0.8 },
  { ours: HITS, peer: REDIS, operation: "get", pipeline: 1, connections: 1000, aim: 0.9 },
  { ours: HITS, peer: REDIS, operation: "get", pipeline: 16, connections: 1000, aim: 0.9 },
  { ours: `${HITS}, text protocol`, peer: REDIS, operation: "get", pipeline: 16, connections: 50, aim: 1 },
  { ours: SERVER, peer: REDIS, operation: "get", pipeline: 1, connections: 50, aim: 1.1 },
  { ours: SERVER, peer: REDIS, operation: "get", pipeline: 16, connections: 50, aim: 0.8 },
  { ours: SERVER, peer: REDIS, operation: "set", pipeline: 1, connections: 50, aim: 1.1 },
  { ours: SERVER, peer: REDIS, operation: "set", pipeline: 16, connections: 50, aim: 0.75 },
  { ...DURABLE, operation: "set", pipeline: 1, connections: 50, aim: 1.5 },
  { ...DURABLE, operation: "set", pipeline: 16, connections: 50, aim: 1.5 },
  { ...MISSES, operation: "get", pipeline: 1, connections: 50, aim: 1 },
  { ...MISSES, operation: "get", pipeline: 16, connections: 50, aim: 1 },
  { ...THREADS, operation: "get", pipeline: 1, connections: 50, aim: 1.15 },
  { ...THREADS, operation: "get", pipeline: 16, connections: 50, aim: 1.15 },
  { ...FLOOR, operation: "get", pipeline: 1, connections: 50, aim: 1.15 },
  { ...FLOOR, operation: "get", pipeline: 16, connections: 50, aim: 1.15 },
];

export function formatReport(
  measurements: readonly Measurement[],
  run: { readonly rounds: number; readonly seconds: number },
): string {
  const lines = [`Taken on ${machine()}.`, "", `Versions: ${versions()}.`, ""];
  lines.push(
    `Each figure is the median of ${run.rounds} rounds of ${run.seconds} s; keys of 20 bytes, values of 100, 10,000 keys ` +
      "(100,000 in turn where every GET is to miss). CPU is user and system time of the measured process a request, all " +
      "its threads. Latency is that of a whole pipelined batch, in a closed loop at full load.",
    "",
    "### Processor time a request, side by side",
    "",
    "| ours | peer | case | ours µs | peer µs | ratio | aimed for |",
    "| --- | --- | --- | --: | --: | --: | --: |",
  );
  for (const { ours, peer, operation, pipeline, connections, aim } of COMPARISONS) {
    const find = (target: string): Measurement | undefined =>
      measurements.find(
        (m) =>
          m.target === target &&
          m.operation === operation &&
          m.pipeline === pipeline &&
          m.connections === connections,
      );
    const [a, b] = [find(ours), find(peer)];
    if (a === undefined || b === undefined) continue;
    const name = `${operation.toUpperCase()}, ${connections} connections, pipeline ${pipeline}`;
    const ratio = a.cpuMicros / b.cpuMicros;
    lines.push(
      `| ${ours} | ${peer} | ${name} | ${us(a.cpuMicros)} | ${us(b.cpuMicros)} | ${ratio.toFixed(2)} | ${aim.toFixed(2)} |`,
    );
  }
  const cases = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const { operation, pipeline, connections, zipf } = measurement;
    const keys = zipf ? ", keys after Zipf" : "";
    const name = `${operation.toUpperCase()}, ${connections} connections, pipeline ${pipeline}${keys}`;
    cases.set(name, [...(cases.get(name) ?? []), measurement]);
  }
  for (const [name, all] of cases) {
    lines.push(
      "",
      `### ${name}`,
      "",
      "| | requests/s | CPU µs | p50 µs | p99 µs | p99.9 µs | resident MB |",
      "| --- | --: | --: | --: | --: | --: | --: |",
    );
    for (const m of all) {
      const perSecond = Math.round(m.requestsPerSecond).toLocaleString("en");
      const resident = (m.residentBytes / 1024 ** 2).toFixed(0);
      lines.push(
        `| ${m.target} | ${perSecond} | ${us(m.cpuMicros)} | ${m.p50} | ${m.p99} | ${m.p999} | ${resident} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Replaces the report between its marks in RESULTS.md. Text around it stays. */
export function writeReport(report: string): void {
  writeSection("measured", report);
}

/** Does the same for one of several reports. @param name as in its marks: `<!-- name: begin -->` */
export function writeSection(name: string, report: string, page: string = RESULTS): void {
  const text = readFileSync(page, "utf8");
  const [beginMark, endMark] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const begin = text.indexOf(beginMark);
  const end = text.indexOf(endMark);
  if (begin < 0 || end < begin) throw new Error(`${page} has lost its marks ${beginMark} and ${endMark}`);
  writeFileSync(page, `${text.slice(0, begin + beginMark.length)}\n\n${report}\n${text.slice(end)}`);
}

function us(value: number): string {
  return value.toFixed(2);
}

/** Describes date and hardware, for people. */
export function machine(): string {
  const date = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${date}: ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${memory} GiB, Linux ${release()}`;
}

export function versions(): string {
  const programs: [name: string, command: string, args: string[]][] = [
    ["redis-server", "redis-server", ["--version"]],
    ["memcached", "memcached", ["--version"]],
    ["nutcracker", "nutcracker", ["--version"]],
  ];
  const found = programs.map(([name, command, args]) => {
    // Some programs print the version to standard error.
    const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
    if (error !== undefined) return `${name} (absent)`;
    return `${name} ${/[0-9]+(\.[0-9]+)+/.exec(stdout + stderr)?.[0] ?? "of unknown version"}`;
  });
  return [`Bun ${Bun.version}`, ...found].join(", ");
}
