/**
 * Measures what one machine answers: GETs a second of one proxy with one and with two threads, and of two proxies
 * beside one another, for hits and for misses. Nothing is pinned: proxies, the origin and the load share all
 * processors. So beside the rate stands the processor time of a request, which says what a processor of its own would
 * answer.
 *
 *   npm run bench:capacity                 3 rounds of 3 s each; under 3 minutes
 *   npm run bench:capacity -- --quick      2 rounds of 1 s
 *   npm run bench:capacity -- --write      also writes docs/OPERATING.md
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { LoadSettings } from "./load.ts";
import { COLD_KEYS, HOT_KEYS, load, median } from "./loading.ts";
import { cpuMicros } from "./process-usage.ts";
import { inTurn, VALUE_BYTES } from "./redis-benchmark.ts";
import { machine, writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { glasscache, redis, type Started } from "./targets.ts";

const PAGE = fileURLToPath(new URL("../docs/OPERATING.md", import.meta.url));
const ALL_CPUS = `0-${availableParallelism() - 1}`;
/** Processes that make the load, each with this many connections. */
const LOADS = 2;
const CONNECTIONS = 50;

const { rounds, seconds, write } = readRoundFlags({ rounds: 3, seconds: 3 }, { rounds: 2, seconds: 1 }, []);

type Kind = "hits" | "misses";

interface Subject {
  readonly name: string;
  readonly kind: Kind;
  readonly proxies: readonly { readonly port: number; readonly program: Started }[];
}

interface Sample {
  readonly requestsPerSecond: number;
  readonly cpuMicros: number;
  readonly p99: number;
}

const SETUPS = [
  { name: "one proxy, 1 thread", proxies: 1, threads: 1 },
  { name: "one proxy, 2 threads", proxies: 1, threads: 2 },
  { name: "two proxies, 1 thread each", proxies: 2, threads: 1 },
] as const;
const KINDS: readonly Kind[] = ["hits", "misses"];

const origin = await redis(ALL_CPUS, []);
const subjects: Subject[] = [];
const samples = new Map<Subject, Sample[]>();
try {
  await everyKey({ port: origin.port, operation: "set", keys: COLD_KEYS });
  for (const setup of SETUPS) for (const kind of KINDS) subjects.push(await start(setup, kind));
  for (let round = 0; round < rounds; round++) {
    for (const subject of inTurn(subjects, round)) {
      samples.set(subject, [...(samples.get(subject) ?? []), await measure(subject, round)]);
    }
    process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
  }
} finally {
  for (const { proxies } of subjects) for (const { program } of proxies) await program.kill();
  await origin.program.kill();
}
const report = format();
process.stdout.write(report);
if (write) writeSection("capacity", report, PAGE);

async function start({ name, proxies, threads }: (typeof SETUPS)[number], kind: Kind): Promise<Subject> {
  const size = kind === "hits" ? [] : ["--memory", "1mb", "--policy", "lru"];
  const args = [
    "--threads",
    String(threads),
    "--origin",
    `127.0.0.1:${origin.port}`,
    "--admin",
    "off",
    ...size,
  ];
  const started: Subject["proxies"][number][] = [];
  for (let index = 0; index < proxies; index++) started.push(await glasscache(ALL_CPUS, ["proxy", ...args]));
  if (kind === "hits") {
    // Twice, for some policies admit a key at its second request.
    for (const { port } of started) {
      for (let time = 0; time < 2; time++) await everyKey({ port, operation: "get", keys: HOT_KEYS });
    }
  }
  return { name, kind, proxies: started };
}

/** Sets or asks for each key, in order. */
async function everyKey(what: Pick<LoadSettings, "port" | "operation" | "keys">): Promise<void> {
  await load(
    {
      ...{ wire: "resp", connections: 10, pipeline: 10, order: "sequential", seconds: 60, seed: 1 },
      ...what,
      requests: what.keys + 1000,
    },
    ALL_CPUS,
  );
}

async function measure({ kind, proxies, name }: Subject, round: number): Promise<Sample> {
  const once = async (forSeconds: number) =>
    Promise.all(
      Array.from({ length: LOADS }, (_, index) =>
        load(
          {
            port: proxies[index % proxies.length]!.port,
            ...{ wire: "resp", operation: "get", connections: CONNECTIONS, pipeline: 1 },
            keys: kind === "hits" ? HOT_KEYS : COLD_KEYS,
            // In order, a key comes again long after a cache of 1 MB has evicted it.
            order: kind === "hits" ? "random" : "sequential",
            ...{ seconds: forSeconds, seed: round * LOADS + index + 1 },
          },
          ALL_CPUS,
        ),
      ),
    );
  const micros = () => proxies.reduce((sum, { program }) => sum + cpuMicros(program.pid), 0);
  // A short run first makes connections and compiles code.
  await once(Math.min(0.5, seconds / 2));
  const before = micros();
  const results = await once(seconds);
  const requests = results.reduce((sum, each) => sum + each.requests, 0);
  if (results.some(({ wrongReplies }) => wrongReplies > 0)) throw new Error(`${name}: wrong replies`);
  return {
    requestsPerSecond: results.reduce((sum, each) => sum + each.requests / each.seconds, 0),
    cpuMicros: (micros() - before) / requests,
    p99: Math.max(...results.map(({ p99 }) => p99)),
  };
}

function format(): string {
  const lines = [
    `Taken on ${machine()}. GETs of ${VALUE_BYTES} bytes, ${LOADS * CONNECTIONS} connections, one request at a time each; medians of ` +
      `${rounds} rounds of ${seconds} s. The load, redis-server and the proxies share the processors.`,
    "",
    "| | | GETs/s, all on this machine | p99 | processor time a GET | GETs/s of a processor of its own |",
    "| --- | --- | --: | --: | --: | --: |",
  ];
  for (const subject of subjects) {
    const of = (pick: (sample: Sample) => number): number => median(samples.get(subject)!.map(pick));
    const micros = of((sample) => sample.cpuMicros);
    const whole = (value: number) => Math.round(value / 100) * 100;
    lines.push(
      `| ${subject.name} | ${subject.kind} | ${whole(of((sample) => sample.requestsPerSecond)).toLocaleString("en")} | ` +
        `${(of((sample) => sample.p99) / 1000).toFixed(1)} ms | ${micros.toFixed(1)} µs | ` +
        `${whole(1e6 / micros).toLocaleString("en")} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}
