/**
 * Measures what TLS costs: processor time of a request with and without it, at our server and proxy, and beside them at
 * redis-server, all in one run. redis-benchmark makes the load, for it speaks TLS. Servers run on one CPU, the load and
 * origins on the other.
 *
 *   npm run bench:tls                9 rounds of 100,000 requests each
 *   npm run bench:tls -- --quick     3 rounds of 20,000
 *   npm run bench:tls -- --write     also writes bench/RESULTS.md
 */
import { Authority, type IssuedIdentity } from "../test/support/certificates.ts";
import { median } from "./loading.ts";
import { cpuMicros } from "./process-usage.ts";
import { CONNECTIONS, inTurn, RANDOM_KEY, runRedisBenchmark, VALUE_BYTES } from "./redis-benchmark.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { glasscache, LOAD_CPU, redis, SERVER_CPU, type Started, secureRedis } from "./targets.ts";

const isQuick = process.argv.includes("--quick");
const { rounds, write } = readRoundFlags({ rounds: 9, seconds: 0 }, { rounds: 3, seconds: 0 }, []);
const requests = isQuick ? 20_000 : 100_000;

const CASES = [
  { name: "a hit, or a GET", command: ["GET", RANDOM_KEY], pipeline: 1 },
  { name: "the same, 16 pipelined", command: ["GET", RANDOM_KEY], pipeline: 16 },
  { name: "a forwarded request (STRLEN)", command: ["STRLEN", RANDOM_KEY], pipeline: 1 },
] as const;

interface Subject {
  readonly name: "redis-server" | "our server" | "our proxy";
  readonly isSecure: boolean;
  readonly port: number;
  readonly process: Started;
}

using authority = new Authority();
const identity = authority.issue("service");
const origin = await redis(LOAD_CPU, []);
const secureOrigin = await secureRedis(LOAD_CPU, identity);
const subjects: readonly Subject[] = [
  await started("redis-server", false, redis(SERVER_CPU, [])),
  await started("redis-server", true, secureRedis(SERVER_CPU, identity)),
  await started("our server", false, server([])),
  await started("our server", true, server(own(identity))),
  await started("our proxy", false, proxy(["--origin", `127.0.0.1:${origin.port}`])),
  await started(
    "our proxy",
    true,
    proxy([
      ...["--origin", `rediss://127.0.0.1:${secureOrigin.port}`, "--origin-ca", authority.path],
      ...own(identity),
    ]),
  ),
];
const micros = new Map<string, number[]>();
try {
  for (const subject of subjects) await load(subject, ["SET", RANDOM_KEY, "x".repeat(VALUE_BYTES)], 16);
  // The runtime compiles hot paths within the first hundred thousand requests.
  for (const subject of subjects) for (const { command } of CASES) await load(subject, command, 16);
  for (let round = 0; round < rounds; round++) {
    for (const { name, command, pipeline } of CASES) {
      for (const subject of inTurn(subjects, round)) {
        const before = cpuMicros(subject.process.pid);
        await load(subject, command, pipeline);
        const key = keyOf(name, subject.name, subject.isSecure);
        micros.set(key, [...(micros.get(key) ?? []), (cpuMicros(subject.process.pid) - before) / requests]);
      }
    }
    process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
  }
} finally {
  for (const { process: running } of subjects) await running.kill();
  await origin.program.kill();
  await secureOrigin.program.kill();
}
const report = format();
process.stdout.write(report);
if (write) writeSection("tls", report);

function own({ certificatePath, keyPath }: IssuedIdentity): string[] {
  return ["--tls-cert", certificatePath, "--tls-key", keyPath];
}

function server(args: readonly string[]) {
  return glasscache(SERVER_CPU, ["server", "--engine", "memory", "--admin", "off", ...args]);
}

function proxy(args: readonly string[]) {
  return glasscache(SERVER_CPU, ["proxy", "--threads", "1", "--instruments", "off", ...args]);
}

async function started(
  name: Subject["name"],
  isSecure: boolean,
  starting: Promise<{ readonly program: Started; readonly port: number }>,
): Promise<Subject> {
  const { program, port } = await starting;
  return { name, isSecure, port, process: program };
}

async function load(
  { port, isSecure }: Subject,
  command: readonly string[],
  pipeline: number,
): Promise<void> {
  const options = isSecure ? ["--tls", "--cacert", authority.path] : [];
  await runRedisBenchmark({ port, requests, command, pipeline, options });
}

function keyOf(name: string, subject: Subject["name"], isSecure: boolean): string {
  return `${name} ${subject} ${isSecure}`;
}

function format(): string {
  const lines = [
    `Processor time of the process for each request, one thread, ${CONNECTIONS} connections, values of ${VALUE_BYTES} ` +
      `bytes; medians of ${rounds} rounds of ${requests.toLocaleString("en")} requests, in turns. With TLS the proxy ` +
      "speaks it on both sides. “Added” is what TLS adds to a request, in microseconds, and in what it adds at redis-server.",
    "",
    "| | plain | TLS | ratio | added | beside redis-server's |",
    "| --- | --: | --: | --: | --: | --: |",
  ];
  for (const { name } of CASES) {
    const of = (subject: Subject["name"], isSecure: boolean): number =>
      median(micros.get(keyOf(name, subject, isSecure))!);
    const peers = of("redis-server", true) - of("redis-server", false);
    for (const subject of ["redis-server", "our server", "our proxy"] as const) {
      const [plain, secure] = [of(subject, false), of(subject, true)];
      lines.push(
        `| ${subject}: ${name} | ${plain.toFixed(2)} µs | ${secure.toFixed(2)} µs | ${(secure / plain).toFixed(2)} | ` +
          `${(secure - plain).toFixed(2)} µs | ${((secure - plain) / peers).toFixed(2)} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
