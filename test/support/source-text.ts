import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A TypeScript file as the tests of imports and tidiness see it. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments, and what strings and regular expressions hold, turned to spaces; lines stay. */
  readonly code: string;
}

/** All TypeScript files below `folders`, sorted. */
export function readSourceFiles(root: string, folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.{ts,tsx}`).scanSync({ cwd: root })])
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, code: blankOut(text) };
    });
}

/** What a file imports, in whatever way: statically, as a type, dynamically, for its effects, as a worker. */
export function importsOf(file: SourceFile): string[] {
  const found: string[] = [];
  // Looked for in the blanked code, so that comments and strings do not matter; read from the text, as the
  // specifier itself is a string.
  const form =
    /\b(?:import|export)\b[^;'"`()]*?\bfrom\s*(?=["'])|\bimport\s*(?=["'])|\b(?:import|require)\s*\(\s*(?=["'`])|\bnew\s+URL\(\s*(?=["'])/g;
  for (const match of file.code.matchAll(form)) {
    const start = match.index + match[0].length;
    const quote = file.text[start]!;
    found.push(file.text.slice(start + 1, file.text.indexOf(quote, start + 1)));
  }
  return found;
}

/** Turns comments and the insides of strings, templates and regular expressions to spaces. */
export function blankOut(text: string): string {
  const out = [...text];
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to && i < text.length; i++) if (text[i] !== "\n") out[i] = " ";
  };
  // Depths of braces at which a template's `${` was opened, innermost last.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const skipTemplate = (): void => {
    const start = at;
    while (at < text.length) {
      if (text[at] === "\\") at += 2;
      else if (text[at] === "`") {
        blank(start, at++);
        return;
      } else if (text[at] === "$" && text[at + 1] === "{") {
        blank(start, at);
        at += 2;
        templates.push(depth++);
        return;
      } else at++;
    }
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = text[at]!;
    const start = at;
    if (two === "//") {
      at = endOf(text, "\n", at);
      blank(start, at);
    } else if (two === "/*") {
      at = endOf(text, "*/", at + 2) + 2;
      blank(start, at);
    } else if (one === '"' || one === "'") {
      at++;
      while (at < text.length && text[at] !== one && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
      blank(start + 1, at++);
    } else if (one === "`") {
      at++;
      skipTemplate();
    } else if (one === "/" && startsRegularExpression(text, at)) {
      at++;
      for (let inClass = false; at < text.length && (inClass || text[at] !== "/"); at++) {
        if (text[at] === "\\") at++;
        else if (text[at] === "[") inClass = true;
        else if (text[at] === "]") inClass = false;
      }
      blank(start + 1, at++);
    } else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      at++;
      if (one === "}" && templates.at(-1) === depth) {
        templates.pop();
        skipTemplate();
      }
    }
  }
  return out.join("");
}

function endOf(text: string, ending: string, from: number): number {
  const at = text.indexOf(ending, from);
  return at === -1 ? text.length : at;
}

/** A slash divides behind a value and begins a regular expression everywhere else. */
function startsRegularExpression(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 200), at).trimEnd();
  return /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else))$/.test(before);
}
