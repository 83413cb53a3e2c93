/** `glasscache simulate` as a process: its input, its output, its error messages, and the files it leaves. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGlasscache } from "../../test/support/command-line.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

const KEYS = ["user:1", "user:2", "page/1", "user:1", "user:3", "user:2", "page/1", "user:1"];
const trace = join(directory.path, "keys.txt");
writeFileSync(trace, `${KEYS.join("\n")}\n`);

test("a table for people, options before and behind the trace", async () => {
  const { code, stdout, stderr } = await runGlasscache([
    "simulate",
    "--policy",
    "lru,fifo,belady",
    trace,
    "--size",
    "2,4",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(
    stdout.replace(/in [0-9.]+ s, [1-9][0-9,]* requests/, "in T s, N requests"),
  ).toBe(`${trace}: 8 requests for 4 objects (keys; first key "user:1")
6 caches in T s, N requests/s in all

Miss ratio          2         4
lru         * 100.00%  * 50.00%
fifo        * 100.00%  * 50.00%
belady         75.00%    50.00%

Above belady, points      2     4
lru                   25.00  0.00
fifo                  25.00  0.00
`);
});

test("standard input is read once if that is enough, else copied for the second pass, and nothing is left", async () => {
  const temporary = new TemporaryDirectory();
  const env = { TMPDIR: temporary.path };
  const args = ["simulate", "-", "--policy", "lru", "--csv"];
  const stdin = `${KEYS.join("\n")}\n`;
  for (const size of ["4", "100%"]) {
    const { code, stdout } = await runGlasscache([...args, "--size", size], { stdin, env });
    expect({ code, line: stdout.split("\n")[1]!.replace(/[0-9.e-]+$/, "T") }).toEqual({
      code: 0,
      line: "standard input,lru,4,entries,8,4,0.5,4,0.5,T",
    });
  }
  expect(readdirSync(temporary.path)).toEqual([]);
  temporary[Symbol.dispose]();
});

test("one object a line; windows and families inside; several traces", async () => {
  const { code, stdout } = await runGlasscache([
    "simulate",
    trace,
    "loop(n=3,requests=6)",
    ...["--policy", "lru", "--size", "4", "--json", "--window", "4", "--by-prefix"],
  ]);
  expect(code).toBe(0);
  const [first, second] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({
    trace,
    policy: "lru",
    size: 4,
    sizeUnit: "entries",
    requests: 8,
    misses: 4,
    missRatio: 0.5,
    bytesMissed: 4,
    byteMissRatio: 0.5,
    windows: [
      { from: 0, requests: 4, misses: 3, missRatio: 0.75 },
      { from: 4, requests: 4, misses: 1, missRatio: 0.25 },
    ],
    families: [
      { family: "user", requests: 6, misses: 3, missRatio: 0.5 },
      { family: "page", requests: 2, misses: 1, missRatio: 0.5 },
    ],
  });
  expect(second).toMatchObject({ requests: 6, misses: 3 });
});

test("a page with windows and families", async () => {
  const path = join(directory.path, "page.html");
  const { code, stderr } = await runGlasscache([
    ...["simulate", trace, "--policy", "lru", "--size", "4", "--window", "4", "--by-prefix", "--html", path],
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const page = readFileSync(path, "utf8");
  expect(page).toContain("<h2>Over time</h2>");
  expect(page).toMatch(/data-first="0" data-step="4" [^>]*d="M0 7500L1 2500"/);
  expect(page).toContain("<h2>Misses by prefix</h2>");
  expect(page).toContain('<td class="text" title="user">user</td><td data-value="3">3</td>');
});

test("warm-up and limit", async () => {
  const { stdout } = await runGlasscache([
    "simulate",
    trace,
    ...["--policy", "lru", "--size", "4", "--json", "--warmup", "3", "--limit", "5"],
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ requests: 2, misses: 1 });
});

test("all policies", async () => {
  const { stdout } = await runGlasscache([
    "simulate",
    trace,
    "--policy",
    "all",
    "--check",
    "--size",
    "2,3",
    "--json",
  ]);
  const policies = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).policy);
  expect(policies).toContain("w-tinylfu-climb");
  expect(policies).toContain("belady");
  // All sizes are equal here.
  expect(policies).not.toContain("belady-size");
});

test("families of keys with given ends of prefixes", async () => {
  const path = join(directory.path, "underscores.txt");
  writeFileSync(path, "a_1:x\nb_1:x\na_2:x\n");
  const { stdout } = await runGlasscache([
    ...["simulate", path, "--policy", "lru", "--size", "4", "--json", "--by-prefix", "--prefix-ends", "_-"],
  ]);
  const { families } = JSON.parse(stdout);
  expect(families.map(({ family, requests }: Record<string, unknown>) => [family, requests])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
});

test("keys without families", async () => {
  const { code, stdout, stderr } = await runGlasscache([
    ...["simulate", trace, "--policy", "lru", "--size", "4", "--by-prefix", "--prefix-ends", "_"],
  ]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `glasscache simulate: ${trace}: no key has a prefix: they are numbers or hashes, or none of _ is in them\n`,
  });
  expect(stdout).toContain("(no prefix)");
});

test("the optimum alone, one cache", async () => {
  const { stdout } = await runGlasscache(["simulate", trace, "--policy", "belady", "--size", "4"]);
  expect(stdout).toContain("\n1 cache in ");
  expect(stdout).toEndWith("\n\nMiss ratio       4\nbelady      50.00%\n");
});

const zero = join(directory.path, "zero.csv");
writeFileSync(zero, "key,size\na,1\nb,0\n");

test.each([
  [[trace, "--size", "0"], 2, '--size: "0": a cache of no size holds nothing'],
  [
    [trace, "--size", "ten"],
    2,
    '--size: "ten" is not a size: entries as 1000, bytes as 64mb, or a share as 1%',
  ],
  [[trace, "--policy", "lur"], 2, '--policy: unknown policy "lur": did you mean lru? (known are random, '],
  [[trace, "--policy", "lru,"], 2, '--policy: "" is not a policy such as'],
  [[trace, "--threads", "0"], 2, '--threads: "0" is neither auto nor a number from 1 to 256'],
  [[trace, "--json", "--csv"], 2, "--json and --csv: choose one"],
  [[trace, "--format", "nonsense"], 2, '--format: unknown trace format "nonsense"'],
  [["-", "-"], 2, "standard input (-) can be named only once"],
  [[join(directory.path, "absent.txt")], 1, "absent.txt: there is no such file"],
  // Fails before the first trace is simulated.
  [[trace, "absent.txt"], 1, "absent.txt: there is no such file"],
  [["zipf"], 1, "zipf: there is no such file; a workload is written as zipf(n=1000)"],
  [["zipf(n=10"], 1, "zipf(n=10: there is no such file; a workload is written as zipf(n=1000)"],
  [["zipf(n=many)"], 2, '"n=many" in zipf(n=many) is not of the form name=number'],
  [
    [trace, "--columns", "size=1"],
    2,
    '--columns: "size=1" does not say which column is the key, as in key=2',
  ],
  [[trace, "--svg", trace], 1, `${trace}: it would replace the trace ${trace}`],
  [
    [zero, trace, "--html", join(directory.path, "x", "..", "zero.csv")],
    1,
    `it would replace the trace ${zero}`,
  ],
  [
    [trace, "--svg", "a.out", "--html", "./a.out"],
    1,
    "a.out: one file cannot hold both the chart and the page",
  ],
  [["zipf(n=0)"], 2, "zipf"],
  [[zero], 1, "zero.csv, line 3: the size is 0"],
  [[trace, "--prefix-ends", ":"], 2, "--prefix-ends: needs --by-prefix"],
  [[trace, "--by-prefix", "--prefix-ends", "é"], 2, `--prefix-ends: "é" cannot end a key's prefix`],
  [[trace, "--policy", "lru-k(k=3)"], 2, 'policy lru-k: k must be a whole number from 1 to 2, not "3"'],
  [[trace, "--svg", directory.path], 1, `${directory.path}: it is a directory`],
  [
    [trace, "--warmup", "8"],
    1,
    "keys.txt: there is no read to count among its 8 records behind the 8 records of --warmup",
  ],
])("simulate %p is refused", async (args, code, message) => {
  const result = await runGlasscache(["simulate", ...args]);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
  expect(result.stderr).toStartWith("glasscache simulate: ");
  expect(result.stderr).toContain(message);
  expect(result.stderr.trim().split("\n")).toHaveLength(1);
});

test("cache sizes in bytes get a warning if the trace has no sizes", async () => {
  const { code, stderr } = await runGlasscache(["simulate", trace, "--policy", "lru", "--size", "2,64mb"]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `glasscache simulate: ${trace}: sizes in bytes, but none of its objects has one: each counts as one byte\n`,
  });
});

test("an empty trace, from a file and from standard input", async () => {
  const empty = join(directory.path, "empty.txt");
  writeFileSync(empty, "");
  for (const name of [empty, "-"]) {
    const { code, stderr } = await runGlasscache(["simulate", name], { stdin: "" });
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 1 });
  }
});

test("charts and pages go to standard output, alone, and no file is called -", async () => {
  const cwd = directory.path;
  const args = [trace, "--policy", "lru", "--size", "4"];
  const svg = await runGlasscache(["simulate", ...args, "--svg", "-"], { cwd });
  expect({ code: svg.code, stderr: svg.stderr }).toEqual({ code: 0, stderr: "" });
  expect(svg.stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  const html = await runGlasscache(["simulate", ...args, "--html", "-"], { cwd });
  expect(html.stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  expect(existsSync(join(cwd, "-"))).toBe(false);
  const both = await runGlasscache(["simulate", ...args, "--html", "-", "--svg", "-"], { cwd });
  expect(both).toMatchObject({ code: 1, stdout: "" });
  const json = await runGlasscache(["simulate", ...args, "--html", "-", "--json"], { cwd });
  expect(json).toEqual({
    code: 2,
    stdout: "",
    stderr: "glasscache simulate: --html -: not with --json, which is printed, too\n",
  });
});
