/**
 * Checks that memory does not grow. Clients send a hundred million requests: they read, write, remove, let keys
 * expire, and disconnect in the middle of requests. Every reply is checked, and resident memory is sampled meanwhile.
 *
 *   npm run bench:endurance                       the proxy, the server in memory, and on disk (half an hour)
 *   npm run bench:endurance -- --requests 5000000 fewer requests
 *   npm run bench:endurance -- --only memory      one of proxy, memory and lmdb
 *   npm run bench:endurance -- --seed 7           other choices
 *   npm run bench:endurance -- --minutes 5        ends each after this time, even before all requests
 *   npm run bench:endurance -- --write            also writes bench/RESULTS.md
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TemporaryDirectory } from "../test/support/program.ts";
import { RespClient } from "../test/support/resp-client.ts";
import { growth, type Sample, tenths } from "./endurance-growth.ts";
import type { EnduranceSettings, Progress } from "./endurance-load.ts";
import { ownBytes, residentBytes } from "./process-usage.ts";
import { machine, writeSection } from "./report.ts";
import { glasscache } from "./targets.ts";

const LOAD = fileURLToPath(new URL("./endurance-load.ts", import.meta.url));
/** Nothing is timed, so all processes share all processors. */
const ALL_CPUS = "0-1023";
/** A line of a text client may come in two parts, far apart when all processes want the processor. */
const PATIENCE = ["--text-silence", "10s"];
const MEGABYTE = 2 ** 20;
const KEYS = 40_000;
/** Relative growth after the warm-up below which memory counts as flat: single samples differ by more. */
const FLAT_BELOW = 0.05;

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "100000000" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "30" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const requests = Number(flags.requests);
const seed = Number(flags.seed);

/** A program under test. */
interface Subject {
  /** Its mark in bench/RESULTS.md. */
  readonly id: "proxy" | "memory" | "lmdb";
  readonly name: string;
  /** Share of the requests that it gets; below 1 if its requests take longer. */
  readonly share: number;
  readonly evicts: boolean;
  readonly clients: EnduranceSettings["clients"];
  start(): Promise<Running>;
}

