import { expect, test } from "bun:test";
import { keyText, safeText, safeValue } from "./safe-text.ts";

test("control characters and invisible ones are escaped, others are kept", () => {
  expect(safeText("a\x1b[2Jb\u202ec\u200bd\x9be\nf\tg")).toBe("a\\x1b[2Jb\\u202ec\\u200bd\\xc2\\x9be f g");
  expect(safeText("漢字 é 👍")).toBe("漢字 é 👍");
});

test("keys", () => {
  expect(keyText({ text: "a\rb" })).toBe("a\\rb");
  expect(keyText({ base64: "AEH/" })).toBe("\\x00A\\xff");
  expect(keyText({ text: "a…" }, 1234)).toBe("a… (1,234 bytes)");
});

test("every text of a value, the names included", () => {
  expect(safeValue({ "a\x07": ["\x1b", { b: "\x00" }], c: 1, d: null, e: true })).toEqual({
    "a\\x07": ["\\x1b", { b: "\\x00" }],
    c: 1,
    d: null,
    e: true,
  } as never);
});
