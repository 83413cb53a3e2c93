import { expect, test } from "bun:test";
import { faultOf, lineOf } from "./fault-text.ts";
import { RuleBroken } from "./rule-broken.ts";

test("finds the innermost line of the reader's code in a stack", () => {
  const chromium = `TypeError: no
    at Policy.look (blob:null/4f1c2a-77:12:7)
    at Policy.evict (blob:null/4f1c2a-77:30:9)
    at JudgedPolicy.evict (blob:null/4f1c2a-77:61:2210)`;
  expect(lineOf(chromium, 60)).toBe(12);
  // The first of them is ours: it called the reader's code wrongly.
  expect(lineOf(chromium.replace(":12:7", ":70:1"), 60)).toBe(30);
  expect(lineOf(chromium, 5)).toBeUndefined();
  expect(lineOf("evict@blob:null/4f1c2a:3:14\nx@blob:null/4f1c2a:61:1", 60)).toBe(3);
  expect(lineOf("", 60)).toBeUndefined();
});

test("anything that is thrown is put into words", () => {
  const evil = {
    toString() {
      throw new Error("again");
    },
  };
  const texts = [new RuleBroken("a rule"), new TypeError("no"), "why", undefined, Symbol("s"), evil].map(
    (thrown) => faultOf(thrown, 1).text,
  );
  expect(texts).toEqual([
    ...["a rule", "TypeError: no", "it threw why", "it threw undefined", "it threw Symbol(s)"],
    "it threw something that cannot be told",
  ]);
  expect(faultOf("x".repeat(5000), 1).text.length).toBeLessThan(410);
});
