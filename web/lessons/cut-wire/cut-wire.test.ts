import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import fc from "fast-check";
import { CoherentCache } from "../../../src/coherence/coherent-cache.ts";
import { ManualClock } from "../../../src/lib/clock.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import { CUT_WIRE, cutWireFacts, KEY, NEW, OLD, worstOldForMs } from "./run.ts";
import { ANSWERS, because, failureRows, phase, SLOW_BEAT, verdict } from "./words.ts";

afterEach(() => {
  mock.restore();
});

const BOUND_MS = CUT_WIRE.heartbeatMs + CUT_WIRE.heartbeatTimeoutMs;

describe("each failure", () => {
  test("a reset is noticed at once, and takes everything along", () => {
    const settings = { ...CUT_WIRE, failure: "cut" as const };
    const facts = cutWireFacts(settings);
    expect(facts).toMatchObject({
      oldReads: 0,
      noticedBy: "disconnected",
      noticedMs: 5,
      epochs: 1,
      waiting: 0,
    });
    expect(facts.newAfterMs).toBeLessThan(200);
    expect(because(facts, settings)).toContain("The proxy knew of it after 5 ms, and began a new epoch");
  });

  test("a dead wire is found by the heartbeat, and replaced", () => {
    const facts = cutWireFacts(CUT_WIRE);
    expect(facts).toMatchObject({ noticedBy: "silent", epochs: 1, failed: 0, waiting: 0 });
    expect(facts.oldForMs).toBeGreaterThan(1000);
    expect(facts.oldForMs).toBeLessThanOrEqual(BOUND_MS);
    expect(because(facts, CUT_WIRE)).toContain(`The old price was read ${facts.oldReads} times`);
    expect(because(facts, CUT_WIRE)).toContain("It cannot be longer than 3 s");
  });

  test("while nothing gets through reads wait, and nothing is missing afterwards", () => {
    const settings = { ...CUT_WIRE, failure: "network" as const };
    const facts = cutWireFacts(settings);
    expect(facts).toMatchObject({ noticedBy: "silent", epochs: 0, failed: 0, waiting: 0 });
    expect(facts.longestWaitMs).toBeGreaterThan(3000);
    expect(because(facts, settings)).toContain("the message ahead of the heartbeat’s answer");
  });

  test("reads are told that the origin is gone when it has been away for too long", () => {
    const settings = { ...CUT_WIRE, failure: "network" as const, lastsMs: 60_000 };
    const facts = cutWireFacts(settings);
    expect(facts.newAfterMs).toBeUndefined();
    expect(facts.failed).toBeGreaterThan(50);
    expect(because(facts, settings)).toContain(`${facts.failed} of them were told that the origin is gone`);
  });

  test("a busy origin looks the same", () => {
    const settings = { ...CUT_WIRE, failure: "busy" as const };
    const facts = cutWireFacts(settings);
    expect(facts).toMatchObject({ oldReads: 0, noticedBy: "silent", epochs: 0, failed: 0, waiting: 0 });
    expect(because(facts, settings)).toContain("a busy origin and a dead wire look the same");
  });
});

test("the old price is read for nearly as long as the bound at worst, and never longer", () => {
  const worstMs = worstOldForMs(CUT_WIRE);
  expect(worstMs).toBeGreaterThan(BOUND_MS - 200);
  fc.assert(
    fc.property(
      fc.record({
        failure: fc.constantFrom("cut" as const, "wire" as const, "network" as const, "busy" as const),
        failsAtMs: fc.integer({ min: 100, max: 5000 }),
        lastsMs: fc.integer({ min: 50, max: 12_000 }),
        heartbeatMs: fc.integer({ min: 20, max: 2000 }),
        heartbeatTimeoutMs: fc.integer({ min: 50, max: 3000 }),
      }),
      (settings) => {
        const { oldForMs, boundMs } = cutWireFacts({ ...settings, heedsLosses: true });
        expect(oldForMs).toBeLessThanOrEqual(boundMs);
      },
    ),
    { numRuns: 150 },
  );
});

