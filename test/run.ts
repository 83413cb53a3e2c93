/**
 * Runs all tests: `npm test`, or `npm test -- <filter>… [--long] [--jobs=N]`.
 *
 * Every test file runs in a process of its own, as many at once as there are processors; those that need the
 * machine for themselves come last, one at a time. The last line is `N passed, N failed`.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { emptyTotals } from "./support/junit.ts";
import { findSuites, runSuite, type Suite, type SuiteResult, type SuiteTimeouts } from "./support/suite.ts";

/** What `--long` sets, where the environment does not say otherwise. */
const LONG_VARIANTS: Record<string, string> = {
  GLASSCACHE_CHECKER_SECONDS: "300",
  GLASSCACHE_CHECKER_AUDIT_SECONDS: "900",
  GLASSCACHE_CHECKER_EVICTION_SECONDS: "150",
  GLASSCACHE_CHECKER_CLUSTER_SECONDS: "600",
  GLASSCACHE_CHECKER_SENTINEL_SECONDS: "300",
  GLASSCACHE_CONFORMANCE_RUNS: "500",
  GLASSCACHE_DIFFERENTIAL_COMMANDS: "200000",
  GLASSCACHE_DIFFERENTIAL_RUNS: "3000",
  GLASSCACHE_ENGINE_KILLS: "200",
  GLASSCACHE_ENGINE_POWER_CUTS: "5000",
  GLASSCACHE_ENGINE_RUNS: "300",
  GLASSCACHE_FUZZ_INPUTS: "5000000",
  GLASSCACHE_FUZZ_ROUNDS: "100",
  GLASSCACHE_POWER_CUTS: "100000",
  GLASSCACHE_REPLAY_REQUESTS: "95607",
  GLASSCACHE_KILLS: "200",
  GLASSCACHE_STRESS_OPERATIONS: "25000000",
  GLASSCACHE_STRESS_THREADS: "4",
};
/** Of one test file, and of a test that sets no time-out itself; generous, as machines under load are slow. */
const TIMEOUTS: SuiteTimeouts = { suiteMs: 900_000, testMs: 120_000 };
const LONG_TIMEOUTS: SuiteTimeouts = { suiteMs: 4 * 3_600_000, testMs: 3_600_000 };
const HEARTBEAT_MS = 20_000;

const root = join(import.meta.dir, "..");
const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: "boolean", default: false },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});
const jobs = Number(options.jobs);
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${options.jobs}: a number from 1 is needed`);
if (options.long) {
  for (const [name, value] of Object.entries(LONG_VARIANTS)) process.env[name] ??= value;
}

const suites = findSuites(root, filters);
const results = await runAll(suites);
report(results);

async function runAll(all: readonly Suite[]): Promise<SuiteResult[]> {
  const finished: SuiteResult[] = [];
  const running = new Map<Suite, number>();
  const timeouts = options.long ? LONG_TIMEOUTS : TIMEOUTS;
  const heartbeat = setInterval(() => {
    const names = [...running].map(([suite, since]) => `${suite.path} ${seconds(performance.now() - since)}`);
    console.log(`      still running: ${names.join(", ")}`);
  }, HEARTBEAT_MS);
  const work = async (queue: Suite[]): Promise<void> => {
    for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) {
      running.set(suite, performance.now());
      const result = await runSuite(root, suite, timeouts);
      running.delete(suite);
      finished.push(result);
      showResult(result);
    }
  };
  // Those in test/ span folders and take longest: begun first, they leave no processor idle at the end.
  const shared = all.filter((suite) => !suite.alone);
  const queue = [
    ...shared.filter((suite) => suite.path.startsWith("test/")),
    ...shared.filter((suite) => !suite.path.startsWith("test/")),
  ];
  await Promise.all(Array.from({ length: jobs }, () => work(queue)));
  await work(all.filter((suite) => suite.alone));
  clearInterval(heartbeat);
  return finished;
}

function showResult({ suite, totals, durationMs, output, problem }: SuiteResult): void {
  const counts = [
    `${totals.passed} passed`,
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
    ...(totals.skipped > 0 ? [`${totals.skipped} skipped`] : []),
    ...(totals.todo > 0 ? [`${totals.todo} to do`] : []),
  ];
  console.log(
    `${totals.failed > 0 ? "FAIL" : "ok  "}  ${suite.path}: ${counts.join(", ")}, ${seconds(durationMs)}`,
  );
  if (totals.failed > 0) {
    console.log(output.replace(/^/gm, "      "));
    if (problem !== "") console.log(`      ${suite.path} ${problem}`);
  }
}

function report(all: readonly SuiteResult[]): void {
  const sum = emptyTotals();
  for (const { totals } of all) {
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
    sum.todo += totals.todo;
  }
  list(
    "Skipped",
    all.flatMap(({ suite, totals }) => totals.skippedNames.map((name) => `${suite.path}: ${name}`)),
  );
  list(
    "Failed",
    all.flatMap(({ suite, totals, problem }) => [
      ...totals.failedNames.map((name) => `${suite.path}: ${name}`),
      ...(problem === "" ? [] : [`${suite.path} ${problem}`]),
    ]),
  );
  console.log(`\n${all.length} files, ${sum.skipped} skipped, ${sum.todo} to do`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
