/**
 * Measures what a cluster as the origin costs, beside a single node as the origin, all in one run: processor time of the
 * proxy for each request, MGET of 100 keys beside clients that know the cluster, and how long it takes to serve again
 * after a failure. Proxies run on one CPU, the load and all nodes on the other.
 *
 *   npm run bench:cluster                31 rounds of each case, 5 of each failure
 *   npm run bench:cluster -- --quick     3 rounds, 1 of each failure
 *   npm run bench:cluster -- --write     also writes bench/RESULTS.md
 *   npm run bench:cluster -- --only costs|mget|failures
 */
import { HASH_SLOTS } from "../src/lib/hash-slot.ts";
import { RedisCluster } from "../test/support/redis-cluster.ts";
import { RespClient } from "../test/support/resp-client.ts";
import { EVENTS, NODE_TIMEOUT_MS, type Served, servedAfter } from "./cluster-failures.ts";
import { type Keys, oneByOneReader, proxyReader, type Reader, slotReader } from "./cluster-mget.ts";
import type { LoadSettings } from "./load.ts";
import { COLD_KEYS, load, median } from "./loading.ts";
import { cpuMicros } from "./process-usage.ts";
import { CONNECTIONS, inTurn, KEYS, RANDOM_KEY, runRedisBenchmark, VALUE_BYTES } from "./redis-benchmark.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { glasscache, LOAD_CPU, redis, relay, SERVER_CPU, type Started } from "./targets.ts";
import type { Operation } from "./wire.ts";

const isQuick = process.argv.includes("--quick");
const { rounds, write, own } = readRoundFlags({ rounds: 31, seconds: 0 }, { rounds: 3, seconds: 0 }, [
  "only",
]);
/** Of one case in one round; more where they cost less, so that the compiler's time does not count. */
const REQUESTS = 20_000;
const PIPELINED_REQUESTS = 200_000;
const PIPELINED_HITS = 600_000;
const FAILURES = isQuick ? 1 : 5;
/** In each round, of one reader. */
const MGETS = 100;
const MGET_KEYS = 100;
/** The first rounds' code is still being compiled. */
const WARM_UPS = 5;

const GET = ["GET", RANDOM_KEY];
const SET = ["SET", RANDOM_KEY, "x".repeat(VALUE_BYTES)];

interface Subject {
  readonly name: "cluster" | "single node";
  /** With a cache that holds all keys, and with one that is too small for any to stay. */
  readonly warm: { readonly port: number; readonly program: Started };
  readonly cold: { readonly port: number; readonly program: Started };
  /** In place of a proxy, a program that only passes requests on. */
  readonly relays: Readonly<Record<Operation, { readonly port: number; readonly program: Started }>>;
}

interface Case {
  readonly name: string;
  readonly kind: "hit" | "set" | "miss";
  readonly pipeline: number;
  readonly aim: number;
}

const CASES: readonly Case[] = [
  { name: "a hit", kind: "hit", pipeline: 1, aim: 1.02 },
  { name: "a hit, 16 pipelined", kind: "hit", pipeline: 16, aim: 1.02 },
  { name: "SET", kind: "set", pipeline: 1, aim: 1.1 },
  { name: "SET, 16 pipelined", kind: "set", pipeline: 16, aim: 1.1 },
  { name: "a miss", kind: "miss", pipeline: 1, aim: 1.1 },
  { name: "a miss, 16 pipelined", kind: "miss", pipeline: 16, aim: 1.1 },
];

const report: string[] = [];
const isWanted = (part: string): boolean => own.only === undefined || own.only === part;
if (isWanted("costs") || isWanted("mget")) {
  await using cluster = await RedisCluster.start();
  for (const { server } of cluster.nodes) pin(server.program.pid);
  const single = await redis(LOAD_CPU, []);
  const subjects: readonly Subject[] = [
    await started("single node", `redis://127.0.0.1:${single.port}`, [single.port]),
    await started("cluster", cluster.address(), await portsOf(cluster)),
  ];
  try {
    for (const subject of subjects) await fill(subject);
    if (isWanted("costs")) report.push(...(await costs(subjects)));
    if (isWanted("mget")) report.push(...(await mgets(subjects[1]!, cluster)));
  } finally {
    for (const { warm, cold, relays } of subjects) {
      for (const { program } of [warm, cold, relays.get, relays.set]) await program.kill();
    }
    await single.program.kill();
  }
}
if (isWanted("failures")) report.push(...(await failures()));
const text = `${report.join("\n").trim()}\n`;
process.stdout.write(text);
if (write && own.only === undefined) writeSection("cluster", text);
process.exit(0);

