import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { cachesOf, type Outcome, outcomesOf } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import optimumBody from "./body.ts";
import {
  CACHES,
  COMPARED,
  COUNTED,
  choiceThreads,
  futureRun,
  hitsWith,
  LONG,
  LONG_KEYS,
  LONG_WORKLOAD,
  SIZES,
  threadsOf,
  worstParting,
} from "./run.ts";
import { ANSWERS, because, sizeSays, threadsSay, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const run = await futureRun();
  const from = await simulatedHits(run.requests, CACHES, run.askAt);
  const beyond = await simulatedHits(run.requests, CACHES, run.end);
  expect(outcomesOf(run).map(([row]) => row!.hits)).toEqual(from.map((hits, i) => hits - beyond[i]!));
  const requests = await openRequests({ workload: LONG_WORKLOAD, seed: 1 });
  const caches = cachesOf(COMPARED, 40);
  expect(await hitsWith(40)).toEqual(
    (await simulatedHits(requests, caches)).map((hits) => (100 * hits) / LONG),
  );
});

test("the entry with the longest thread is the one that leaves", async () => {
  const { requests, caches, askAt, end } = await futureRun();
  const run = new Run(requests, caches);
  let evictions = 0;
  for (let at = askAt; at < end; at++) {
    run.seek(at);
    const before = threadsOf(run, 1);
    run.seek(at + 1);
    const after = new Set(threadsOf(run, 1).map(({ name }) => name));
    const gone = before.filter(({ name }) => !after.has(name));
    if (gone.length === 0) continue;
    evictions++;
    expect(gone[0]!.after).toBe(before.at(-1)!.after);
  }
  expect(evictions).toBe(5);
});

test("what the text says is what happens", async () => {
  const run = await futureRun();
  const [lru, belady] = outcomesOf(run).map(([row]) => row!) as [Outcome, Outcome];
  expect([lru.hits, belady.hits]).toEqual([8, 15]);
  const parting = worstParting(run);
  expect(parting.lru.after!).toBeLessThan(parting.belady.after ?? 100);
  const [whyLru, whyBelady] = because([lru, belady], parting);
  expect(whyLru).toContain(`LRU evicted ${parting.lru.name}`);
  expect(whyBelady).toContain("there are 5 misses");
  expect(threadsSay(await choiceThreads())).toBe(
    "B is asked for in 2 requests, A is asked for in 3 requests and C is asked for in 6 requests: C would leave.",
  );
  const body = await optimumBody();
  for (const text of ["LRU: 8 of 20", "Belady: 15 of 20", "of LRU’s 12 misses, 7 came of wrong guesses"]) {
    expect(body).toContain(text);
  }
});

test("no policy is better than the optimum, at any size", async () => {
  for (const places of SIZES) {
    const hits = await hitsWith(places);
    expect(Math.max(...hits)).toBe(hits.at(-1)!);
  }
  expect(sizeSays(40, await hitsWith(40))).toEndWith(
    "Of the way from LRU to the best there could be, S3-FIFO goes 39 %.",
  );
  expect(sizeSays(LONG_KEYS, await hitsWith(LONG_KEYS))).toContain("Everything fits");
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lru", 8, 8)).toBe("LRU: you said 8, it was 8. Exactly.");
  expect(verdict("belady", 9, 15)).toContain("worth more than one thinks");
  expect(verdict("belady", COUNTED, 15)).toContain("only four places");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
