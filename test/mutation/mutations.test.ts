import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, describeMutation, type Kind, mutationsOf } from "./mutations.ts";
import { Program } from "./program.ts";

let root = "";
let program: Program;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "glasscache-mutation-test-"));
  symlinkSync(join(import.meta.dir, "../../node_modules"), join(root, "node_modules"));
  writeFileSync(
    join(root, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { strict: true, noUnusedLocals: true, types: [] }, include: ["*.ts"] }),
  );
  program = new Program(root);
});
afterAll(async () => {
  await program.close();
  rmSync(root, { recursive: true });
});

/** The file's text after each of its mutations of a kind. */
async function mutated(kind: Kind, text: string): Promise<string[]> {
  await program.compiles("a.ts", text);
  const tree = (await program.parse(["a.ts"])).get("a.ts")!;
  return mutationsOf("a.ts", tree)
    .filter((mutation) => mutation.kind === kind)
    .map((mutation) => apply(text, mutation));
}

describe("mutations", () => {
  test("flip comparisons", async () => {
    expect(await mutated("comparison", "export const a = (b: number) => b < 1 || b === 2;")).toEqual([
      "export const a = (b: number) => b <= 1 || b === 2;",
      "export const a = (b: number) => b < 1 || b !== 2;",
    ]);
  });

  test("change constants, but not types and what is for people", async () => {
    const text = [
      "declare const log: { warn(text: string, code: number): void };",
      "export const [a, b, c, d]: (0 | 1 | 64 | true)[] = [0, 1, 64, true];",
      'log.warn("no", 5);',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of one
      "export const e = `${7}`;",
    ];
    const list = (...values: string[]) =>
      text.with(1, `export const [a, b, c, d]: (0 | 1 | 64 | true)[] = [${values.join(", ")}];`).join("\n");
    expect(await mutated("constant", text.join("\n"))).toEqual([
      list("1", "1", "64", "true"),
      list("0", "2", "64", "true"),
      list("0", "0", "64", "true"),
      list("0", "1", "128", "true"),
      list("0", "1", "32", "true"),
      list("0", "1", "64", "false"),
    ]);
  });

  test("drop calls whose result is not used, but no assertions", async () => {
    const text = (calls: string) =>
      `declare function a(): Promise<number>;\ndeclare function assert(b: boolean): void;\n${calls}\nexport {};`;
    expect(await mutated("dropped call", text("a();\nvoid a();\nassert(true);\nconst b = a();"))).toEqual([
      text(";\nvoid a();\nassert(true);\nconst b = a();"),
      text("a();\n;\nassert(true);\nconst b = a();"),
    ]);
  });

  test("drop awaits", async () => {
    const text = "export const a = async (b: Promise<void>) => {\n  await b;\n};";
    expect(await mutated("dropped await", text)).toEqual([text.replace("await b", "b")]);
  });

  test("swap branches, also with one that is not there", async () => {
    const text = (body: string) => `export function a(b: boolean): number {\n  ${body}\n  return 3;\n}`;
    expect(await mutated("swapped branch", text("if (b) return 1;\n  else return 2;"))).toEqual([
      text("if (b) { return 2; } else { return 1; }"),
    ]);
    expect(await mutated("swapped branch", text("if (b) return 1;"))).toEqual([
      text("if (b) {  } else { return 1; }"),
    ]);
    expect(await mutated("swapped branch", text("return b ? 1 : 2;"))).toEqual([
      text("return b ? (2) : (1);"),
    ]);
  });

  test("are told with their line", () => {
    const text = "first();\n  second(1,\n    2);\nthird();";
    const start = text.indexOf("2);");
    const around = { start, end: start + 1, isStatement: false };
    const mutation = { kind: "constant", path: "a.ts", ...around, replacement: "4", around } as const;
    expect(describeMutation(text, mutation)).toEqual({ line: 3, before: "2);", after: "4);" });
  });
});

describe("what compiles", () => {
  test("is told, with every change of the file", async () => {
    expect(await program.compiles("a.ts", "export const a: number = 1;")).toBe(true);
    expect(await program.compiles("a.ts", 'export const a: number = "1";')).toBe(false);
    expect(await program.compiles("a.ts", "export const a: number = ;")).toBe(false);
    expect(await program.compiles("a.ts", "const a: number = 1;\nexport {};")).toBe(true);
  });
});
