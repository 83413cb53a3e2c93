import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import { Flight } from "../../../src/coherence/flight.ts";
import { ManualClock } from "../../../src/lib/clock.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import timeToLiveBody from "./body.ts";
import { LIFE_MS, PAGE, quietWaitMs, readsOf, TIME_TO_LIVE, timeToLiveFacts } from "./run.ts";
import { ANSWERS, because, jitterSays, verdict } from "./words.ts";

afterEach(() => {
  mock.restore();
});

test("entries that were filled together expire together", () => {
  const facts = timeToLiveFacts(TIME_TO_LIVE);
  expect(facts.questions[0]).toBe(TIME_TO_LIVE.keys);
  expect(facts.questions.slice(1, 10)).toEqual(new Array(9).fill(0));
  expect(facts.mostAtS).toBe(10);
  expect(facts.most).toBeGreaterThan(8 * facts.average);
  const told = because(facts, TIME_TO_LIVE).join(" ");
  expect(told).toContain(`In second 10 whatever is asked for is a miss: ${facts.most} questions`);
  expect(told).toContain(`${TIME_TO_LIVE.keys - facts.most} pages nobody wanted in what was left of it`);
  // The herd finds together again and again.
  const rounds = [20, 30, 40].map((from) => Math.max(...facts.questions.slice(from, from + 10)));
  expect(told).toContain(`${rounds[0]}, ${rounds[1]} and ${rounds[2]} questions`);
  expect(Math.min(...rounds)).toBeGreaterThan(5 * facts.average);
  expect(facts.questions.slice(18, 20)).toEqual([0, 0]);
  expect(told).toContain("A miss takes 16 ms if nobody else is waiting");
});

test("jitter spreads them, the more the wider it is", () => {
  const without = timeToLiveFacts(TIME_TO_LIVE);
  const runs = [0.1, 0.2, 0.5].map((jitter) => timeToLiveFacts({ ...TIME_TO_LIVE, jitter }));
  const peaks = [without, ...runs].map(({ most }) => most);
  expect(peaks).toEqual(peaks.toSorted((a, b) => b - a));
  expect(runs[2]!.most).toBeLessThan(without.most / 3);
  expect(runs[2]!.longestWaitMs).toBeLessThan(without.longestWaitMs / 5);
  expect(jitterSays(0.2, without, runs[1]!)).toEndWith("It costs hardly anything.");
  expect(jitterSays(0.5, without, runs[2]!)).toMatch(/the origin is asked \d+ % more in all/);
});

test("one page is read, expires and is fetched again", () => {
  const reads = readsOf(TIME_TO_LIVE, PAGE, LIFE_MS);
  const misses = reads.filter(({ isHit }) => !isHit);
  expect(misses.length).toBe(3);
  for (const [i, { atMs }] of misses.entries()) {
    if (i > 0) expect(atMs - misses[i - 1]!.atMs).toBeGreaterThan(TIME_TO_LIVE.ttlMs);
  }
  const quiet = timeToLiveFacts({ ...TIME_TO_LIVE, keys: 1, readsPerSecond: 1 });
  expect(quiet.longestWaitMs).toBeCloseTo(quietWaitMs(TIME_TO_LIVE), 6);
});

test("the text says what happens", async () => {
  const text = await timeToLiveBody();
  expect(text).toContain("20 questions a second to the origin, on average");
  const { most, longestWaitMs } = timeToLiveFacts({ ...TIME_TO_LIVE, jitter: 0.2 });
  expect(text).toContain(
    `up to 20 % less</th><td class="number">${most}</td><td class="number">20</td><td class="number">${Math.round(longestWaitMs)} ms`,
  );
});

test("without coalescing a herd is larger still", () => {
  const together = timeToLiveFacts(TIME_TO_LIVE);
  const alone = timeToLiveFacts({ ...TIME_TO_LIVE, coalesces: false });
  expect(alone.most).toBeGreaterThan(1.3 * together.most);
  expect(alone.longestWaitMs).toBeGreaterThan(2 * together.longestWaitMs);
});

describe("lesson and proxy are alike", () => {
  const KEY = "page";
  const REMAINING_MS = 50;
  /** The answer takes so long. */
  const UNDERWAY_MS = 40;

  /** Returns for how many milliseconds after its arrival a value is a hit in the model. */
  function servedByModel(): number {
    const world = new World(1);
    const origin = new ModelOrigin(world);
    const wire = { latencyMs: UNDERWAY_MS / 2, jitterMs: 0, isSplit: false };
    const proxy = new ModelProxy(world, origin, { wire });
    world.runUntil(100);
    // It expires at the origin that long after the question has been sent.
    origin.set(KEY, "text", REMAINING_MS + UNDERWAY_MS / 2);
    proxy.read(KEY, { answered() {}, failed() {} });
    world.runUntil(100 + UNDERWAY_MS);
    for (let ms = 0; ; ms++) {
      // No message of the origin comes to help.
      world.nowMs = 100 + UNDERWAY_MS + ms;
      if (proxy.peek(KEY) === undefined) return ms;
    }
  }

  async function servedByProxy(): Promise<number> {
    using origin = new FakeOrigin();
    const clock = new ManualClock();
    const never = 1_000_000_000;
    await using local = await LocalProxy.ready({ origin: origin.port, clock, heartbeatMs: never });
    const client = await local.client();
    origin.values.set(KEY, "text");
    origin.remainingMs.set(KEY, REMAINING_MS);
    origin.holdFrom("PTTL");
    const reply = client.ask("GET", KEY);
    await origin.received(1, "GET");
    clock.advance(UNDERWAY_MS);
    origin.releaseAll();
    await reply;
    for (let ms = 0; ; ms++) {
      const { hits } = local.proxy.stats;
      await client.ask("GET", KEY);
      if (local.proxy.stats.hits === hits) return ms;
      clock.advance(1);
    }
  }

  test("an entry's life counts from when its question was sent", async () => {
    expect([servedByModel(), await servedByProxy()]).toEqual([10, 10]);
  });

  test("counted from the answer it would outlive the original", async () => {
    const { timeToLive } = Flight.prototype;
    spyOn(Flight.prototype, "timeToLive").mockImplementation(function (this: Flight, remainingMs) {
      timeToLive.call(this, remainingMs === undefined ? undefined : remainingMs + UNDERWAY_MS);
    });
    expect([servedByModel(), await servedByProxy()]).toEqual([50, 50]);
  });
});

test("a guess is compared, and each wrong answer has its hint", () => {
  const facts = timeToLiveFacts(TIME_TO_LIVE);
  expect(verdict(facts.most, facts)).toEndWith("Exactly.");
  expect(verdict(facts.most - 5, facts)).toEndWith("Nearly.");
  expect(verdict(20, facts)).toContain("The average, 20 a second, says nothing");
  expect(verdict(200, facts)).toContain("not every page is asked for within a second");
  expect(verdict(250, facts)).toContain("There are only 200 pages");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
