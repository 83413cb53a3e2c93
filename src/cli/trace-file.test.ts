/** `glasscache simulate --write` as a process. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runGlasscache } from "../../test/support/command-line.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";

setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

const WORKLOAD = "ycsb-a(n=50,requests=2000,seed=3)";
const NAME = "ycsb-a(n=50,alpha=0.99,requests=2000,size=1,seed=3)";

test("a workload is written as a trace, and simulated from there is the same", async () => {
  const path = join(directory.path, "w.csv");
  expect(await runGlasscache(["simulate", WORKLOAD, "--write", path])).toEqual({
    code: 0,
    stdout: "",
    stderr: `glasscache simulate: ${NAME}: 2,000 requests written as csv\n`,
  });
  const options = ["--policy", "lru", "--size", "10", "--csv"];
  const misses = async (trace: string): Promise<string[]> => {
    const { stdout } = await runGlasscache(["simulate", trace, ...options]);
    return stdout.split("\n")[1]!.slice(-200).split(",").slice(-6, -1);
  };
  expect(await misses(path)).toEqual(await misses(WORKLOAD));

  expect(await runGlasscache(["simulate", WORKLOAD, "--write", path])).toEqual({
    code: 1,
    stdout: "",
    stderr: `glasscache simulate: ${path}: there is such a file already\n`,
  });
});

test("standard output works too, and records that a format cannot hold are reported", async () => {
  const { code, stdout, stderr } = await runGlasscache([
    "simulate",
    WORKLOAD,
    "--limit",
    "100",
    "--write",
    "-",
    "--write-format",
    "KEYS",
  ]);
  const reads = stdout.trim().split("\n").length;
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `glasscache simulate: ${NAME}: ${reads} requests written as keys; ${100 - reads} writes and deletes left out, which it cannot hold\n`,
  });
});

test("a failure leaves no file behind", async () => {
  const broken = join(directory.path, "broken.txt");
  await Bun.write(broken, "key,size\na,1\nb,x\n");
  const path = join(directory.path, "out.oracleGeneral");
  expect(await runGlasscache(["simulate", broken, "--write", path])).toEqual({
    code: 1,
    stdout: "",
    stderr: `glasscache simulate: ${broken}, line 3: the size "x" is not a number (--skip-bad skips such records)\n`,
  });
  expect(existsSync(path)).toBe(false);
  const passed = await runGlasscache(["simulate", broken, "--write", path, "--skip-bad"]);
  expect(passed.stderr).toContain(`1 broken record skipped, the first: ${broken}, line 3`);
  expect(readFileSync(path).length).toBe(24);
});

test.each([
  [["--write", "x"], '--write-format: the name "x" does not tell it, so it must be given'],
  [
    ["--write", "x", "--write-format", "arc"],
    '--write-format: there is no format "arc" to write traces in; there are',
  ],
  [["scan(n=3)", "--write", "x.csv"], "--write: writes one trace, and 2 are named"],
])("%j is refused", async (args, problem) => {
  const { code, stderr } = await runGlasscache(["simulate", WORKLOAD, ...args]);
  expect(code).toBe(2);
  expect(stderr).toStartWith(`glasscache simulate: ${problem}`);
});

test("what is converted is described as it was read", async () => {
  const bars = join(directory.path, "bars.txt");
  await Bun.write(bars, "a | 1\nb | 2\na | 1\n");
  const args = ["simulate", bars, "--columns", "key=1", "--write", "-", "--write-format", "keys"];
  const { code, stderr } = await runGlasscache(args);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `glasscache simulate: ${bars}: 3 requests written as keys (csv, separated by bars: columns by number, key 1; first key "a")\n`,
  });
});
