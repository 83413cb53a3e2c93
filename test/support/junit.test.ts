import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJUnitReport } from "./junit.ts";

describe("readJUnitReport", () => {
  test("agrees with Bun about what passed, failed, was skipped and is to be done", () => {
    const directory = mkdtempSync(join(tmpdir(), "glasscache-junit-"));
    try {
      writeFileSync(
        join(directory, "sample.test.ts"),
        `import { afterAll, describe, expect, test } from "bun:test";
         test("good", () => {});
         test('bad <x> & "y"', () => { expect(1).toBe(2); });
         test("prints markup", () => { throw new Error("<testcase name='no'/> <skipped/>"); });
         test.skip("left out", () => {});
         test.todo("later");
         describe("outer", () => {
           describe.skipIf(true)("inner (skipped: no such program)", () => { test("deep", () => {}); });
         });
         afterAll(() => { throw new Error("after all"); });`,
      );
      const report = join(directory, "report.xml");
      Bun.spawnSync([process.execPath, "test", "--reporter=junit", `--reporter-outfile=${report}`, "./"], {
        cwd: directory,
        stdout: "ignore",
        stderr: "ignore",
      });
      const totals = readJUnitReport(readFileSync(report, "utf8"));
      expect(totals.passed).toBe(1);
      expect(totals.failedNames).toEqual(['bad <x> & "y"', "prints markup", "(unnamed)"]);
      expect(totals.failed).toBe(3);
      expect(totals.todo).toBe(1);
      expect(totals.skippedNames).toEqual(["left out", "outer > inner (skipped: no such program) > deep"]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("refuses a report that was cut short", () => {
    expect(() => readJUnitReport("")).toThrow("incomplete");
    expect(() => readJUnitReport('<testsuites><testcase name="a" />')).toThrow("incomplete");
  });
});
