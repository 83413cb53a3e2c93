/** The suites that `compare.ts` knows: how each is run against an address, and how its output is read. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Verdict = "passed" | "failed" | "skipped";

export interface Run {
  readonly checkout: string;
  readonly unit: string;
  readonly address: Address;
}

export interface Suite {
  /** Its parts, run one by one: what breaks off takes only its own part along. */
  units(checkout: string): string[] | Promise<string[]>;
  command(run: Run): string[];
  environment?(address: Address): Record<string, string>;
  /** Verdicts by the tests' names. */
  read(output: string): Map<string, Verdict>;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours text on a terminal
const COLOURS = /\x1b\[[0-9;]*m/g;

/** Reads lines, of which each that the pattern knows names a test and says how it ended. */
function readLines(output: string, pattern: RegExp, verdicts: Record<string, Verdict>): Map<string, Verdict> {
  const found = new Map<string, Verdict>();
  for (const line of output.replace(COLOURS, "").split(/\r?\n/)) {
    const groups = pattern.exec(line)?.groups;
    const verdict = groups === undefined ? undefined : verdicts[groups["verdict"]!];
    if (verdict === undefined) continue;
    // Some names are used twice within a part.
    let name = groups!["name"]!.trim();
    while (found.has(name)) name += " (again)";
    found.set(name, verdict);
  }
  return found;
}

/** Valkey's own, in Tcl, against a server that it has not started itself. */
const valkey: Suite = {
  units: (checkout) =>
    ["unit", "unit/type", "integration"].flatMap((folder) =>
      readdirSync(join(checkout, "tests", folder))
        .filter((file) => file.endsWith(".tcl"))
        .sort()
        .map((file) => `${folder}/${file.slice(0, -4)}`),
    ),
  command: ({ unit, address }) => [
    ...["./runtest", "--host", address.host, "--port", String(address.port)],
    ...["--durable", "--single", unit, "--baseport", String(20_000 + (address.port % 10_000))],
  ],
  read: (output) =>
    readLines(
      output,
      /^\[(?<verdict>ok|err|skip|ignore|exception)\]: (?<name>.*?)(?: \(\d+ ms\)| in tests.*)?$/,
      {
        ok: "passed",
        err: "failed",
        exception: "failed",
        skip: "skipped",
        ignore: "skipped",
      },
    ),
};

/** redis-py's, by pytest. */
const redisPy: Suite = {
  units: (checkout) =>
    readdirSync(join(checkout, "tests"))
      .filter((file) => /^test_.*\.py$/.test(file) && !/cluster|sentinel|ssl|credentials|entraid/.test(file))
      .sort(),
  command: ({ unit, address }) => [
    ...["python3", "-m", "pytest", `tests/${unit}`, "-v", "-p", "no:cacheprovider", "--tb=no"],
    ...[
      `--redis-url=redis://${address.host}:${address.port}/0`,
      "-m",
      "not onlycluster and not redismod and not ssl",
    ],
  ],
  read: (output) =>
    readLines(output, /^(?<name>tests\/\S+::.*?) (?<verdict>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)/, {
      PASSED: "passed",
      FAILED: "failed",
      ERROR: "failed",
      SKIPPED: "skipped",
      XFAIL: "skipped",
      XPASS: "passed",
    }),
};

/** ioredis's functional tests, by mocha. They ask port 6379 unless the checkout is changed to read REDIS_PORT. */
const ioredis: Suite = {
  units: (checkout) =>
    readdirSync(join(checkout, "test/functional"))
      .filter((file) => file.endsWith(".ts"))
      .sort(),
  command: ({ unit }) => [
    ...["npx", "mocha", "test/helpers/*.ts", `test/functional/${unit}`],
    ...["--timeout", "8000", "--exit", "--reporter", "tap"],
  ],
  environment: ({ port }) => ({
    ...{ NODE_ENV: "test", TS_NODE_TRANSPILE_ONLY: "true", REDIS_PORT: String(port) },
  }),
  read: (output) =>
    readLines(output, /^(?<verdict>ok|not ok) \d+ (?<name>.*)$/, { ok: "passed", "not ok": "failed" }),
};

/** hiredis's `hiredis-test`, built with make. */
const hiredis: Suite = {
  units: () => ["hiredis-test"],
  command: ({ address }) => [
    "./hiredis-test",
    "-h",
    address.host,
    "-p",
    String(address.port),
    "--skip-throughput",
  ],
  read: (output) =>
    readLines(output, /^#\d+ (?<name>.*): (?<verdict>PASSED|FAILED|SKIPPED)/, {
      PASSED: "passed",
      FAILED: "failed",
      SKIPPED: "skipped",
    }),
};

export const SUITES: Readonly<Record<string, Suite>> = { valkey, "redis-py": redisPy, ioredis, hiredis };