interface Running {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const STAYING = { resp2: 24, resp3: 12, text: 12 } as const;
const TRACKING = { tracking: 4, broadcast: 1 } as const;

const subjects: readonly Subject[] = [
  {
    id: "proxy",
    name: "proxy, two threads, in front of the server",
    share: 1,
    evicts: false,
    clients: STAYING,
    async start() {
      const origin = await started(["server", "--engine", "memory", "--memory", "256mb"]);
      const proxy = await started([
        ...["proxy", "--origin", `127.0.0.1:${origin.port}`, "--memory", "8mb", "--threads", "2"],
      ]);
      return { ...proxy, stop: async () => void (await Promise.all([proxy.stop(), origin.stop()])) };
    },
  },
  {
    id: "memory",
    name: "server, memory, evicting",
    share: 1,
    evicts: true,
    clients: { ...STAYING, ...TRACKING },
    start: () => started(["server", "--engine", "memory", "--memory", "8mb"]),
  },
  {
    id: "lmdb",
    name: "server, lmdb, sync interval",
    share: 0.25,
    evicts: false,
    clients: { ...STAYING, ...TRACKING },
    async start() {
      const directory = new TemporaryDirectory();
      const args = ["--engine", "lmdb", "--data", directory.path, "--sync", "interval", "--memory", "8mb"];
      const server = await started(["server", ...args]);
      return { ...server, stop: () => server.stop().finally(() => directory[Symbol.dispose]()) };
    },
  },
];

for (const subject of subjects) {
  if (flags.only !== undefined && flags.only !== subject.id) continue;
  const report = await endure(subject);
  process.stdout.write(report);
  if (flags.write) writeSection(`endurance, ${subject.id}`, report);
}

async function started(args: readonly string[]): Promise<Running> {
  const { program, port } = await glasscache(ALL_CPUS, [...args, ...PATIENCE]);
  return { port, pid: program.pid, stop: () => program.kill() };
}

/** Tests a subject. @returns its table @throws Error when a reply is wrong or connections are left over */
async function endure(subject: Subject): Promise<string> {
  const running = await subject.start();
  try {
    const resident: Sample[] = [];
    const own: Sample[] = [];
    let last: Progress | undefined;
    for await (const progress of load(subject, running.port)) {
      last = progress;
      const { answered } = progress;
      resident.push({ requests: answered, bytes: residentBytes(running.pid) });
      own.push({ requests: answered, bytes: ownBytes(running.pid) });
      if (own.length % 10 === 0) {
        const megabytes = [resident, own].map((samples) => (samples.at(-1)!.bytes / MEGABYTE).toFixed(0));
        process.stderr.write(
          `${subject.name}: ${answered.toLocaleString("en")} requests, ${megabytes[0]} MB, own ${megabytes[1]}\n`,
        );
      }
    }
    if (last === undefined) throw new Error(`${subject.name}: no progress`);
    await assertNobodyLeft(running.port);
    return formatReport(subject, last, resident, own);
  } finally {
    await running.stop();
  }
}

async function* load(subject: Subject, port: number): AsyncIterable<Progress> {
  const settings: EnduranceSettings = {
    ...{ port, keys: KEYS, seed, clients: subject.clients, evicts: subject.evicts },
    requests: Math.ceil(requests * subject.share),
    mostSeconds: Number(flags.minutes) * 60,
  };
  const child = Bun.spawn([process.execPath, LOAD, JSON.stringify(settings)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of child.stdout) {
      const lines = (text + decoder.decode(bytes, { stream: true })).split("\n");
      text = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as Progress;
    }
    if ((await child.exited) !== 0) throw new Error(`${subject.name}: the load failed, seed ${seed}`);
  } finally {
    child.kill("SIGKILL");
  }
}

/** @throws Error when the program still counts clients that have disconnected */
async function assertNobodyLeft(port: number): Promise<void> {
  using client = await RespClient.connect({ port });
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const info = String(await client.ask("INFO", "clients", "proxy"));
    const count = Number(
      (/^proxy_clients:([0-9]+)/m.exec(info) ?? /^connected_clients:([0-9]+)/m.exec(info))?.[1],
    );
    if (count === 1) return;
    if (performance.now() > deadlineMs) throw new Error(`${count} clients are still counted`);
    await Bun.sleep(100);
  }
}

function formatReport(
  { name }: Subject,
  { answered, disconnected, seconds }: Progress,
  resident: readonly Sample[],
  own: readonly Sample[],
): string {
  const parts = Array.from({ length: 10 }, (_, index) => `${(index + 1) * 10} %`);
  return [
    `Taken on ${machine()}, Bun ${Bun.version}, seed ${seed}: ${name}. ${answered.toLocaleString("en")} requests, ` +
      `${Math.round(answered / seconds).toLocaleString("en")} a second, and ${disconnected.toLocaleString("en")} clients that ` +
      "came and left.",
    "",
    `| memory in MB after | ${parts.join(" | ")} | slope, kB a million | growth | |`,
    `| --- | ${Array(12).fill("--:").join(" | ")} | --- |`,
    row("resident", resident),
    row("of it not mapped files", own),
    "",
  ].join("\n");
}

function row(name: string, samples: readonly Sample[]): string {
  const { bytesPerMillion, share } = growth(samples);
  const cells = [
    name,
    ...tenths(samples).map((bytes) => (bytes / MEGABYTE).toFixed(0)),
    (bytesPerMillion / 1024).toFixed(1),
    `${(share * 100).toFixed(1)} %`,
    share < FLAT_BELOW ? "flat" : "grows",
  ];
  return `| ${cells.join(" | ")} |`;
}
