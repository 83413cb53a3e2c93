import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSuites, runSuite, type SuiteResult } from "./suite.ts";

const FILES = {
  "src/good.test.ts": `import { test } from "bun:test"; test("good", () => {});`,
  "src/bad.test.ts": `import { test } from "bun:test"; test("bad", () => { throw new Error("bad"); });`,
  "src/no-import.test.ts": `import "./missing.ts"; import { test } from "bun:test"; test("never", () => {});`,
  "src/exits.test.ts": `import { test } from "bun:test"; test("exits", () => { process.exit(0); });`,
  "src/crashes.test.ts": `import { test } from "bun:test"; test("dies", () => { process.kill(process.pid, "SIGKILL"); });`,
  "src/empty.test.ts": "",
  "src/hangs.test.ts": `import { test } from "bun:test"; test("hangs", () => { for (;;) {} });`,
  "src/setup.test.ts": `import { beforeAll, describe, test } from "bun:test";
    describe("group", () => { beforeAll(() => { throw new Error("setup"); }); test("never", () => {}); });`,
  "test/alone.test.ts": `// Runs alone: it fills all memory.\nimport { test } from "bun:test"; test.skip("no", () => {});`,
  "test/helper.ts": "export {};",
};

describe("test runner", () => {
  let root = "";
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "glasscache-suites-"));
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const run = (path: string, suiteMs = 20_000): Promise<SuiteResult> =>
    runSuite(root, { path, alone: false }, { suiteMs, testMs: 10_000 });

  test("finds test files, filtered, and those that run alone", () => {
    expect(findSuites(root, []).length).toBe(Object.keys(FILES).length - 1);
    expect(findSuites(root, ["good", "test/"])).toEqual([
      { path: "src/good.test.ts", alone: false },
      { path: "test/alone.test.ts", alone: true },
    ]);
  });

  test("counts what passed, failed and was skipped", async () => {
    expect(await run("src/good.test.ts")).toMatchObject({ totals: { passed: 1, failed: 0 }, problem: "" });
    expect(await run("src/bad.test.ts")).toMatchObject({ totals: { passed: 0, failed: 1 }, problem: "" });
    expect(await run("test/alone.test.ts")).toMatchObject({ totals: { skipped: 1, failed: 0 }, problem: "" });
  });

  test.each([
    ["src/no-import.test.ts", "told no results"],
    ["src/exits.test.ts", "told no results and ended with code 0"],
    ["src/crashes.test.ts", "ended with SIGKILL"],
    ["src/empty.test.ts", "told no results"],
  ])("counts %s as a failure: %s", async (path, problem) => {
    const result = await run(path);
    expect(result.totals.failed).toBe(1);
    expect(result.totals.passed).toBe(0);
    expect(result.problem).toContain(problem);
  });

  test("counts a failing set-up as a failure", async () => {
    expect((await run("src/setup.test.ts")).totals).toMatchObject({ passed: 0, failed: 1 });
  });

  test("ends a suite that takes too long", async () => {
    const result = await run("src/hangs.test.ts", 300);
    expect(result.totals.failed).toBe(1);
    expect(result.problem).toContain("took more than 0.3 s");
  });
});
