import { expect, test } from "bun:test";
import { guessHash, readGuess } from "./guess.ts";
import { verdictText } from "./verdict.ts";

test("a guess is written as it is read", () => {
  expect(guessHash("", [9, 19])).toBe("#guess=9,19");
  expect(readGuess(guessHash("", [9, 19]), 2, 20)).toEqual([9, 19]);
  expect(guessHash("#guess=9,19", undefined)).toBe("#");
});

test("a guess leaves the other parts of the address as they are", () => {
  expect(guessHash("#guess=1&order=AoB", [3])).toBe("#order=AoB&guess=3");
  expect(guessHash("#guess=1&order=AoB", undefined)).toBe("#order=AoB");
  expect(readGuess("#order=AoB&guess=3", 1, 3)).toEqual([3]);
});

test("what is no guess of this lesson is none", () => {
  for (const hash of [
    "",
    "#",
    "#guess=",
    "#guess=9",
    "#guess=9,19,3",
    "#guess=9,21",
    "#guess=9,-1",
    "#guess=9,x",
  ]) {
    expect(readGuess(hash, 2, 20)).toBeUndefined();
  }
});

test("a verdict tells too low from too high", () => {
  const reasons = ["Low.", "High."] as const;
  expect(verdictText(undefined, 5, 9, reasons)).toBe("You said 5, it was 9. Low.");
  expect(verdictText("LRU", 15, 9, reasons)).toBe("LRU: you said 15, it was 9. High.");
  expect(verdictText("LRU", 9, 9, reasons)).toEndWith("Exactly.");
  expect(verdictText("LRU", 11, 9, reasons)).toEndWith("High.");
  expect(verdictText("LRU", 11, 9, reasons, 2)).toEndWith("Nearly.");
});
