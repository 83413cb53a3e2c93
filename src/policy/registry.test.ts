import { describe, expect, test } from "bun:test";
import { formatPolicy, parsePolicy, policyNames, policyType } from "./registry.ts";

describe("registry", () => {
  test("finds every policy under its name", () => {
    for (const name of policyNames()) expect(policyType(name).name).toBe(name);
  });

  test("knows these policies", () => {
    expect(policyNames().sort()).toEqual(
      [
        ...[
          "random",
          "fifo",
          "clock",
          "sieve",
          "s3-fifo",
          "lru",
          "slru",
          "2q",
          "lru-k",
          "lirs",
          "arc",
          "car",
        ],
        ...["lfu", "lfu-da", "gdsf", "hyperbolic", "w-tinylfu", "w-tinylfu-climb", "belady", "belady-size"],
      ].sort(),
    );
    const offline = policyNames().filter((name) => policyType(name).offline === true);
    expect(offline).toEqual(["belady", "belady-size"]);
  });

  test("every policy makes do with two words of a slot", () => {
    for (const { name, wordsPerSlot } of policyNames().map(policyType)) {
      expect([name, wordsPerSlot <= 2]).toEqual([name, true]);
    }
  });

  test("more entries or ghosts never need fewer words", () => {
    for (const { name, parameters, stateWords } of policyNames().map(policyType)) {
      for (let count = 1; count < 300; count++) {
        const [entries, ghosts] = [stateWords(count, parameters, 9), stateWords(99, parameters, count)];
        expect([name, count, Number.isInteger(entries)]).toEqual([name, count, true]);
        expect(entries).toBeGreaterThanOrEqual(stateWords(count - 1, parameters, 9));
        expect(ghosts).toBeGreaterThanOrEqual(stateWords(99, parameters, count - 1));
        expect(stateWords(count, parameters)).toBeGreaterThanOrEqual(stateWords(count, parameters, 9));
      }
    }
  });

  test("every parameter has a range, and its default lies within", () => {
    for (const { name, parameters, ranges } of policyNames().map(policyType)) {
      expect([name, ...Object.keys(ranges)]).toEqual([name, ...Object.keys(parameters)]);
      for (const [parameter, value] of Object.entries(parameters)) {
        expect(value).toBeGreaterThanOrEqual(ranges[parameter]!.least);
        expect(value).toBeLessThanOrEqual(ranges[parameter]!.most);
      }
    }
  });

  test("a parameter may have the ends of its range, and nothing beyond them", () => {
    for (const { name, ranges } of policyNames().map(policyType)) {
      for (const [parameter, { least, most }] of Object.entries(ranges)) {
        const parse = (value: number) => parsePolicy(`${name}(${parameter}=${value})`).parameters[parameter];
        expect([parse(least), parse(most)]).toEqual([least, most]);
        if (least > 0) expect(() => parse(least / 2)).toThrow(RangeError);
        expect(() => parse(most + 1)).toThrow(RangeError);
      }
    }
  });

  test("reads names and parameters", () => {
    expect(parsePolicy(" LRU ").type.name).toBe("lru");
    expect(parsePolicy("lru()").parameters).toEqual({});
    expect(parsePolicy("s3-fifo").parameters).toEqual({ small: 0.1, ghost: 0.9 });
    expect(parsePolicy("s3-fifo( ghost = 2 )").parameters).toEqual({ small: 0.1, ghost: 2 });
  });

  test("writes what it reads", () => {
    for (const text of ["lru", "s3-fifo", "s3-fifo(small=0.2)", "s3-fifo(small=0.2,ghost=1.5)"]) {
      expect(formatPolicy(parsePolicy(text))).toBe(text);
    }
  });

  test.each([
    ["best", 'unknown policy "best"; known are random, '],
    ["", '"" is not a policy such as lru'],
    ["lru)", '"lru)" is not a policy such as lru'],
    ["s3-fifo(small=0.1", "is not a policy such as lru"],
    ["lru(size=1)", 'policy lru has no parameter "size"; it has none'],
    ["s3-fifo(big=1)", 'policy s3-fifo has no parameter "big"; it has small, ghost'],
    ["s3-fifo(constructor=1)", 'policy s3-fifo has no parameter "constructor"'],
    ["s3-fifo(0.1)", 'policy s3-fifo: "0.1" is not a parameter of the form name=number'],
    ["s3-fifo(small=0.1,)", 'policy s3-fifo: "" is not a parameter of the form name=number'],
    ["s3-fifo(small=1.1)", 'policy s3-fifo: small must be a number from 0 to 1, not "1.1"'],
    ["s3-fifo(small=much)", 'policy s3-fifo: small must be a number from 0 to 1, not "much"'],
    ["s3-fifo(small=0.1,small=0.2)", 'policy s3-fifo: parameter "small" is given twice'],
  ])("refuses %p", (text, message) => {
    expect(() => parsePolicy(text)).toThrow(message);
    expect(() => parsePolicy(text)).toThrow(RangeError);
  });
});
