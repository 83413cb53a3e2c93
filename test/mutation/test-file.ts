export interface TestFileLimits {
  /** Of one test file; a file that takes longer hangs. */
  readonly fileMs: number;
  /** Of one test that sets no time-out itself. */
  readonly testMs: number;
}

/** How a test file ends. */
export type Ending = "passed" | "failed" | "hung";

/** Runs one test file in a process of its own. @param isWhole goes on after the first test that fails */
export async function runTestFile(
  root: string,
  test: string,
  { fileMs, testMs }: TestFileLimits,
  isWhole = false,
): Promise<Ending> {
  const child = Bun.spawn(
    [
      ...[process.execPath, "test", "--no-orphans", `--timeout=${testMs}`],
      ...(isWhole ? [] : ["--bail"]),
      `./${test}`,
    ],
    { cwd: root, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    child.kill("SIGKILL");
  }, fileMs);
  const output = await new Response(child.stderr).text();
  const code = await child.exited;
  clearTimeout(timer);
  if (isHung) return "hung";
  if (code !== 0 || !/^ *[0-9]+ (?:pass|skip)$/m.test(output)) {
    return /timed out after [0-9]+ms/.test(output) ? "hung" : "failed";
  }
  return "passed";
}
