import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Kind, type Mutation, mutationsOf } from "./mutations.ts";
import { Program } from "./program.ts";
import { Reach, withProbes } from "./reach.ts";
import { Scratch } from "./scratch.ts";

const LIMITS = { fileMs: 60_000, testMs: 20_000 };
const FILES: Readonly<Record<string, string>> = {
  "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true, types: [] }, include: ["a.ts"] }),
  "a.ts": [
    "export function size(b: number): number {",
    "  if (b < 7) { if (b === 5) return 50; return 60; } else if (b > 8) tell();",
    "  return b === 7 ? 70 : 80;",
    "}",
    "export function tell(): void {}",
    "export const sizes: Record<number, boolean> = { 7: true };",
  ].join("\n"),
  "here.test.ts":
    'import { size } from "./a.ts"; import { test } from "bun:test"; test("5", () => { size(5); });',
  "program.test.ts": [
    'import { test } from "bun:test";',
    'test("7", () => { Bun.spawnSync([process.execPath, "program.ts"], { cwd: import.meta.dir }); });',
  ].join("\n"),
  "program.ts": 'import { size } from "./a.ts"; size(7);',
  "fails.test.ts": [
    'import { size } from "./a.ts"; import { test } from "bun:test";',
    'test("no", () => { throw new Error("no"); }); test("9", () => { size(9); });',
  ].join("\n"),
};

let root = "";
let mutations: Mutation[];
let scratch: Scratch;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "glasscache-reach-test-"));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  symlinkSync(join(import.meta.dir, "../../node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, ".gitignore"), "node_modules\n");
  Bun.spawnSync(["git", "init", "--quiet"], { cwd: root });
  scratch = new Scratch(root);
  const program = new Program(scratch.root);
  try {
    mutations = mutationsOf("a.ts", (await program.parse(["a.ts"])).get("a.ts")!);
  } finally {
    await program.close();
  }
});
afterAll(() => {
  scratch[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

/** The one whose changed text is this. */
function numberOf(kind: Kind, changed: string): number {
  const number = mutations.findIndex(
    (mutation) => mutation.kind === kind && FILES["a.ts"]!.slice(mutation.start).startsWith(changed),
  );
  expect(number).not.toBe(-1);
  return number;
}

test("a probe runs before what a mutation changes, and changes nothing", () => {
  const text = FILES["a.ts"]!;
  const probed = (number: number) => withProbes(text, new Map([[number, mutations[number]!]]), "m");
  const head = 'import { reached as reached$ } from "m"; ';
  const comparison = numberOf("comparison", "< 7");
  expect(probed(comparison)).toBe(head + text.replace("b < 7", `(reached$(${comparison}), b < 7)`));
  const branch = numberOf("swapped branch", "if (b === 5)");
  expect(probed(branch)).toBe(
    head + text.replace("if (b === 5) return 50;", `{ reached$(${branch}); if (b === 5) return 50; }`),
  );
  const inner = numberOf("swapped branch", "if (b > 8)");
  expect(probed(inner)).toContain(`else { reached$(${inner}); if (b > 8) tell(); }`);
});

test("the tests that run a mutation's code are found: here, in programs, and after a failure", async () => {
  const found = await Reach.measure(
    [scratch],
    mutations,
    ["here.test.ts", "program.test.ts", "fails.test.ts"],
    LIMITS,
  );
  const tests = (kind: Kind, changed: string) => found.testsOf(numberOf(kind, changed)).sort();
  expect(tests("swapped branch", "if (b < 7)")).toEqual(["fails.test.ts", "here.test.ts", "program.test.ts"]);
  expect(tests("constant", "50")).toEqual(["here.test.ts"]);
  expect(tests("constant", "60")).toEqual([]);
  // The name of a property is no place for a probe.
  expect(tests("constant", "7: true")).toEqual(["fails.test.ts", "here.test.ts", "program.test.ts"]);
  expect(tests("comparison", "=== 7")).toEqual(["fails.test.ts", "program.test.ts"]);
  expect(tests("constant", "70")).toEqual(["program.test.ts"]);
  expect(tests("dropped call", "tell()")).toEqual(["fails.test.ts"]);
  expect(readFileSync(join(scratch.root, "a.ts"), "utf8")).toBe(FILES["a.ts"]!);
});
