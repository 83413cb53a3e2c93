/**
 * Measures what users cost: processor time of a hit for a client that may do everything, and for users whose requests
 * are checked, at our proxy and beside it at redis-server, all in one run. Servers run on one CPU, the load and origins
 * on the other.
 *
 *   npm run bench:users                9 rounds of 100,000 requests each
 *   npm run bench:users -- --quick     3 rounds of 20,000
 *   npm run bench:users -- --write     also writes bench/RESULTS.md
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryDirectory } from "../test/support/program.ts";
import { median } from "./loading.ts";
import { cpuMicros } from "./process-usage.ts";
import { CONNECTIONS, inTurn, RANDOM_KEY, runRedisBenchmark, VALUE_BYTES } from "./redis-benchmark.ts";
import { writeSection } from "./report.ts";
import { readRoundFlags } from "./rounds.ts";
import { glasscache, LOAD_CPU, redis, SERVER_CPU, type Started } from "./targets.ts";

const isQuick = process.argv.includes("--quick");
const { rounds, write } = readRoundFlags({ rounds: 9, seconds: 0 }, { rounds: 3, seconds: 0 }, []);
const requests = isQuick ? 20_000 : 100_000;

const WARM_UPS = 6;

/** The last of many patterns allows the keys, so that all are tried. */
const MANY = Array.from({ length: 19 }, (_, index) => `~other:${index}:*`);

const USERS = [
  { name: "everything", rules: "~* &* +@all" },
  { name: "one", rules: "~key:* +@all -@dangerous" },
  { name: "twenty", rules: `${MANY.join(" ")} %R~key:* +@read` },
] as const;

const SHOWN: Readonly<Record<string, string>> = {
  nobody: "no users at all",
  everything: "a user who may do everything",
  one: "a user with one pattern of keys, without @dangerous",
  twenty: "a user with twenty patterns, @read alone",
};

const CASES = [
  { name: "a hit, or a GET", pipeline: 1 },
  { name: "the same, 16 pipelined", pipeline: 16 },
] as const;

interface Subject {
  readonly target: "redis-server" | "our proxy";
  readonly user: string;
  readonly port: number;
  readonly process: Started;
}

using directory = new TemporaryDirectory();
const usersFile = join(directory.path, "users.acl");
writeFileSync(usersFile, USERS.map(({ name, rules }) => `user ${name} on >pass ${rules}\n`).join(""));

const origin = await redis(LOAD_CPU, []);
const peer = await redis(SERVER_CPU, ["--aclfile", usersFile]);
const open = await proxy([]);
const guarded = await proxy(["--users", usersFile]);
const names = USERS.map(({ name }) => name);
const subjects: readonly Subject[] = [
  ...["nobody", ...names].map((user) => subject("redis-server", user, peer)),
  subject("our proxy", "nobody", open),
  ...names.map((user) => subject("our proxy", user, guarded)),
];
const micros = new Map<string, number[]>();
try {
  for (const filled of [subjects[0]!, subject("our proxy", "nobody", open)]) {
    await load(filled, ["SET", RANDOM_KEY, "x".repeat(VALUE_BYTES)], 16);
  }
  // The runtime compiles hot paths within some hundred thousand requests.
  for (const each of subjects) {
    for (let time = 0; time < WARM_UPS; time++) await load(each, ["GET", RANDOM_KEY], 16);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { name, pipeline } of CASES) {
      for (const each of inTurn(subjects, round)) {
        const before = cpuMicros(each.process.pid);
        await load(each, ["GET", RANDOM_KEY], pipeline);
        const key = keyOf(name, each);
        micros.set(key, [...(micros.get(key) ?? []), (cpuMicros(each.process.pid) - before) / requests]);
      }
    }
    process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
  }
} finally {
  for (const { program } of [peer, open, guarded, origin]) await program.kill();
}
const report = format();
process.stdout.write(report);
if (write) writeSection("users", report);

function proxy(args: readonly string[]) {
  const more = ["--threads", "1", "--instruments", "off", "--origin", `127.0.0.1:${origin.port}`];
  return glasscache(SERVER_CPU, ["proxy", ...more, ...args]);
}

function subject(
  target: Subject["target"],
  user: string,
  { program, port }: { readonly program: Started; readonly port: number },
): Subject {
  return { target, user, port, process: program };
}

function load({ port, user }: Subject, command: readonly string[], pipeline: number): Promise<void> {
  const options = user === "nobody" ? [] : ["--user", user, "-a", "pass"];
  return runRedisBenchmark({ port, requests, command, pipeline, options });
}

function keyOf(name: string, { target, user }: Pick<Subject, "target" | "user">): string {
  return `${name} ${target} ${user}`;
}

function format(): string {
  const lines = [
    `Processor time of the process for each hit, one thread, ${CONNECTIONS} connections, values of ${VALUE_BYTES} ` +
      `bytes; medians of ${rounds} rounds of ${requests.toLocaleString("en")} requests, in turns. “Ratio” is to the first ` +
      "line of the same program.",
    "",
    "| | our proxy | ratio | redis-server | ratio |",
    "| --- | --: | --: | --: | --: |",
  ];
  for (const { name } of CASES) {
    for (const user of ["nobody", ...names]) {
      const cells = (["our proxy", "redis-server"] as const).flatMap((target) => {
        const of = (one: string): number => median(micros.get(keyOf(name, { target, user: one }))!);
        return [`${of(user).toFixed(2)} µs`, (of(user) / of("nobody")).toFixed(3)];
      });
      lines.push(`| ${name}: ${SHOWN[user]} | ${cells.join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
