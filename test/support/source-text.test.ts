// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.
import { describe, expect, test } from "bun:test";
import { blankOut, importsOf } from "./source-text.ts";

const imports = (text: string): string[] => importsOf({ path: "a.ts", text, code: blankOut(text) });

describe("blankOut", () => {
  test.each([
    ["a; // let b", "a;         "],
    ["a /* let\nb */ c", "a       \n     c"],
    [`x = "let \\" y" + 'z'`, `x = "        " + ' '`],
    ["x = `let ${a + `in ${b}`} y` + c", "x = `    ${a + `   ${b}`}  ` + c"],
    ["x = { a: `b${{ c: 1 }.c}d` }; let e", "x = { a: ` ${{ c: 1 }.c} ` }; let e"],
    ["return /[/'\"]/.test(x) / 2 / y", "return /     /.test(x) / 2 / y"],
    ["a.replace(/`/g, b)", "a.replace(/ /g, b)"],
  ])("%j", (text, expected) => {
    expect(blankOut(text)).toBe(expected);
  });
});

describe("importsOf", () => {
  test("finds every form of import, and no other text", () => {
    expect(
      imports(`
        import a from "./a.ts";
        import type { B } from './b.ts';
        import { c,
          type D } from "./c.ts"; import "./effects.ts";
        export { e } from "./e.ts";
        export * from "./f.ts";
        export type { G } from "./g.ts";
        const h = await import("./h.ts");
        type I = import("./i.ts").I;
        new Worker(new URL("./worker.ts", import.meta.url));
        // import x from "./comment.ts";
        const text = 'import y from "./string.ts"';
        export const from = "not this";
      `),
    ).toEqual([
      "./a.ts",
      "./b.ts",
      "./c.ts",
      "./effects.ts",
      "./e.ts",
      "./f.ts",
      "./g.ts",
      "./h.ts",
      "./i.ts",
      "./worker.ts",
    ]);
  });
});
