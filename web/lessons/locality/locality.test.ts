import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { outcomesOf, reuseDistances } from "../../lesson/staged-run.ts";
import localityBody from "./body.ts";
import { MEASURED } from "./measured.ts";
import { CACHES, COUNTED, directMs, localityRun, meanMs, PLACES } from "./run.ts";
import { ANSWERS, because, distanceSays, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const run = await localityRun();
  const [before, after] = outcomesOf(run)[0]!.map(({ hits }) => hits);
  const [all] = await simulatedHits(run.requests, CACHES, run.from);
  const [last] = await simulatedHits(run.requests, CACHES, run.askAt);
  expect([before, after]).toEqual([all! - last!, last!]);
});

test("an entry is there if fewer others came in between than there are places", async () => {
  const run = await localityRun();
  for (const [row, { requests }] of outcomesOf(run)[0]!.entries()) {
    const { from, to } = run.counted[row]!;
    const distances = reuseDistances(run.requests, from, to);
    expect(requests.map(({ isHit }) => isHit)).toEqual(
      distances.map((distance) => distance !== undefined && distance < PLACES),
    );
  }
});

test("what the text says is what happens", async () => {
  const run = await localityRun();
  const [before, after] = outcomesOf(run)[0]!;
  expect([before!.hits, after!.hits]).toEqual([4, 14]);
  const why = because(run, outcomesOf(run)[0]!);
  expect(why).toContain("usually came again after 12 different others");
  expect(why).toContain("usually came again after 4 others");
  expect(why).toContain("Of the 6 misses, 3 were for favourites that had not come again yet (H, C and T)");
  // Each of the favourites missed once.
  const missed = after!.requests.filter(({ isHit }) => !isHit).map(({ name }) => name);
  expect(new Set(missed).size).toBe(missed.length);
  const body = await localityBody();
  for (const text of ["All keys alike: 4 of 20", "With favourites: 14 of 20", "0.327 ms", "0.543 ms"]) {
    expect(body).toContain(text);
  }
});

test("the times are those of the benchmark's results", async () => {
  const results = await Bun.file(new URL("../../../bench/RESULTS.md", import.meta.url)).text();
  const table = results.slice(results.indexOf("### GET, 50 connections, pipeline 1\n"));
  const medianMs = (name: string): number => {
    const row = table.split("\n").find((line) => line.startsWith(`| ${name} |`))!;
    return Number(row.split("|")[4]) / 1000;
  };
  expect(MEASURED).toEqual({
    directMs: medianMs("our server, memory"),
    hitMs: medianMs("our proxy, hits"),
    missMs: medianMs("our proxy, every GET a miss"),
  });
});

test("a far store makes hits worth more, up to a bound", () => {
  expect(meanMs(14, 0)).toBeGreaterThan(directMs(0));
  expect(distanceSays(0, [4, 14])).toContain("of 20 requests the store answers 6");
  const ratio = directMs(100) / meanMs(14, 100);
  expect(ratio).toBeGreaterThan(3);
  expect(ratio).toBeLessThan(COUNTED / (COUNTED - 14));
  expect(distanceSays(100, [4, 14])).toEndWith("That is 3.3 times as fast as without.");
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lru", 14, 14)).toEndWith("Exactly.");
  expect(verdict("lru", 5, 14)).toContain("as small as before");
  expect(verdict("lru", 20, 14)).toContain("must be fetched once, too");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
