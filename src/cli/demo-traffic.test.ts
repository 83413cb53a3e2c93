import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { FAMILIES, isChangedUnseen, isReadByLoad, SCANNED, valueFor, WRITTEN_PAST } from "./demo-keys.ts";
import { Pacer } from "./demo-pacer.ts";
import { DemoTraffic } from "./demo-traffic.ts";

function draw(traffic: DemoTraffic, count: number): string[] {
  return Array.from({ length: count }, () => {
    const { family, number, writes } = traffic.next();
    return `${family.key(number)}${writes ? " written" : ""}`;
  });
}

function mostRead(keys: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]![0];
}

test("a seed gives the same requests, another one others", () => {
  const one = draw(new DemoTraffic(new SeededRandom(1)), 1000);
  expect(draw(new DemoTraffic(new SeededRandom(1)), 1000)).toEqual(one);
  expect(draw(new DemoTraffic(new SeededRandom(2)), 1000)).not.toEqual(one);
});

test("the families have their shares, and some keys are written", () => {
  expect(FAMILIES.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10);
  const keys = draw(new DemoTraffic(new SeededRandom(1)), 20_000);
  const share = (pattern: RegExp) => keys.filter((key) => pattern.test(key)).length / keys.length;
  expect(share(/^product:/)).toBeCloseTo(0.6, 1);
  expect(share(/^session:/)).toBeCloseTo(0.11, 1);
  expect(share(/^user:\d+:cart written$/)).toBeGreaterThan(0);
});

test("popularity moves to other keys of the same families", () => {
  const traffic = new DemoTraffic(new SeededRandom(1));
  expect(mostRead(draw(traffic, 5000))).toBe("product:1");
  traffic.movePopularity();
  const keys = draw(traffic, 20_000);
  expect(mostRead(keys)).toBe(`product:${Math.ceil(SCANNED.count / 7) + 1}`);
  const numbers = keys
    .map((key) => /^product:(\d+)$/.exec(key)?.[1])
    .filter((number) => number !== undefined);
  expect(Math.max(...numbers.map(Number))).toBeLessThanOrEqual(SCANNED.count);
  expect(Math.min(...numbers.map(Number))).toBeGreaterThanOrEqual(1);
});

test("a scan reads each key once, and can begin again", () => {
  const traffic = new DemoTraffic(new SeededRandom(1));
  const all = () => Array.from({ length: SCANNED.count + 1 }, () => traffic.nextScanned());
  expect(all()).toEqual([...Array.from({ length: SCANNED.count }, (_, index) => index + 1), undefined]);
  expect(traffic.nextScanned()).toBeUndefined();
  traffic.beginScan();
  expect(traffic.nextScanned()).toBe(1);
});

test("values have their family's sizes, and the load's keys are known", () => {
  for (const family of FAMILIES) {
    const sizes = Array.from({ length: 100 }, (_, index) => valueFor(family, index + 1).length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(family.leastBytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(family.mostBytes);
    expect(new Set(sizes).size).toBeGreaterThan(10);
    expect(isReadByLoad(family.key(7))).toBe(true);
    const isUnseen = family.ttlMs !== undefined || family === WRITTEN_PAST;
    expect(isChangedUnseen(family.key(7))).toBe(isUnseen);
  }
  expect([isChangedUnseen("product:1"), isReadByLoad("shashank")]).toEqual([false, false]);
});

test("a pacer spreads requests over time, and makes up for short delays only", () => {
  const taken = (pacer: Pacer, nowMs: number) => {
    let count = 0;
    while (count < 1000 && pacer.take(nowMs)) count++;
    return count;
  };
  const pacer = new Pacer(2000, 0);
  expect([taken(pacer, 0), taken(pacer, 5), taken(pacer, 10), taken(pacer, 10)]).toEqual([0, 10, 10, 0]);
  expect(taken(pacer, 60_000)).toBe(100);
  expect(taken(new Pacer(0, 0), 60_000)).toBe(0);
  expect(taken(new Pacer(Number.POSITIVE_INFINITY, 0), 0)).toBe(1000);
  // Rates below one in 50 ms come, too.
  const slow = new Pacer(2, 0);
  expect([taken(slow, 400), taken(slow, 600), taken(slow, 700), taken(slow, 1100)]).toEqual([0, 1, 0, 1]);
});
