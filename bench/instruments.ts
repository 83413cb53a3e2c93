/**
 * Measures what the instruments cost: the same proxy with and without them, in one run. Processor time is that of the
 * whole process, the thread of the instruments included. One more proxy has a client that reads its live stream, as a
 * dashboard does. And one more has no instruments either: it shows by how much two processes of one program differ.
 *
 * The proxies take turns of half a second, because machines change their speed. A ratio is that to both proxies
 * without instruments in the same round.
 *
 *   npm run bench -- --only instruments             4 sittings, 48 rounds in all
 *   npm run bench -- --only instruments --quick     2 sittings, 8 rounds in all
 *   npm run bench -- --only instruments --write     also writes bench/RESULTS.md
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../test/support/program.ts";
import { fill, HOT_KEYS, load, median, runLoad } from "./loading.ts";
import { cpuMicros, residentBytes } from "./process-usage.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import type { SteadyResult, SteadySettings } from "./steady-load.ts";
import { proxyHitTarget, type Target } from "./targets.ts";

const STEADY_LOAD = fileURLToPath(new URL("./steady-load.ts", import.meta.url));

const { rounds, seconds, write, own } = readRoundFlags(
  { rounds: 48, seconds: 0.6 },
  { rounds: 8, seconds: 0.6 },
  ["only", "sittings"],
);
/**
 * Each sitting starts all processes anew. The runtime compiles a hot path once, and not each time equally well: two
 * processes of the same program differ by up to 10 %.
 */
const sittings = Math.min(rounds, Number(own.sittings ?? (rounds > 8 ? 4 : 2)));
/** How often and for how long latencies are measured in each sitting. */
const STEADY_ROUNDS = 2;
const STEADY_SECONDS = 3;

/** The sampling follows the load within this time, and the runtime has compiled most of it. */
const WARM_SECONDS = 20;
/** The runtime's name for the thread of the instruments: a proxy of one thread has no other worker. */
const INSTRUMENTS_THREAD = "Worker";

const SUBJECTS = ["off", "off, another process", "on", "on, watched"] as const;
type Subject = (typeof SUBJECTS)[number];
/** Those with instruments. */
const MEASURED = ["on", "on, watched"] as const;

interface Case {
  readonly name: string;
  readonly pipeline: number;
  readonly order: "random" | "zipf";
  readonly aim: Readonly<Record<(typeof MEASURED)[number], number>>;
}

const CASES: readonly Case[] = [
  { name: "hits", pipeline: 1, order: "random", aim: { on: 1.03, "on, watched": 1.06 } },
  {
    name: "hits, 16 pipelined",
    pipeline: 16,
    order: "random",
    aim: { on: 1.05, "on, watched": 1.06 },
  },
  { name: "hits, Zipf", pipeline: 1, order: "zipf", aim: { on: 1.03, "on, watched": 1.06 } },
];

interface Running {
  readonly target: Target;
  readonly adminPort: number | undefined;
  stopReading(): void;
}

const running = new Map<Subject, Running>();
const micros = new Map<string, number[]>();
const threadMicros = new Map<string, number[]>();
const p999 = new Map<Subject, number[]>();
const megabytes = new Map<Subject, number[]>();
let requestsPerSecond = 0;
let sampled: Told | undefined;
for (let sitting = 0; sitting < sittings; sitting++) {
  await sit(firstRound(sitting), firstRound(sitting + 1));
}
const report = format();
process.stdout.write(report);
if (write) writeSection("instruments", report);

function firstRound(sitting: number): number {
  return Math.floor((rounds * sitting) / sittings);
}

/** Measures with processes of its own in the rounds [from, to). */
async function sit(from: number, to: number): Promise<void> {
  try {
    for (const subject of SUBJECTS) running.set(subject, await start(subject));
    for (const { target } of running.values()) {
      await fill(target);
      await warm(target);
    }
    for (let round = from; round < to; round++) await measureHits(round);
    requestsPerSecond ||= await halfOfPeak();
    for (let round = 0; round < STEADY_ROUNDS; round++) {
      for (const subject of inTurn(round)) {
        const { target } = running.get(subject)!;
        append(p999, subject, (await loadSteadily(target, requestsPerSecond, from + round)).p999);
      }
    }
    for (const [subject, { target }] of running) {
      append(megabytes, subject, residentBytes(target.pid) / 2 ** 20);
    }
    sampled = await told("on");
  } finally {
    for (const { target, stopReading } of running.values()) {
      stopReading();
      await target.stop();
    }
    running.clear();
  }
}

