import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import { Flight } from "../../../src/coherence/flight.ts";
import { ManualClock } from "../../../src/lib/clock.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { ModelOrigin } from "../origin.ts";
import { ModelProxy } from "../proxy.ts";
import { World } from "../world.ts";
import { TIME_TO_LIVE, timeToLiveFacts } from "./run.ts";
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
  expect(because(facts, TIME_TO_LIVE)).toContain(`In second 10 the origin was asked ${facts.most} questions`);
  expect(because(facts, TIME_TO_LIVE)).toContain("so 10 s later all of them expire together");
});

test("jitter spreads them, the more the wider it is", () => {
  const without = timeToLiveFacts(TIME_TO_LIVE);
  const runs = [0.1, 0.2, 0.5].map((jitter) => timeToLiveFacts({ ...TIME_TO_LIVE, jitter }));
  const peaks = [without, ...runs].map(({ most }) => most);
  expect(peaks).toEqual(peaks.toSorted((a, b) => b - a));
  expect(runs[2]!.most).toBeLessThan(without.most / 3);
  expect(runs[2]!.longestWaitMs).toBeLessThan(without.longestWaitMs / 5);
  expect(jitterSays(without, runs[1]!)).toEndWith("at hardly any cost.");
  expect(jitterSays(without, runs[2]!)).toMatch(/for \d+ % more questions in all/);
  expect(because(runs[1]!, { ...TIME_TO_LIVE, jitter: 0.2 })).toStartWith(
    "Each entry lives up to 20 % less than 10 s",
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
  expect(verdict(facts.most, facts)).toEndWith("Nearly.");
  expect(verdict(20, facts)).toContain("The average, 20.0, says nothing");
  expect(verdict(400, facts)).toContain("not all keys are asked for at once");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
