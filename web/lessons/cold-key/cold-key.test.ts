import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import fc from "fast-check";
import { CoherentCache } from "../../../src/coherence/coherent-cache.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { COLD_KEY, coldKeyFacts, KEY, LATENCY_MS } from "./run.ts";
import { ANSWERS, because, verdict } from "./words.ts";

const ALONE = { ...COLD_KEY, coalesces: false };

afterEach(() => {
  mock.restore();
});

test("with coalescing one question is asked, and all have its answer", () => {
  const facts = coldKeyFacts(COLD_KEY);
  expect(facts).toMatchObject({ questions: 1, commands: 2, misses: 1, coalesced: 999, hits: 0, failed: 0 });
  expect(facts.waitsMs.length).toBe(1000);
  // There and back, and two commands.
  expect(facts.waitsMs.at(-1)).toBe(2 * LATENCY_MS + 2 * COLD_KEY.serviceMs);
  const text = because(facts, COLD_KEY);
  expect(text).toContain("999 more asked for the same key");
  expect(text).toContain("2 commands, and the last client had its answer after 14 ms");
});

test("without it each client asks, and stands in the origin's line", () => {
  const facts = coldKeyFacts(ALONE);
  expect(facts).toMatchObject({ questions: 1000, commands: 2000, misses: 1000, hits: 0, refused: 999 });
  expect(facts.lastedMs).toBeGreaterThan(2000 * ALONE.serviceMs);
  expect(because(facts, ALONE)).toContain("1,000 of them, 2,000 commands");
  expect(because(facts, ALONE)).toContain("after 4 s. Of the 1,000 answers one was stored");
});

test("clients that come later than the first answer have hits", () => {
  for (const settings of [COLD_KEY, ALONE]) {
    const slow = { ...settings, withinMs: 100 };
    const { questions, hits, coalesced, misses } = coldKeyFacts(slow);
    expect(hits).toBeGreaterThan(500);
    expect(hits + coalesced + misses).toBe(1000);
    expect(questions).toBe(misses);
  }
});

test("a failure reaches every client that waits, and leaves nothing behind", () => {
  const broken = { ...COLD_KEY, breaksAtMs: 12 };
  const facts = coldKeyFacts(broken);
  expect(facts).toMatchObject({ questions: 1, failed: 1000, coalesced: 0, hits: 0 });
  expect(because(facts, broken)).toContain("all 1,000 clients were told that it failed");
});

test("whatever the numbers, one question is under way at a time and everybody is told", () => {
  const settings = fc.record({
    clients: fc.integer({ min: 1, max: 60 }),
    withinMs: fc.integer({ min: 1, max: 200 }),
    serviceMs: fc.integer({ min: 0, max: 20 }),
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
    expect(coldKeyFacts({ ...COLD_KEY, clients: CLIENTS }).questions).toBe(1);
    expect(await questionsOfProxy()).toBe(1);
  });

  test("a question for each client once no flight can be joined", async () => {
    spyOn(CoherentCache.prototype, "joinable").mockReturnValue(undefined);
    expect(coldKeyFacts({ ...COLD_KEY, clients: CLIENTS }).questions).toBe(CLIENTS);
    expect(await questionsOfProxy()).toBe(CLIENTS);
  });
});

test("a guess is compared, and each wrong answer has its hint", () => {
  const [together, alone] = [coldKeyFacts(COLD_KEY), coldKeyFacts(ALONE)];
  expect(verdict(1, together, COLD_KEY)).toBe("You said 1, it was 1. Exactly.");
  expect(verdict(1000, together, COLD_KEY)).toContain("nobody needs to ask it again");
  expect(verdict(1, alone, ALONE)).toStartWith("You said 1, it was 1,000. An empty cache");
  expect(verdict(2000, alone, ALONE)).toContain("had a hit");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