async function measureHits(round: number): Promise<void> {
  for (const { name, pipeline, order } of CASES) {
    for (const subject of inTurn(round)) {
      const { target } = running.get(subject)!;
      const before = cpuMicros(target.pid);
      const threadBefore = cpuMicros(target.pid, INSTRUMENTS_THREAD);
      const { requests, wrongReplies } = await load({
        ...{ port: target.port, wire: target.wire, operation: "get", connections: 50, pipeline, order },
        ...{ keys: HOT_KEYS, seconds, seed: round + 1 },
      });
      if (wrongReplies > 0) throw new Error(`${subject}: ${wrongReplies} wrong replies`);
      append(micros, `${name} ${subject}`, (cpuMicros(target.pid) - before) / requests);
      const ofThread = cpuMicros(target.pid, INSTRUMENTS_THREAD) - threadBefore;
      append(threadMicros, `${name} ${subject}`, ofThread / requests);
    }
  }
  process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
}

async function start(subject: Subject): Promise<Running> {
  if (!MEASURED.some((measured) => measured === subject)) {
    const target = await proxyHitTarget("resp", {}, ["--instruments", "off"]);
    return { target, adminPort: undefined, stopReading() {} };
  }
  const adminPort = await freePort();
  const target = await proxyHitTarget("resp", {}, ["--admin", `127.0.0.1:${adminPort}`]);
  // The service is ready before its admin port is.
  await awaitPort(adminPort);
  const abort = new AbortController();
  if (subject === "on, watched") void readStream(adminPort, abort.signal);
  return { target, adminPort, stopReading: () => abort.abort() };
}

async function awaitPort(port: number): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/health`);
      return;
    } catch {
      await Bun.sleep(50);
    }
  }
}

/** Until the runtime has compiled the instruments, too: that takes some seconds of processor time, once. */
async function warm({ port, wire }: Target): Promise<void> {
  const settings = {
    port,
    wire,
    operation: "get",
    connections: 50,
    order: "random",
    keys: HOT_KEYS,
    seed: 1,
  } as const;
  await load({ ...settings, pipeline: 16, seconds: WARM_SECONDS });
}

async function readStream(port: number, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/stream`, { signal });
    for await (const _ of response.body!);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Each round has another order, so that none is always the first. */
function inTurn(round: number): Subject[] {
  return SUBJECTS.map((_, index) => SUBJECTS[(index + round) % SUBJECTS.length]!);
}

function append<Key>(samples: Map<Key, number[]>, key: Key, sample: number): void {
  const all = samples.get(key) ?? [];
  all.push(sample);
  samples.set(key, all);
}

async function halfOfPeak(): Promise<number> {
  const { target } = running.get("off")!;
  const settings = { port: target.port, wire: target.wire, operation: "get", connections: 50 } as const;
  const peak = await load({ ...settings, pipeline: 1, order: "random", keys: HOT_KEYS, seconds: 2, seed: 1 });
  return Math.round(peak.requests / peak.seconds / 2);
}

async function loadSteadily(
  { port, wire }: Target,
  requestsPerSecond: number,
  round: number,
): Promise<SteadyResult> {
  const settings: SteadySettings = {
    ...{ port, wire, keys: HOT_KEYS, connections: 50, requestsPerSecond },
    ...{ warmSeconds: 0.5, seconds: STEADY_SECONDS, seed: round + 1 },
  };
  return runLoad<SteadyResult>(STEADY_LOAD, settings);
}

interface Told {
  readonly samplingRatio: number;
  readonly requests: number;
  readonly sampledRequests: number;
}

