import { expect, test } from "bun:test";
import { join } from "node:path";
import { taught } from "../../lesson/policies.ts";
import type { Requests } from "../../play/requests.ts";
import ownTrafficBody from "./body.ts";
import { recordedRequests } from "./recording.ts";
import { recordingIn, recordingText } from "./recording-text.ts";
import {
  BUY,
  firstsOf,
  HAVE,
  missesAt,
  missesSoFar,
  POLICIES,
  REPLAYED,
  readsIn,
  SIZES,
  STEPS,
  TRACE,
} from "./run.ts";
import { ANSWERS, because, round, sizeSays, verdict } from "./words.ts";

const PATH = join(import.meta.dir, "../../traces", TRACE.file);
const opened = () => recordedRequests(new Blob([Bun.file(PATH)]));

interface Row {
  readonly policy: string;
  readonly size: number;
  readonly requests: number;
  readonly missRatio: number;
}

async function simulated(): Promise<Row[]> {
  const glasscache = join(import.meta.dir, "../../../bin/glasscache");
  const options = ["--writes", "drop", "--policy", POLICIES.join(","), "--size", SIZES.join(","), "--json"];
  const simulator = Bun.spawn([glasscache, "simulate", PATH, ...options], { stderr: "inherit" });
  const lines = (await new Response(simulator.stdout).text()).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

test("the lesson's figures are those that the simulator prints", async () => {
  const [requests, rows] = await Promise.all([opened(), simulated()]);
  expect(rows.length).toBe(POLICIES.length * SIZES.length);
  const missesBySize = new Map(SIZES.map((size) => [size, missesAt(requests, size)]));
  for (const { policy, size, requests: reads, missRatio } of rows) {
    expect(reads).toBe(readsIn(requests));
    const misses = missesBySize.get(size)![POLICIES.indexOf(policy)]!;
    expect(misses).toBeCloseTo(100 * missRatio, 9);
  }
  for (const cache of REPLAYED) {
    const last = missesSoFar(requests, cache)[STEPS]!;
    expect(last).toBe(missesBySize.get(cache.size)![POLICIES.indexOf(cache.policy)]!);
  }
});

test("what the text says is what happens", async () => {
  const requests = await opened();
  const [lru, s3, large] = REPLAYED.map((cache) => missesSoFar(requests, cache)[STEPS]!);
  expect([lru, s3, large].map((misses) => round(misses!))).toEqual([72, 67, 58]);
  const firsts = firstsOf(requests);
  // No cache misses less often.
  expect(firsts).toBeLessThan(missesAt(requests, SIZES.at(-1)!)[3]!);
  const best = missesAt(requests, HAVE)[3]!;
  const told = because([lru!, s3!, large!], firsts, best);
  expect(told[0]).toContain(`So at most ${72 - round(firsts)} are`);
  expect(told[2]).toContain("8 times as many, 58 miss: 14 fewer");
  const text = await ownTrafficBody();
  for (const part of told) expect(text).toContain(part);
  expect(text).toContain(`LRU with ${HAVE} places. It misses 72 of 100 reads`);
});

test("a size says what it is worth", async () => {
  const requests = await opened();
  const misses = SIZES.map((size) => missesAt(requests, size));
  const lru = misses.map((each) => each[0]!);
  const says = (size: number): string => sizeSays(size, misses[SIZES.indexOf(size)]!, lru);
  expect(says(HAVE)).toEndWith("Of the sizes here, LRU needs 300 places to do as well as S3-FIFO.");
  expect(says(BUY)).toEndWith("LRU and S3-FIFO are about alike here.");
  expect(says(HAVE)).toContain(`${taught("belady").title} ${round(misses[2]![3]!)}`);
});

test("the page has the recording's times, keys and operations, and its caches decide the same", async () => {
  const requests = await opened();
  const [, textContent] = />(.*)</.exec(await recordingText(requests))!;
  const page = { getElementById: () => ({ content: { textContent } }) } as unknown as Document;
  const read = await recordingIn(page);
  const columns = ({ batch: { timeMs, objects, operation, ttlMs, nextDistance }, count }: Requests) =>
    [timeMs, objects, operation, ttlMs, nextDistance].map((column) => column.subarray(0, count));
  expect(read.count).toBe(requests.count);
  expect(columns(read)).toEqual(columns(requests));
  expect(read.workingSet.objects).toBe(requests.workingSet.objects);
  for (const size of SIZES) expect(missesAt(read, size)).toEqual(missesAt(requests, size));
  for (const cache of REPLAYED) expect(missesSoFar(read, cache)).toEqual(missesSoFar(requests, cache));
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict(0, 67, 66.5)).toBe("S3-FIFO, 100 places: you said 67, it was 67. Exactly.");
  expect(verdict(0, 50, 66.5)).toEndWith("too rarely for any cache of this size.");
  expect(verdict(1, 10, 58.2)).toContain("LRU, 800 places: you said 10, it was 58. Nearly half");
  expect(verdict(1, 90, 58.2)).toEndWith("They fit now.");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
