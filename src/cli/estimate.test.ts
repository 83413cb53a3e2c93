/** Curves, samples, charts and pages of `glasscache simulate`, run as a process. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runGlasscache } from "../../test/support/command-line.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { parseSample } from "./sample.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

const KEYS = "a\nb\nc\na\nd\nb\nc\na\n";
const WORKLOAD = "zipf(n=20k,requests=50k)";

async function simulate(args: readonly string[], stdin = ""): ReturnType<typeof runGlasscache> {
  return runGlasscache(["simulate", ...args], { stdin });
}

test("the curve of LRU from standard input, read once, whatever --policy says", async () => {
  const { code, stdout, stderr } = await simulate(
    ["-", "--mrc", "--size", "2,3,100%", "--json", "--policy", "sieve"],
    KEYS,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.map(({ policy, size, misses, sampleRate }) => [policy, size, misses, sampleRate])).toEqual([
    ["lru", 2, 8, 1],
    ["lru", 3, 7, 1],
    ["lru", 4, 4, 1],
  ]);
});

test("estimates from a sample, set against exact simulation", async () => {
  const args = [WORKLOAD, "--policy", "lru,sieve", "--size", "1%,10%", "--sample", "5%", "--compare"];
  const { code, stdout } = await simulate(args);
  expect(code).toBe(0);
  expect(stdout).toContain("4 caches in");
  expect(stdout).toContain("estimated from 5% of the keys, more for small caches");
  expect(stdout).toContain("± expected, points");
  expect(stdout).toMatch(/Sample +[0-9]+ +[0-9,]+\nshare of the keys +[0-9]+% +[0-9]+%\n/);
  expect(stdout).toMatch(/\nthe mean of 2 sizes, [0-9]+ entries to [0-9,]+ entries, each counted once\n/);
  expect(stdout).toMatch(/Estimates against exact +sizes +mean error, points +greatest +expected\nlru +2 /);
  const lines = (await simulate([...args, "--json"])).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(6);
  expect(lines[1]).toHaveProperty("standardError");
  expect(lines[1].isResolved).toBe(true);
  expect(lines[5]).toMatchObject({ policy: "sieve", sizes: 2 });
  expect(lines[5].meanAbsoluteError).toBeLessThan(0.05);
});

test("for a trace that can be read only once, unresolved sizes are marked", async () => {
  const trace = (await simulate([WORKLOAD, "--write", "-", "--write-format", "keys"])).stdout;
  const args = ["-", "--mrc", "--sample", "10%", "--size", "10,100,5000"];
  const { stdout } = await simulate(args, trace);
  expect(stdout).toMatch(/\nlru +[0-9.]+%\? +[0-9.]+%\? +[0-9.]+%\n\n\? the sample holds too little/);
  const lines = (await simulate([...args, "--json"], trace)).stdout.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).isResolved)).toEqual([false, false, true]);
});

test("a chart and a page, of several traces", async () => {
  const [svg, html] = [join(directory.path, "chart.svg"), join(directory.path, "page.html")];
  const traces = ["zipf(n=100,requests=1k)", "uniform(n=100,requests=1k)"];
  const { code, stderr } = await simulate([...traces, "--size", "10,50", "--svg", svg, "--html", html]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(readFileSync(svg, "utf8").match(/class="title"/g)).toHaveLength(2);
  const page = readFileSync(html, "utf8");
  expect(page).toContain("<dt>Trace</dt><dd>uniform(n=100,requests=1000,size=1,seed=1)</dd>");
  expect(page).toContain("<dd>glasscache simulate &#39;zipf(n=100,requests=1k)&#39; ");
  expect(readdirSync(directory.path).sort()).toEqual(["chart.svg", "page.html"]);
  expect(page).toMatch(/<dt>Date<\/dt><dd>20[0-9-]+T[0-9:]+Z<\/dd>/);
});

describe("a curve without --size", () => {
  const rowsOf = (csv: string): string[][] =>
    csv
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.match(/"[^"]*"|[^,]+/g)!);

  test("has many sizes for programs, once each and in order; those that are named and no others if any are", async () => {
    const { code, stdout } = await simulate([WORKLOAD, "--mrc", "--csv"]);
    expect(code).toBe(0);
    const rows = rowsOf(stdout);
    const sizes = rows.map(([, , size]) => Number(size));
    expect(sizes.length).toBeGreaterThan(60);
    expect(sizes).toEqual([...new Set(sizes)].sort((one, other) => one - other));
    const ratios = rows.map(([, , , , , , missRatio]) => Number(missRatio));
    expect(ratios).toEqual(ratios.toSorted((one, other) => other - one));
    const named = rowsOf((await simulate([WORKLOAD, "--mrc", "--csv", "--size", "1%,10%"])).stdout);
    expect(named.map(([, , size]) => Number(size))).toHaveLength(2);
    // The same caches have the same misses.
    for (const row of named) expect(rows.map((one) => one.slice(0, 9))).toContainEqual(row.slice(0, 9));
  });

  test("has the usual nine for people, in the table and in that of the page, and more in charts", async () => {
    const [svg, html] = [join(directory.path, "curve.svg"), join(directory.path, "curve.html")];
    const { stdout } = await simulate([WORKLOAD, "--mrc", "--svg", svg, "--html", html]);
    expect(stdout).toContain("\n9 caches in ");
    expect(stdout.match(/[0-9]%/g)).toHaveLength(9);
    const drawn = readFileSync(svg, "utf8").match(/<circle /g)!.length;
    expect(drawn).toBeGreaterThan(60);
    const page = readFileSync(html, "utf8");
    expect(page.match(/<circle /g)).toHaveLength(2 * drawn);
    expect(page.match(/<th /g)).toHaveLength(1 + 9);
  });

  test("has of a sample only those besides that it holds enough of, and compares none of these", async () => {
    const { stdout } = await simulate([WORKLOAD, "--mrc", "--sample", "10%", "--json", "--compare"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const comparison = lines.pop();
    expect(comparison).toMatchObject({ policy: "lru", sizes: 9 });
    const sampled = lines.filter(({ sampleRate }) => sampleRate === 0.1);
    expect(sampled.length).toBeGreaterThan(9);
    expect(Math.min(...sampled.map(({ size }) => size))).toBeGreaterThanOrEqual(1000);
    expect(lines.every(({ isResolved }) => isResolved)).toBe(true);
    expect(lines.length - sampled.length).toBeLessThan(9);
  });
});

describe("refused", () => {
  const missing = join(directory.path, "missing", "chart.svg");
  test.each([
    ["a window of estimates", ["--sample", "1%", "--window", "10"], 2, "--window: not with --sample"],
    ["families of a curve", ["--mrc", "--by-prefix"], 2, "--by-prefix: not with --mrc"],
    ["a check of a curve", ["--mrc", "--check"], 2, "--check: not with --mrc"],
    ["nothing to compare", ["--compare"], 2, "--compare: needs --sample or --mrc"],
    ["a comparison as CSV", ["--mrc", "--compare", "--csv"], 2, "--compare: not with --csv"],
    ["a sample of nothing", ["--sample", "0"], 2, `--sample: "0" is not a sample`],
    [
      "a file in no folder",
      ["--svg", missing],
      1,
      `${missing}: there is no directory ${join(directory.path, "missing")}`,
    ],
  ])("%s", async (_, args, expected, message) => {
    const { code, stdout, stderr } = await simulate([WORKLOAD, ...args]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
    expect(existsSync(missing)).toBe(false);
  });
});

test("a sample is a share or a number of keys", () => {
  expect(parseSample("0.01")).toEqual({ kind: "rate", rate: 0.01 });
  expect(parseSample("2.5%")).toEqual({ kind: "rate", rate: 0.025 });
  expect(parseSample("100%")).toEqual({ kind: "rate", rate: 1 });
  expect(parseSample("8192")).toEqual({ kind: "objects", objects: 8192 });
  for (const text of ["1", "99", "101%", "0.0000001", "1.5", "-1", "x", "1e9", "200000000"]) {
    expect(() => parseSample(text)).toThrow("is not a sample");
  }
});
