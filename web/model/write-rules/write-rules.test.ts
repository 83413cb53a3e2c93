import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import { readBy, writeBy } from "../asking.ts";
import { ModelOrigin } from "../origin.ts";
import { judge } from "../promises.ts";
import { ModelProxy } from "../proxy.ts";
import { World } from "../world.ts";
import { WRITE_RULES, WRITES, type WriteRule, writeRulesFacts, writeRulesRun } from "./run.ts";
import { ANSWERS, because, rulesSay, verdict } from "./words.ts";

const of = (rule: WriteRule, stopsAtMs = WRITES.stopsAtMs) => writeRulesFacts({ ...WRITES, rule, stopsAtMs });

test("only writing back loses what was acknowledged", () => {
  expect(of("around")).toMatchObject({ lost: 0, lostKeys: [] });
  expect(of("through")).toMatchObject({ lost: 0, lostKeys: [] });
  const back = of("back");
  expect(back.lost).toBeGreaterThan(0);
  expect(because(back, { ...WRITES, rule: "back" })).toContain(
    `${back.lost} writes of the ${back.acknowledged} that had been acknowledged are gone, of ${back.lostKeys.join(" and ")}`,
  );
  expect(because(of("around"), WRITES)).toContain(
    "none is lost: the origin has them. 1 write had no answer yet",
  );
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
  const text = rulesSay({ around: of("around"), through: of("through"), back: of("back") });
  expect(text).toContain("answers in 0 ms in place of 41 ms");
  for (const rule of WRITE_RULES) {
    const whole = { ...WRITES, rule, stopsAtMs: undefined };
    expect(because(writeRulesFacts(whole), whole)).not.toContain("plug was pulled");
  }
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
  expect(verdict("around", 0, of("around"))).toBe("You said 0, it was 0. Exactly.");
  expect(verdict("through", 4, of("through"))).toContain("With write-through a write is acknowledged when");
  expect(verdict("back", 0, of("back"))).toContain("was nowhere else");
  expect(verdict("back", 30, of("back"))).toContain("is safe at the origin");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
