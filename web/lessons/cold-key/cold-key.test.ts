import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import fc from "fast-check";
import { CoherentCache } from "../../../src/coherence/coherent-cache.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { openRequests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import type { MadeWorkload } from "../../play/settings.ts";
import { ALONE, bothAt, COLD_KEY, coldKeyFacts, endedRun, factsOf, KEY, PLAYGROUND } from "./run.ts";
import { momentOf, timelineOf, waitingOver } from "./timeline.ts";
import { ANSWERS, because, latencySays, verdict } from "./words.ts";

afterEach(() => {
  mock.restore();
});

test("the playground counts nearly the same for the same crowd, evenly spaced", async () => {
  const { workload, caches, conditions } = PLAYGROUND;
  const requests = await openRequests({ workload: workload as MadeWorkload, seed: 1 });
  const costsOf = (coalesces: boolean) => {
    const run = new Run(requests, caches, { ...conditions!, coalesces });
    run.seek(requests.count);
    return run.caches[0]!.costs;
  };
  expect(costsOf(true)).toMatchObject({ fetches: 1, coalesced: 409, duplicates: 0 });
  expect(costsOf(false)).toMatchObject({ fetches: 410, coalesced: 0, duplicates: 409 });
});

test("with coalescing one question is asked, and all who wait have its answer", () => {
  const facts = coldKeyFacts(COLD_KEY);
  expect(facts).toMatchObject({ questions: 1, commands: 2, misses: 1, coalesced: 411, hits: 588, failed: 0 });
  // There and back, and two commands.
  expect(facts.waitsMs.at(-1)).toBe(2 * COLD_KEY.latencyMs + 2 * COLD_KEY.serviceMs);
  const text = because(facts, COLD_KEY);
  expect(text).toContain("411 more asked for the same key");
  expect(text).toContain("after 41 ms, for all of them at once. The other 588 came after");
});

test("without it each client that comes before the first answer asks, and stands in the origin's line", () => {
  const facts = coldKeyFacts(ALONE);
  expect(facts).toMatchObject({ questions: 412, commands: 824, misses: 412, hits: 588, refused: 411 });
  expect(facts.lastedMs).toBeGreaterThan(facts.commands * ALONE.serviceMs);
  const text = because(facts, ALONE);
  expect(text).toContain("412 questions, 824 commands");
  expect(text).toContain("had its answer after 452 ms");
  expect(text).toContain("of the 412 answers, 411 were of no use");
});

test("a failure reaches every client that waits, and leaves nothing behind", () => {
  const broken = { ...COLD_KEY, withinMs: 10, breaksAtMs: 12 };
  const facts = coldKeyFacts(broken);
  expect(facts).toMatchObject({ questions: 1, failed: 1000, coalesced: 0, hits: 0 });
  expect(because(facts, broken)).toContain("All 1,000 clients were told that it failed");
});

test("the drawing has every client, and every question's way in its order", () => {
  for (const settings of [ALONE, COLD_KEY]) {
    const run = endedRun(settings);
    const { questions, lastedMs, firstMs } = factsOf(run);
    const timeline = timelineOf(run);
    expect(timeline.questions.length).toBe(questions);
    for (const { sentMs, arrivedMs, answeredMs, backMs } of timeline.questions) {
      expect(arrivedMs - sentMs).toBeCloseTo(settings.latencyMs);
      expect(answeredMs - arrivedMs).toBeGreaterThanOrEqual(2 * settings.serviceMs - 1e-9);
      expect(backMs - answeredMs).toBeCloseTo(settings.latencyMs);
    }
    expect(momentOf(timeline, 0)).toEqual({ come: 0, waiting: 0, answered: 0, asked: 0 });
    const before = momentOf(timeline, firstMs - 0.01);
    expect(before).toMatchObject({ come: 412, waiting: 412, answered: 0 });
    const after = momentOf(timeline, lastedMs);
    expect(after).toEqual({ come: 1000, waiting: 0, answered: 1000, asked: questions });
    const over = waitingOver(timeline, 1, lastedMs);
    expect(over[0]).toBe(0);
    expect(over[41]).toBe(momentOf(timeline, 41).waiting);
    expect(over.at(-1)).toBe(0);
  }
});

