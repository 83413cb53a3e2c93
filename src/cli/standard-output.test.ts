/** A command whose output is not read, or read slowly. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { cleanEnvironment } from "../../test/support/command-line.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");
const WRITING = "simulate 'zipf(n=1000,requests=300k)' --write - --write-format keys";

function shell(command: string): { code: number; out: string; err: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", "-c", `set -o pipefail; ${command}`], {
    env: cleanEnvironment(),
  });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

test("a full disk is reported", () => {
  for (const command of ["simulate 'zipf(requests=1k)' --size 10 --json", "simulate --help", "--help"]) {
    const { code, err } = shell(`'${LAUNCHER}' ${command} >/dev/full`);
    expect(code).toBe(1);
    expect(err).toMatch(/^glasscache: cannot write to standard output: .*\n$/);
  }
});

test("a reader that closes the pipe ends it quietly", () => {
  const { code, out, err } = shell(`'${LAUNCHER}' ${WRITING} | head -n 1`);
  expect(out).toMatch(/^[0-9]+\n$/);
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

test("more than a pipe holds arrives as a whole", () => {
  const { code, out } = shell(`'${LAUNCHER}' ${WRITING} | wc -l`);
  expect({ code, out: out.trim() }).toEqual({ code: 0, out: "300000" });
});