describe("lesson and proxy are alike", () => {
  /** Returns what is read behind a lost connection, of a key that has changed while there was none. */
  async function readOfProxy(): Promise<unknown> {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set(KEY, OLD);
    await client.ask("GET", KEY);
    const said = local.messages.length;
    origin.dropAll();
    await local.logged(/connected to origin/, said);
    origin.values.set(KEY, NEW);
    return await client.ask("GET", KEY);
  }

  test("a new epoch lets nothing of the old one be read", async () => {
    expect(cutWireFacts({ ...CUT_WIRE, failure: "cut" }).oldReads).toBe(0);
    expect(await readOfProxy()).toBe(NEW);
  });

  test("without it the old price is read for ever", async () => {
    spyOn(CoherentCache.prototype, "invalidateAll").mockImplementation(() => {});
    expect(cutWireFacts({ ...CUT_WIRE, failure: "cut" }).oldForMs).toBeGreaterThan(BOUND_MS);
    expect(await readOfProxy()).toBe(OLD);
  });

  test("without its heed the lesson says so", () => {
    const settings = { ...CUT_WIRE, failure: "cut" as const, heedsLosses: false };
    expect(because(cutWireFacts(settings), settings)).toContain("nobody will ever mend that");
  });

  test("a silent origin's entries are served up to the bound to the millisecond", async () => {
    const times = { heartbeatMs: 1000, heartbeatTimeoutMs: 1_000_000_000 };
    const boundMs = times.heartbeatMs + times.heartbeatTimeoutMs;
    const world = new World(1);
    const origin = new ModelOrigin(world);
    const wire = { latencyMs: 0, jitterMs: 0, isSplit: false };
    const proxy = new ModelProxy(world, origin, {
      ...times,
      wire,
      originTimeoutMs: Number.POSITIVE_INFINITY,
    });
    origin.set(KEY, OLD);
    world.runUntil(0);
    proxy.read(KEY, { answered() {}, failed() {} });
    world.runUntil(0);
    proxy.channel.isNetworkDown = true;
    proxy.channel.wire.swallow();
    const isHit = (atMs: number): boolean => {
      world.runUntil(atMs);
      return proxy.peek(KEY) !== undefined;
    };
    expect([isHit(boundMs), isHit(boundMs + 1)]).toEqual([true, false]);

    using fake = new FakeOrigin();
    const clock = new ManualClock();
    await using local = await LocalProxy.ready({ origin: fake.port, clock, ...times });
    const client = await local.client();
    fake.values.set(KEY, OLD);
    await client.ask("GET", KEY);
    const { stats } = local.proxy;
    const hits: number[] = [];
    for (const ms of [boundMs, 1]) {
      clock.advance(ms);
      await client.ask("GET", KEY);
      hits.push(stats.hits);
    }
    expect(hits).toEqual([1, 1]);
  });
});

test("each moment of the run has its words", () => {
  const facts = cutWireFacts(CUT_WIRE);
  const phases = [0, 3000, 3100, 5050, 8000, 16_000].map((ms) => phase(ms, CUT_WIRE, facts));
  expect(phases).toEqual([
    "All is well: the copy is right, and the heartbeat has its answers.",
    "The wire has died, and the price has changed. The proxy knows neither.",
    "The proxy answers with its copy, which is old.",
    "The heartbeat’s answer is overdue. Nothing is served from the cache.",
    "A new connection, a new epoch, the new price.",
    "The run is over.",
  ]);
});

test("a row for each failure; only without epochs is the old price read for longer than the bound", () => {
  const rows = failureRows();
  expect(rows.length).toBe(12);
  expect(rows.filter(([, old]) => old === "13 s").map(([what]) => what)).toEqual([
    "The connection is reset; without epochs",
    "The wire dies, and nobody is told; without epochs",
  ]);
  expect(rows[1]).toEqual(["The wire dies, and nobody is told", "2.1 s", "2.1 s", "10 ms", "0"]);
});

test("a slower heartbeat has its own bound, which is nearly reached", () => {
  const { boundMs } = cutWireFacts(SLOW_BEAT);
  expect(boundMs).toBe(6000);
  const worstMs = worstOldForMs(SLOW_BEAT, 50);
  expect(worstMs).toBeGreaterThan(boundMs - 200);
  expect(worstMs).toBeLessThanOrEqual(boundMs);
});

test("a guess is compared, and each wrong answer has its hint", () => {
  const facts = cutWireFacts(CUT_WIRE);
  expect(verdict(2, facts)).toEndWith("Nearly.");
  expect(verdict(10, facts)).toContain("more than 3 s");
  expect(verdict(3, facts)).toContain("It could have been as long");
  expect(verdict(0, facts)).toContain("A dead wire and a quiet one look the same");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
