import { expect, test } from "bun:test";
import { hexDigit, isSpace } from "./characters.ts";

const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

test("white space is what C takes for it", () => {
  expect(String.fromCharCode(...BYTES.filter(isSpace))).toBe("\t\n\v\f\r ");
});

test("hexadecimal digits have their values, in either case, and no other byte has one", () => {
  const digits = BYTES.filter((byte) => hexDigit(byte) !== -1);
  expect(String.fromCharCode(...digits)).toBe("0123456789ABCDEFabcdef");
  expect(digits.map(hexDigit)).toEqual(digits.map((byte) => Number.parseInt(String.fromCharCode(byte), 16)));
});
