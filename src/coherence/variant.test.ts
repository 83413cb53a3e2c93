import { expect, test } from "bun:test";
import { ABSENCE, isSameVariant, VALUE, type Variant } from "./variant.ts";

function variant(kind: number, text: string, start: number, end: number): Variant {
  return { kind, bytes: Buffer.from(text), start, end };
}

test("questions are the same if kind and argument are, wherever the argument lies", () => {
  const field = variant(2, "xfieldx", 1, 6);
  expect(isSameVariant(field, field)).toBe(true);
  expect(isSameVariant(field, variant(2, "field", 0, 5))).toBe(true);
  expect(isSameVariant(field, variant(3, "field", 0, 5))).toBe(false);
  expect(isSameVariant(field, variant(2, "field", 0, 4))).toBe(false);
  expect(isSameVariant(field, variant(2, "fiele", 0, 5))).toBe(false);
  expect(isSameVariant(VALUE, ABSENCE)).toBe(false);
  expect(isSameVariant(VALUE, { ...VALUE })).toBe(true);
});

test("the value and its absence are questions without an argument, of the first two kinds", () => {
  for (const [kind, question] of [VALUE, ABSENCE].entries()) {
    expect(question).toEqual({ kind, bytes: new Uint8Array(0), start: 0, end: 0 });
  }
});
