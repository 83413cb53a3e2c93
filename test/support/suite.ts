import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyTotals, readJUnitReport, type TestTotals } from "./junit.ts";

/** One test file, run in a process of its own. */
export interface Suite {
  /** Relative to the repository. */
  readonly path: string;
  /**
   * Whether nothing else may run meanwhile. A suite asks for that by a line `// Runs alone: <reason>` at its
   * beginning.
   */
  readonly alone: boolean;
}

export interface SuiteTimeouts {
  /** For the whole file. */
  readonly suiteMs: number;
  /** For a test that says nothing about that itself. */
  readonly testMs: number;
}

export interface SuiteResult {
  readonly suite: Suite;
  readonly totals: TestTotals;
  readonly durationMs: number;
  /** What the suite and the test runner printed. */
  readonly output: string;
  /** Why the suite as a whole counts as failed; empty when its test cases tell it all. */
  readonly problem: string;
}

/** All test files below `src`, `web` and `test` whose path holds one of `filters` (none: all), sorted. */
export function findSuites(root: string, filters: readonly string[]): Suite[] {
  const paths = ["src", "web", "test", "examples"].flatMap((folder) => [
    ...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync({ cwd: root }),
  ]);
  return paths
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort()
    .map((path) => ({ path, alone: /^\/\/ Runs alone: ./m.test(readFileSync(join(root, path), "utf8")) }));
}

/**
 * Runs one test file. Whatever keeps it from telling its results (a crash, `process.exit`, an import that fails,
 * too much time, no test at all) counts as one failure, as does a failure that no test case owns up to.
 */
export async function runSuite(
  root: string,
  suite: Suite,
  { suiteMs, testMs }: SuiteTimeouts,
): Promise<SuiteResult> {
  const directory = mkdtempSync(join(tmpdir(), "glasscache-test-"));
  const report = join(directory, "report.xml");
  const startedMs = performance.now();
  try {
    const child = Bun.spawn(
      [
        process.execPath,
        "test",
        // Whatever a suite started dies with it, however it ends.
        "--no-orphans",
        `--timeout=${testMs}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        `./${suite.path}`,
      ],
      { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 2000).unref();
    }, suiteMs);
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    clearTimeout(timer);
    const how = timedOut
      ? `took more than ${suiteMs / 1000} s`
      : `ended with ${child.signalCode ?? `code ${exitCode}`}`;
    const { totals, problem } = judge(report, exitCode === 0 && !timedOut, how);
    return {
      suite,
      totals,
      durationMs: performance.now() - startedMs,
      output: stdout + stderr,
      problem,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function judge(reportPath: string, succeeded: boolean, how: string): { totals: TestTotals; problem: string } {
  let totals: TestTotals;
  try {
    totals = readJUnitReport(readFileSync(reportPath, "utf8"));
  } catch {
    return failed(emptyTotals(), `told no results and ${how}`);
  }
  const ran = totals.passed + totals.failed + totals.skipped + totals.todo;
  if (ran === 0) return failed(totals, "holds no test");
  if (!succeeded && totals.failed === 0) return failed(totals, `${how} although no test failed`);
  return { totals, problem: "" };
}

function failed(totals: TestTotals, problem: string): { totals: TestTotals; problem: string } {
  return { totals: { ...totals, failed: totals.failed + 1 }, problem };
}