/** All of a program's threads go to the CPU of the load. */
function pin(pid: number): void {
  const { exitCode } = Bun.spawnSync(["taskset", "-apc", LOAD_CPU, String(pid)], { stdout: "ignore" });
  if (exitCode !== 0) throw new Error("taskset failed");
}

/** The nodes' ports, in the order of their slots. */
async function portsOf(cluster: RedisCluster): Promise<number[]> {
  const slots = [0, 1, 2].map((index) => Math.floor((index * HASH_SLOTS) / 3 + 10));
  return Promise.all(slots.map(async (slot) => (await cluster.nodeOfSlot(slot)).port));
}

async function started(name: Subject["name"], origin: string, nodes: readonly number[]): Promise<Subject> {
  const args = ["proxy", "--threads", "1", "--instruments", "off", "--origin", origin];
  return {
    name,
    warm: await glasscache(SERVER_CPU, args),
    cold: await glasscache(SERVER_CPU, [...args, "--memory", "1mb", "--policy", "lru"]),
    relays: { get: await relay("get", nodes), set: await relay("set", nodes) },
  };
}

/** Writes all keys at the origin. */
async function fill({ warm, cold }: Subject): Promise<void> {
  await runRedisBenchmark({ port: warm.port, requests: 20 * KEYS, command: SET, pipeline: 16 });
  const all = {
    connections: 10,
    pipeline: 10,
    order: "sequential",
    seconds: 60,
    seed: 1,
    wire: "resp",
  } as const;
  await load({ ...all, port: cold.port, operation: "set", keys: COLD_KEYS, requests: COLD_KEYS + 1000 });
}

async function run({ warm, cold }: Subject, { kind, pipeline }: Case): Promise<number> {
  const { port, program } = kind === "miss" ? cold : warm;
  const before = cpuMicros(program.pid);
  let requests = pipeline === 1 ? REQUESTS : kind === "hit" ? PIPELINED_HITS : PIPELINED_REQUESTS;
  if (kind === "miss") {
    requests = await inOrder({ operation: "get", port, pipeline, requests });
  } else {
    await runRedisBenchmark({ port, requests, command: kind === "hit" ? GET : SET, pipeline });
  }
  return (cpuMicros(program.pid) - before) / requests;
}

/** The same of a relay. */
async function runRelay({ relays }: Subject, { kind, pipeline }: Case): Promise<number> {
  const operation: Operation = kind === "set" ? "set" : "get";
  const { port, program } = relays[operation];
  const before = cpuMicros(program.pid);
  const wanted = pipeline === 1 ? REQUESTS : PIPELINED_REQUESTS;
  const requests = await inOrder({ operation, port, pipeline, requests: wanted });
  return (cpuMicros(program.pid) - before) / requests;
}

/** Requests one key after the other of more than a small cache holds. @returns how many requests were answered */
async function inOrder(
  wanted: Pick<LoadSettings, "operation" | "port" | "pipeline" | "requests">,
): Promise<number> {
  const often = { connections: CONNECTIONS, order: "sequential", seconds: 60, wire: "resp" } as const;
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { requests, wrongReplies } = await load({ ...often, keys: COLD_KEYS, seed, ...wanted });
  if (wrongReplies > 0) throw new Error(`${wrongReplies} wrong replies`);
  return requests;
}

async function costs(subjects: readonly Subject[]): Promise<string[]> {
  const micros = new Map<string, number[]>();
  const note = (key: string, spent: number): void => {
    micros.set(key, [...(micros.get(key) ?? []), spent]);
  };
  const relayed = ({ name }: Case): string => `a bare relay: ${name}`;
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const each of CASES) {
      // A write leaves no value behind.
      if (each.kind === "hit") {
        for (const { warm } of subjects) {
          await runRedisBenchmark({ port: warm.port, requests: 20 * KEYS, command: GET, pipeline: 16 });
        }
      }
      for (const subject of inTurn(subjects, Math.abs(round))) {
        const spent = await run(subject, each);
        const passed = each.kind === "hit" ? undefined : await runRelay(subject, each);
        if (round < 0) continue;
        note(`${each.name} ${subject.name}`, spent);
        if (passed !== undefined) note(`${relayed(each)} ${subject.name}`, passed);
      }
    }
    process.stderr.write(`costs: round ${round + 1} of ${rounds} done\n`);
  }
  const row = (name: string, aim: string): string => {
    const [single, cluster] = [micros.get(`${name} single node`)!, micros.get(`${name} cluster`)!];
    const ratios = cluster.map((each, index) => each / single[index]!);
    const cells = [median(single), median(cluster)].map((each) => `${each.toFixed(2)} µs`);
    return `| ${name} | ${cells.join(" | ")} | ${median(ratios).toFixed(3)} | ${aim} |`;
  };
  const rows = [
    ...CASES.map(({ name, aim }) => row(name, aim.toFixed(2))),
    ...CASES.filter(({ kind }) => kind !== "hit").map((each) => row(relayed(each), "")),
  ];
  return [
    `Processor time of the proxy for each request, one thread, ${CONNECTIONS} connections, values of ${VALUE_BYTES} bytes; ` +
      `medians of ${rounds} rounds of ${REQUESTS.toLocaleString("en")} requests (${PIPELINED_REQUESTS.toLocaleString("en")} ` +
      `where they are pipelined, ${PIPELINED_HITS.toLocaleString("en")} hits), in turns. The ratio is the median of those of each round.`,
    "",
    "| | single node | cluster of three | ratio | aimed for |",
    "| --- | --: | --: | --: | --: |",
    ...rows,
    "",
  ];
}

