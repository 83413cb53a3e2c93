import { describe, expect, test } from "bun:test";
import { fromLatin1 } from "./bytes.ts";
import { matchesGlob } from "./glob.ts";

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  return matchesGlob(fromLatin1(pattern), fromLatin1(text), ignoreCase);
}

describe("globs", () => {
  const cases: [pattern: string, text: string, expected: boolean][] = [
    ["", "", true],
    ["", "a", false],
    ["*", "", false],
    // The ends of a range are compared as signed bytes.
    ["[\xff-b]", "a", true],
    ["[\xff-b]", "\xfe", false],
    ["*", "anything", true],
    ["**", "x", true],
    ["a*", "abc", true],
    ["*c", "abc", true],
    ["a*c", "abcbc", true],
    ["a*b*c", "axxbyyc", true],
    ["a*b*c", "axxbyy", false],
    ["?", "", false],
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h[ae]llo", "hallo", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hallo", true],
    ["h[^e]llo", "hello", false],
    ["h[a-b]llo", "hbllo", true],
    ["h[b-a]llo", "hbllo", true],
    ["h[a-b]llo", "hcllo", false],
    ["[a-]", "^", true],
    ["[\\]]", "]", true],
    ["[\\^a]", "^", true],
    ["[]", "a", false],
    ["[^]", "a", true],
    ["[abc", "b", true],
    ["[a-c", "b", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["\\", "\\", true],
    ["a\\?c", "a?c", true],
    ["a\\?c", "abc", false],
    ["\xff*", "\xff\x00\n", true],
  ];
  for (const [pattern, text, expected] of cases) {
    test(`${JSON.stringify(pattern)} ${expected ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
      expect(matches(pattern, text)).toBe(expected);
    });
  }

  test("letters match in either case if asked for", () => {
    expect(matches("MAX*", "maxmemory")).toBe(false);
    expect(matches("MAX*", "maxmemory", true)).toBe(true);
    expect(matches("[A-C]x", "bX", true)).toBe(true);
  });

  test("a pattern of many stars takes at most pattern times text steps", () => {
    expect(matches(`${"a*".repeat(40)}b`, "a".repeat(5000))).toBe(false);
  });
});
