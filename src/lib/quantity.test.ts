/** Percentages as users write them. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { PERCENTAGE, readNumber } from "./number-setting.ts";

const SHARE = { least: "0%", most: "100%" };

test.each([
  ["0", 0],
  ["0.0", 0],
  ["0%", 0],
  ["1%", 0.01],
  [" 2.5 % ", 0.025],
  ["100%", 1],
])("%p is a percentage", (text, share) => {
  expect(readNumber(text, PERCENTAGE, SHARE)).toBe(share);
});

test.each(["", "%", "1", "0.5", "-1%", "1e1%", "5 percent", "1.%"])("%p is none", (text) => {
  expect(() => readNumber(text, PERCENTAGE, SHARE)).toThrow("is not a percentage such as 5% or 0.1%");
});

test("more than all is too much", () => {
  expect(() => readNumber("100.1%", PERCENTAGE, SHARE)).toThrow("the most is 100%");
});

test("what is shown reads as the same share", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 8 }), (millionths) => {
      const shown = PERCENTAGE.show(PERCENTAGE.parse(`${(millionths / 10 ** 6).toFixed(6)}%`));
      expect(shown).toBe(
        `${Number((millionths / 10 ** 6).toFixed(6))
          .toFixed(6)
          .replace(/\.?0+$/, "")}%`,
      );
    }),
    { seed: 1 },
  );
});
