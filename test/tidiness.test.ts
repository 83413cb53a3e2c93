/** Rules of taste that a machine can check. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readSourceFiles, type SourceFile } from "./support/source-text.ts";

const LINES_TO_THINK_ABOUT = 400;
const LINES_AT_MOST = 600;

interface Rule {
  readonly title: string;
  readonly pattern: RegExp;
  /** Files that are meant to do it. */
  readonly except: RegExp;
}

const RULES: readonly Rule[] = [
  {
    title: "time is an argument",
    pattern: /\b(?:Date\.now|performance\.now|process\.hrtime|Bun\.nanoseconds)\b|\bnew Date\(\)/g,
    except: /^src\/(?:lib\/clock\.ts|cli\/)/,
  },
  {
    title: "randomness is an argument",
    pattern: /\b(?:Math\.random|crypto\.getRandomValues)\b/g,
    // The sandbox replaces the browser's by a seeded one.
    except: /^src\/(?:lib\/(?:random|hash-key)\.ts|cli\/)|^web\/sandbox\/start\.ts$/,
  },
  {
    title: "settings come from the command line's layer",
    pattern: /\b(?:process|Bun|import\.meta)\.env\b/g,
    except: /^src\/cli\/|-conformance\.ts$/,
  },
  { title: "only the command line prints", pattern: /\bconsole\./g, except: /^src\/cli\// },
  {
    title: "only the command line ends the program",
    pattern: /\bprocess\.(?:exit|abort)\b/g,
    except: /^src\/cli\//,
  },
  {
    title: "no mutable module state",
    pattern:
      /^(?:export )?(?:let|var)\b|^(?:export )?const \w+[^=\n]* = (?:new (?:Map|Set|WeakMap|WeakSet)(?:<[^\n]*>)?\(\)|\[\]|\{\});/gm,
    except: /^$/,
  },
  { title: "nothing is left to be done", pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/g, except: /^$/ },
];

const root = join(import.meta.dir, "..");
const files = readSourceFiles(root, ["src", "web"]).filter(({ path }) => !/\.test\.tsx?$/.test(path));

describe("tidiness", () => {
  test.each(RULES.map((rule) => [rule.title, rule] as const))("%s", (_, rule) => {
    expect(files.flatMap((file) => offences(rule, file))).toEqual([]);
  });

  test(`no file has more than ${LINES_AT_MOST} lines`, () => {
    const sizes = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    for (const { path, lines } of sizes) {
      if (lines > LINES_TO_THINK_ABOUT) console.warn(`${path} has ${lines} lines: is it one thing?`);
    }
    expect(sizes.filter(({ lines }) => lines > LINES_AT_MOST)).toEqual([]);
  });

  test("the rules find what they are about", () => {
    const found = (text: string): string[] =>
      RULES.filter((rule) => offences(rule, { path: "src/net/a.ts", text, code: text }).length > 0).map(
        ({ title }) => title,
      );
    expect(found("  const start = performance.now();")).toEqual(["time is an argument"]);
    expect(found("  return Math.random();")).toEqual(["randomness is an argument"]);
    expect(found("  if (process.env['X']) return;")).toEqual(["settings come from the command line's layer"]);
    expect(found("  console.log(1);")).toEqual(["only the command line prints"]);
    expect(found("export let count = 0;")).toEqual(["no mutable module state"]);
    expect(found("const known = new Map<string, number>();")).toEqual(["no mutable module state"]);
    expect(found("const list: string[] = [];")).toEqual(["no mutable module state"]);
    expect(found('const known = new Map([["a", 1]]);\n  let count = 0;')).toEqual([]);
  });
});

/** Unfinished business is looked for in comments too, all else only in code. */
function offences(rule: Rule, file: SourceFile): string[] {
  if (rule.except.test(file.path)) return [];
  const text = rule.pattern.source.includes("TODO") ? file.text : file.code;
  return [...text.matchAll(rule.pattern)].map(
    (match) => `${file.path}:${text.slice(0, match.index).split("\n").length} ${match[0]}`,
  );
}
