import { expect, test } from "bun:test";
import { indented, lineCount, lineRange, newLine, type TextChange } from "./code-text.ts";

/** `[` and `]` stand where the selection begins and ends. */
function after(marked: string, change: (text: string, from: number, to: number) => TextChange): string {
  const from = marked.indexOf("[");
  const to = marked.indexOf("]") - 1;
  const text = marked.replace(/[[\]]/g, "");
  const { from: first, to: last, text: put, selectFrom, selectTo } = change(text, from, to);
  const all = text.slice(0, first) + put + text.slice(last);
  return `${all.slice(0, selectFrom)}[${all.slice(selectFrom, selectTo)}]${all.slice(selectTo)}`;
}

test("a tab puts two spaces, or moves lines", () => {
  const tab = (text: string) => after(text, (...at) => indented(...at, false));
  const back = (text: string) => after(text, (...at) => indented(...at, true));
  expect(tab("a[]b")).toBe("a  []b");
  expect(tab("a[b]c")).toBe("a  []c");
  expect(tab("x\na[b\n\nc]d\ny")).toBe("x\n  a[b\n\n  c]d\ny");
  // Of the last line nothing is selected.
  expect(tab("[a\nb\n]c")).toBe("  [a\n  b\n]c");
  expect(back("    a[]")).toBe("  a[]");
  expect(back("  x\n  a[b\n c]d\n  y")).toBe("  x\na[b\nc]d\n  y");
  expect(back("[] a")).toBe("[]a");
  expect(back("\ta[]")).toBe("a[]");
});

test("a new line is as deep as the one before, and deeper after an open bracket", () => {
  const enter = (text: string) => after(text, newLine);
  expect(enter("  a[]")).toBe("  a\n  []");
  expect(enter("  if (a) {[]")).toBe("  if (a) {\n    []");
  expect(enter("x\n  a[b]c")).toBe("x\n  a\n  []c");
  expect(enter("[]  a")).toBe("\n[]  a");
});

test("lines are counted from 1", () => {
  const text = "ab\n\ncde";
  expect([lineCount(text), lineCount("")]).toEqual([3, 1]);
  expect([1, 2, 3, 4].map((line) => lineRange(text, line))).toEqual([
    [0, 2],
    [3, 3],
    [4, 7],
    [4, 7],
  ]);
});
