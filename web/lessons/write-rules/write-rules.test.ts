import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { readBy, writeBy } from "../../model/asking.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { judge } from "../../model/promises.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import writeRulesBody from "./body.ts";
import {
  lotsAt,
  MOMENTS_MS,
  outcomesOf,
  PLUG_MS,
  PLUGS_MS,
  WRITE_RULES,
  WRITES,
  type WriteRule,
  writeRulesFacts,
  writeRulesLog,
  writeRulesRun,
} from "./run.ts";
import { ANSWERS, lossText, plugSays, rulesSay, verdict } from "./words.ts";

const of = (rule: WriteRule, stopsAtMs = WRITES.stopsAtMs) => writeRulesFacts({ ...WRITES, rule, stopsAtMs });

test("only writing back loses what was acknowledged", () => {
  expect(of("around")).toMatchObject({ lost: 0, lostKeys: [] });
  expect(of("through")).toMatchObject({ lost: 0, lostKeys: [] });
  const back = of("back");
  expect(back.lost).toBeGreaterThan(0);
  expect(back.lostKeys).toEqual(["A", "B", "D"]);
  expect(lossText(back)).toContain(
    `${back.lost} bids of the ${back.acknowledged} that had been confirmed are lost</b>, for lots A, B and D.`,
  );
  expect(lossText(of("around"))).toContain("1 bid had no answer yet. The origin had it: whoever");
});

test("whenever the plug is pulled", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...WRITE_RULES),
      fc.integer({ min: 120, max: 3900 }),
      fc.integer({ min: 50, max: 2000 }),
      fc.nat({ max: 1000 }),
      (rule, stopsAtMs, flushMs, seed) => {
        const facts = writeRulesFacts({ rule, stopsAtMs, flushMs, seed });
        if (rule !== "back") expect(facts.lost).toBe(0);
        expect(facts.acknowledged + facts.unknown).toBe(facts.writes);
        expect(facts.unknownExecuted).toBeLessThanOrEqual(facts.unknown);
      },
    ),
    { numRuns: 150 },
  );
});

test("what each rule costs and saves", () => {
  const [around, through, back] = WRITE_RULES.map((rule) =>
    writeRulesFacts({ ...WRITES, rule, stopsAtMs: undefined }),
  );
  expect(around!.writes).toBe(back!.writes);
  expect(around!.firstReadHits).toBe(0);
  expect(through!.firstReadHits).toBeGreaterThan(0);
  expect(through!.hitRatio).toBeGreaterThan(around!.hitRatio);
  expect(back!.acknowledgedAfterMs).toBe(0);
  expect(around!.acknowledgedAfterMs).toBe(41);
  expect(back!.originWrites).toBeLessThan(around!.originWrites / 2);
  expect([around!.lost, through!.lost, back!.lost]).toEqual([0, 0, 0]);
  expect(rulesSay(outcomesOf(undefined))).toContain(
    `after 0 ms in place of 41 ms, and gives the origin ${back!.originWrites} writes in place of ${around!.originWrites}`,
  );
});

test("the stage and the reader's plug show the same", () => {
  const outcomes = outcomesOf(PLUG_MS);
  for (const { settings, facts, lots } of outcomes) {
    expect(lotsAt(writeRulesLog(settings), MOMENTS_MS.at(-1)!)).toEqual([...lots]);
    expect(lots.filter(({ isOnlyTold }) => isOnlyTold).map(({ name }) => name)).toEqual([...facts.lostKeys]);
  }
  expect(PLUGS_MS).toContain(PLUG_MS);
  expect(plugSays(outcomes)).toBe(
    `Pulled after 2.8 s: write-back loses ${outcomes[2]!.facts.lost} confirmed bids, of lots A, B and D; write-around and write-through lose none.`,
  );
  // The loss grows until the cache passes on what it has.
  const lost = PLUGS_MS.map((ms) => outcomesOf(ms)[2]!.facts.lost);
  expect(Math.min(...lost.slice(8))).toBeLessThan(5);
  expect(Math.max(...lost)).toBeGreaterThan(13);
  expect(Math.max(...lost)).toBeLessThan(20);
});

test("the text says what happens", async () => {
  const text = await writeRulesBody();
  const [, , back] = outcomesOf(PLUG_MS);
  expect(text).toContain(lossText(back!.facts));
  expect(text).toContain('<td class="lost">');
  expect(text.match(/Nothing is lost/g)?.length).toBe(2);
});

test("the rules that pass each write on keep the promises", () => {
  for (const rule of ["around", "through"] as const) {
    const { world } = writeRulesRun({ ...WRITES, rule, stopsAtMs: undefined });
    world.runUntil(10_000);
    expect(judge(world.happenings, 3000).broken).toEqual([]);
  }
});

describe("lesson and proxy are alike", () => {
  test("the first read after a write is a miss, the second a hit, and a write is acknowledged by the origin", async () => {
    const world = new World(1);
    const origin = new ModelOrigin(world);
    const proxy = new ModelProxy(world, origin);
    world.runUntil(100);
    writeBy(world, "client", proxy, ["1A", "guest"], () => {});
    world.lane("proxy up").isHeld = true;
    world.runUntil(500);
    const acknowledged = () => world.happenings.some(({ what }) => what === "acknowledged");
    expect(acknowledged()).toBe(false);
    world.lane("proxy up").isHeld = false;
    for (const atMs of [600, 700]) {
      world.runUntil(atMs);
      readBy(world, "client", proxy, "1A", () => {});
    }
    expect(acknowledged()).toBe(true);
    const sources = judge(world.happenings, 0).answers.map(({ source }) => source);

    using fake = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: fake.port });
    const client = await local.client();
    fake.holdFrom("SET");
    let isAcknowledged = false;
    const written = client.ask("SET", "1A", "guest").then(() => {
      isAcknowledged = true;
    });
    await fake.received(1, "SET");
    expect(isAcknowledged).toBe(false);
    fake.releaseAll();
    await written;
    const { stats } = local.proxy;
    const asked: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { hits } = stats;
      expect(await client.ask("GET", "1A")).toBe("guest");
      asked.push(stats.hits > hits ? "hit" : "miss");
    }
    expect(asked).toEqual(sources);
    expect(sources).toEqual(["miss", "hit"]);
  });
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("around", 0, of("around"))).toBe("Write-around: you said 0, it was 0. Exactly.");
  expect(verdict("through", 1, of("through"))).toContain("its copy is never the only one");
  expect(verdict("back", 0, of("back"))).toContain("were nowhere else");
  expect(verdict("back", 30, of("back"))).toContain("is safe at the origin");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
