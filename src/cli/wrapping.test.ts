import { describe, expect, test } from "bun:test";
import { definitionList, fitted, widthOf, wrapped } from "./wrapping.ts";

const TEXT =
  "PUT key=value stores a value, and 漢字 take two cells each; a-word-that-is-longer-than-forty-columns-is-cut.";

describe.each([40, 80, 200])("at %d columns", (columns) => {
  test("no line is wider, and nothing is lost", () => {
    const lines = wrapped(TEXT, columns).split("\n");
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(lines.join("").replaceAll(" ", "")).toBe(TEXT.replaceAll(" ", ""));
    const indented = wrapped(TEXT, columns, "      ").split("\n");
    for (const line of indented) {
      expect(line).toStartWith("      ");
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  test("terms and their explanations are side by side if there is room", () => {
    const list = definitionList(
      [
        ["a term of some length", TEXT],
        ["b", "short"],
      ],
      columns,
      { indent: "  " },
    );
    for (const line of list.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(list.includes("  b                       short")).toBe(columns > 40);
  });

  test("one row is cut, colours ended", () => {
    expect(fitted("short", columns)).toBe("short");
    const coloured = `\x1b[32m${"漢".repeat(150)}\x1b[0m`;
    const row = fitted(coloured, columns);
    expect(widthOf(row)).toBeLessThanOrEqual(columns);
    expect(row).toEndWith("…\x1b[0m");
  });
});

test("words are broken at spaces only", () => {
  expect(wrapped("one two three four five six", 20)).toBe("one two three four\nfive six");
  expect(wrapped("one\ntwo three", 20, "  ")).toBe("  one\n  two three");
});