function format(): string {
  const lines = [
    `Processor time of the whole process for each hit, our proxy with one thread, ${HOT_KEYS.toLocaleString("en")} keys, ` +
      `50 connections, full load, warm; medians of ${rounds} rounds of ${seconds} s, all proxies in turn, with new processes ${sittings} times. ` +
      '"Watched": a client reads the live stream. A ratio is the median of those to both proxies without instruments in ' +
      "the same round.",
    "",
    "| | off | on | ratio | aim | watched | ratio | aim |",
    "| --- | --: | --: | --: | --: | --: | --: | --: |",
  ];
  for (const { name, aim } of CASES) {
    const cells = MEASURED.map(
      (subject) =>
        `${median(micros.get(`${name} ${subject}`)!).toFixed(2)} µs | ${median(ratios(name, subject)).toFixed(3)} | ${aim[subject]}`,
    );
    lines.push(`| ${name} | ${median(withoutInstruments(name)).toFixed(2)} µs | ${cells.join(" | ")} |`);
  }
  lines.push(
    "",
    "Of that, the thread of the instruments takes:",
    "",
    "| | on | watched |",
    "| --- | --: | --: |",
  );
  for (const { name } of CASES) {
    const cells = MEASURED.map((subject) => {
      const own = threadMicros.get(`${name} ${subject}`)!;
      return `${median(own).toFixed(3)} µs (${(median(toBaseline(name, own)) * 100).toFixed(1)} %)`;
    });
    lines.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  lines.push(
    "",
    "The same ratios for each set of processes, and the ratio of the two processes without instruments:",
    "",
    "| | on | watched | without |",
    "| --- | --- | --- | --- |",
  );
  for (const { name } of CASES) {
    const [off, another] = ["off", "off, another process"].map((each) => micros.get(`${name} ${each}`)!);
    const control = another!.map((each, round) => each / off![round]!);
    const cells = [...MEASURED.map((subject) => ratios(name, subject)), control].map(bySitting);
    lines.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  const [offMs, onMs, watchedMs] = (["off", ...MEASURED] as const).map(
    (subject) => median(p999.get(subject)!) / 1000,
  );
  lines.push(
    "",
    `At half load (${requestsPerSecond.toLocaleString("en")} requests/s at fixed intervals), the 99.9th percentile of ` +
      `latency is ${offMs!.toFixed(2)} ms without, ${onMs!.toFixed(2)} ms with, and ${watchedMs!.toFixed(2)} ms with a ` +
      `reader (aim: 1.1×, which is ${(offMs! * 1.1).toFixed(2)} ms).`,
  );
  const [off, on, watched] = (["off", ...MEASURED] as const).map((subject) =>
    median(megabytes.get(subject)!),
  );
  const { samplingRatio, requests, sampledRequests } = sampled!;
  lines.push(
    "",
    `Resident memory: ${off!.toFixed(0)} MB without, ${on!.toFixed(0)} MB with, ${watched!.toFixed(0)} MB with a reader ` +
      `(aim: 32 MB more). Sampled at the end: ${(samplingRatio * 100).toFixed(2)} % of the keys for the smallest size; ` +
      `${sampledRequests.toLocaleString("en")} of ${requests.toLocaleString("en")} requests in all.`,
    "",
  );
  return lines.join("\n");
}

/** Returns the mean of both proxies without instruments, by round. */
function withoutInstruments(name: string): number[] {
  const another = micros.get(`${name} off, another process`)!;
  return micros.get(`${name} off`)!.map((each, round) => (each + another[round]!) / 2);
}

/** @param own processor time for each hit, by round */
function toBaseline(name: string, own: readonly number[]): number[] {
  const without = withoutInstruments(name);
  return own.map((each, round) => each / without[round]!);
}

function ratios(name: string, subject: Subject): number[] {
  return toBaseline(name, micros.get(`${name} ${subject}`)!);
}

/** Tells the median of each sitting. */
function bySitting(ofRounds: readonly number[]): string {
  return Array.from({ length: sittings }, (_, sitting) =>
    median(ofRounds.slice(firstRound(sitting), firstRound(sitting + 1))).toFixed(3),
  ).join(" ");
}

async function told(subject: Subject): Promise<Told> {
  const { adminPort } = running.get(subject)!;
  return (await fetch(`http://127.0.0.1:${adminPort}/api/what-if`)).json() as Promise<Told>;
}