test("the farther the origin, the more ask where every miss asks", () => {
  const runs = [0, 20, 60].map(bothAt);
  expect(runs.map(([alone]) => alone.questions)).toEqual([10, 412, 1000]);
  expect(runs.map(([, together]) => together.questions)).toEqual([1, 1, 1]);
  const says = latencySays({ ...ALONE, latencyMs: 0 }, ...runs[0]!);
  expect(says).toStartWith("The origin is next door: the first answer is back after 1 ms.");
  expect(latencySays(ALONE, ...runs[1]!)).toContain("412 of 1,000 clients ask, and one waits for 411 ms");
});

test("whatever the numbers, one question is under way at a time and everybody is told", () => {
  const settings = fc.record({
    clients: fc.integer({ min: 1, max: 60 }),
    withinMs: fc.integer({ min: 1, max: 200 }),
    serviceMs: fc.integer({ min: 0, max: 20 }),
    latencyMs: fc.integer({ min: 0, max: 30 }),
    seed: fc.nat({ max: 1000 }),
    breaksAtMs: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(settings, ({ breaksAtMs, ...given }) => {
      const facts = coldKeyFacts({
        ...given,
        coalesces: true,
        ...(breaksAtMs !== undefined && { breaksAtMs }),
      });
      expect(facts.hits + facts.misses + facts.coalesced + facts.failed).toBe(given.clients);
      expect(facts.refused).toBe(0);
      if (breaksAtMs === undefined) expect(facts.questions).toBe(1);
    }),
    { numRuns: 300 },
  );
});

describe("lesson and proxy are alike", () => {
  const CLIENTS = 60;
  /** All come before the first answer. */
  const AT_ONCE = { ...COLD_KEY, withinMs: 10 };

  async function questionsOfProxy(): Promise<number> {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.values.set(KEY, "news");
    origin.holdFrom("PTTL");
    const replies = (await local.clients(CLIENTS)).map((client) => client.ask("GET", KEY));
    const { stats } = local.proxy;
    while (stats.misses < CLIENTS) await new Promise(setImmediate);
    await origin.received(stats.misses - stats.coalesced, "GET");
    origin.releaseAll();
    expect(new Set(await Promise.all(replies))).toEqual(new Set(["news"]));
    return origin.count("GET");
  }

  test("one question", async () => {
    expect(coldKeyFacts({ ...AT_ONCE, clients: CLIENTS }).questions).toBe(1);
    expect(await questionsOfProxy()).toBe(1);
  });

  test("a question for each client once no flight can be joined", async () => {
    spyOn(CoherentCache.prototype, "joinable").mockReturnValue(undefined);
    expect(coldKeyFacts({ ...AT_ONCE, clients: CLIENTS }).questions).toBe(CLIENTS);
    expect(await questionsOfProxy()).toBe(CLIENTS);
  });
});

test("a guess is compared, and each wrong answer has its hint", () => {
  const alone = coldKeyFacts(ALONE);
  expect(verdict(412, alone)).toBe("You said 412, it was 412. Exactly.");
  expect(verdict(400, alone)).toEndWith("Nearly.");
  expect(verdict(1, alone)).toContain("That took 41 ms");
  expect(verdict(1000, alone)).toContain("had a hit");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});

test("twice the crowd asks twice as much where every miss asks", () => {
  const twice = { ...ALONE, clients: 2 * ALONE.clients };
  expect(coldKeyFacts(twice).questions).toBe(835);
  expect(coldKeyFacts({ ...twice, coalesces: true }).questions).toBe(1);
});