async function mgets({ warm, cold }: Subject, cluster: RedisCluster): Promise<string[]> {
  const ports = await portsOf(cluster);
  const portOf = (slot: number): number => ports[Math.min(2, Math.floor((slot * 3) / HASH_SLOTS))]!;
  const names = Array.from({ length: COLD_KEYS }, (_, index) => `mget:${String(index).padStart(8, "0")}`);
  using client = await RespClient.connect({ port: warm.port });
  const value = "x".repeat(VALUE_BYTES);
  for (let at = 0; at < names.length; at += 1000) {
    await Promise.all(names.slice(at, at + 1000).map((name) => client.must("SET", name, value)));
  }
  const readers: readonly { readonly name: string; readonly reader: Reader; readonly isCold?: boolean }[] = [
    { name: "the proxy, all hits", reader: proxyReader(warm.port) },
    { name: "the proxy, all misses", reader: proxyReader(cold.port), isCold: true },
    { name: "a client that asks for each slot, all nodes at once", reader: slotReader(portOf) },
    { name: "a client that asks for one key after the other (redis-cli -c)", reader: oneByOneReader(portOf) },
  ];
  const micros = new Map<string, number[]>();
  let next = 0;
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const { name, reader, isCold = false } of inTurn(readers, Math.abs(round))) {
      const times: number[] = [];
      for (let time = 0; time < MGETS; time++) {
        // Those that a cache of 1 MB has are the last some thousand.
        if (isCold) next = (next + MGET_KEYS) % COLD_KEYS;
        const at = isCold ? next : 0;
        const keys: Keys = { names: names.slice(at, at + MGET_KEYS), valueBytes: VALUE_BYTES };
        const sentMs = performance.now();
        await reader.read(keys);
        times.push((performance.now() - sentMs) * 1000);
      }
      if (round >= 0) micros.set(name, [...(micros.get(name) ?? []), median(times)]);
    }
    process.stderr.write(`mget: round ${round + 1} of ${rounds} done\n`);
  }
  await Promise.all(readers.map(({ reader }) => reader.close()));
  const hits = median(micros.get(readers[0]!.name)!);
  return [
    `MGET of ${MGET_KEYS} keys of three nodes, one client, one at a time; medians of ${rounds} rounds of ${MGETS}.`,
    "",
    "| | time of an MGET | to the first |",
    "| --- | --: | --: |",
    ...readers.map(({ name }) => {
      const each = median(micros.get(name)!);
      return `| ${name} | ${each.toFixed(0)} µs | ${(each / hits).toFixed(2)} |`;
    }),
    "",
  ];
}

async function failures(): Promise<string[]> {
  const times = new Map<string, Served[]>();
  for (let round = 0; round < FAILURES; round++) {
    for (const event of Object.keys(EVENTS)) {
      times.set(event, [...(times.get(event) ?? []), await servedAfter(event)]);
    }
    process.stderr.write(`failures: round ${round + 1} of ${FAILURES} done\n`);
  }
  const range = (values: readonly number[]): string =>
    `${median([...values]).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}) ms`;
  return [
    `When a write of a key of the node is acknowledged again: median (range) of ${FAILURES} times each. The nodes' ` +
      `cluster-node-timeout is ${NODE_TIMEOUT_MS} ms; the proxy has its defaults.`,
    "",
    "| | since it happened | since another node owned the slot |",
    "| --- | --: | --: |",
    ...[...times].map(
      ([event, all]) =>
        `| ${event} | ${range(all.map((one) => one.sinceEventMs))} | ${range(all.map((one) => one.sinceOwnerMs))} |`,
    ),
  ];
}
