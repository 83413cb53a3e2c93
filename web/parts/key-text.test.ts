import { expect, test } from "bun:test";
import { keyText, visibleText } from "./key-text.ts";

test.each([
  ["user:17:cart", "user:17:cart"],
  ["ключ 键 🔑", "ключ 键 🔑"],
  ["a\nb\0", "a\\u{a}b\\u{0}"],
  // A mark of direction would show the end of a name at its beginning.
  ["name\u202egpj.exe", "name\\u{202e}gpj.exe"],
  ["zero\u200bwidth", "zero\\u{200b}width"],
])("%j is shown as %s", (name, text) => expect(visibleText(name)).toBe(text));

test("a key that is no text is told in base64", () => {
  expect(keyText({ base64: "/w==" })).toBe("/w==");
  expect(keyText({ text: "a" })).toBe("a");
});
