import { describe, expect, test } from "bun:test";
import type { NamedPrimary } from "./shared-primary.ts";
import { isDecided, judge, type SentinelAnswer } from "./verdict.ts";

/** Answers such as `a1 a1 b2`: of one sentinel each, a primary's name and its configuration epoch. */
function answersOf(text: string): SentinelAnswer[] {
  return text
    .split(" ")
    .filter((one) => one !== "")
    .map((one, index) => ({ sentinel: `s${index + 1}`, primary: primaryOf(one) }));
}

function primaryOf(text: string): NamedPrimary {
  return { host: text[0]!, port: 6379, configEpoch: Number(text.slice(1)) };
}

describe("the majority of the answers counts", () => {
  test.each([
    ["a1", "a1"],
    ["a1 a1 a1", "a1"],
    ["a1 b2 a1", "a1"],
    ["b2 a1 b2", "b2"],
    // An answer without an epoch, because it may not be told.
    ["a0 b2 a0", "a0"],
    ["a1 a3 b2", "a3"],
  ])("%s: %s", (answers, primary) => {
    expect(judge(answersOf(answers), 3, undefined)).toEqual({ primary: primaryOf(primary) });
  });
});

describe("of two halves, the newer one counts", () => {
  test.each([
    ["a1 b2", "b2"],
    ["b2 a1", "b2"],
    ["a1 b2 a1 b2", "b2"],
    ["a7 b2 c3 a7", "a7"],
  ])("%s: %s", (answers, primary) => {
    expect(judge(answersOf(answers), 4, undefined)).toEqual({ primary: primaryOf(primary) });
  });
});

describe("nobody is believed", () => {
  test.each([
    ["a1 b1", "the sentinels disagree: s1 says a:6379, s2 says b:6379"],
    ["a1 b2 c3", "the sentinels disagree: s1 says a:6379, s2 says b:6379, s3 says c:6379"],
    ["a1 a1 b1 c1 d1", "the sentinels disagree: s1 says a:6379"],
    ["", "no sentinel answers"],
  ])("%s: %s", (answers, problem) => {
    const verdict = judge(answersOf(answers), 5, undefined);
    expect(verdict.primary).toBeUndefined();
    expect(verdict.problem).toStartWith(problem);
  });
});

describe("with a present primary", () => {
  test("a minority that is behind is not believed", () => {
    expect(judge(answersOf("a1"), 3, primaryOf("b2"))).toEqual({
      problem: "only 1 of 3 sentinels answer, with an older configuration",
    });
  });

  test("a minority that says the same, or something newer, is", () => {
    expect(judge(answersOf("b1"), 3, primaryOf("b2"))).toEqual({ primary: primaryOf("b1") });
    expect(judge(answersOf("a3"), 3, primaryOf("b2"))).toEqual({ primary: primaryOf("a3") });
  });

  test("a majority of all sentinels is believed whatever its epoch: they may have been set up anew", () => {
    expect(judge(answersOf("a0 a0"), 3, primaryOf("b2"))).toEqual({ primary: primaryOf("a0") });
  });
});

test("it is decided once more than half of all sentinels agree", () => {
  expect(isDecided(answersOf("a1 a1"), 3)).toBe(true);
  expect(isDecided(answersOf("a1 b1"), 3)).toBe(false);
  expect(isDecided(answersOf("a1 a1"), 4)).toBe(false);
  expect(isDecided(answersOf("a1 b1 a1 c1 a2"), 5)).toBe(true);
  expect(isDecided([], 1)).toBe(false);
});
