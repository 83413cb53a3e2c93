/** `bin/bun`: which of the binaries that a package manager has left there it runs. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TemporaryDirectory } from "./support/program.ts";

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = new TemporaryDirectory();
  mkdirSync(join(directory.path, "a project/bin"), { recursive: true });
  copyFileSync(join(import.meta.dir, "../bin/bun"), at("bin/bun"));
});
afterEach(() => directory[Symbol.dispose]());

function at(path: string): string {
  return join(directory.path, "a project", path);
}

/** A binary of another machine, which ends with an error. */
function addForeign(path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), `exit 3\n${"#".repeat(1_100_000)}\n`);
  chmodSync(at(path), 0o755);
}

function addBun(path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(process.execPath, at(path));
}

function run(): { code: number; out: string; err: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([at("bin/bun"), "--print", "6 * 7"]);
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

test("says what to do where there is none, or but a placeholder", () => {
  const expected = { code: 1, out: "", err: expect.stringContaining("run: npm install") };
  expect(run()).toEqual(expected);
  mkdirSync(at("node_modules/bun/bin"), { recursive: true });
  writeFileSync(at("node_modules/bun/bin/bun.exe"), "a placeholder");
  expect(run()).toEqual(expected);
});

test("runs the only one, in the package of the platform or moved out of it", () => {
  addBun("node_modules/bun/bin/bun.exe");
  expect(run()).toEqual({ code: 0, out: "42\n", err: "" });
});

test("runs the one of several that is for this machine", () => {
  addForeign("node_modules/@oven/bun-linux-another/bin/bun");
  addBun("node_modules/@oven/bun-linux-this/bin/bun");
  addForeign("node_modules/bun/bin/bun.exe");
  expect(run()).toEqual({ code: 0, out: "42\n", err: "" });
});
