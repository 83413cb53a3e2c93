import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mix32 } from "../../lib/hash.ts";
import type { Departure, DepartureCause } from "../../store/departure-log.ts";
import { Event } from "../events/event.ts";
import { samplePosition } from "../events/event-control.ts";
import { FILLED, HIT, INVALIDATED_ALL, MISS } from "../events/event-kinds.ts";
import { REGRET_MS, REGRET_WINDOWS_MS } from "./regret-windows.ts";
import { Regrets } from "./regrets.ts";
import { Stage } from "./stage-fixture.ts";

const START_MS = 1_700_000_000_000;

function event(kind: number, hash: number, atMs: number, third = 0): Event {
  return Object.assign(new Event(), { kind, hash, atMs, third });
}

function departure(
  cause: DepartureCause,
  hash: number,
  atMs: number,
  more: Partial<Departure> = {},
): Departure {
  const place = cause === "evicted" ? { policy: "s3-fifo", queue: "small" } : { policy: "", queue: "" };
  const remainingMs = cause === "expired" ? 0 : -1;
  const numbers = { ageMs: 1000, reads: 0, valueBytes: 5, keyBytes: 1, remainingMs };
  return { hash, cause, atMs, ...numbers, ...place, ...more };
}

interface Step {
  readonly kind: "evicted" | "expired" | "removed" | "miss" | "filled" | "all";
  readonly atMs: number;
  readonly hash: number;
  /** Remaining time to live, overdue time, or time since the question. */
  readonly ms: number;
  /** How much later it is told. */
  readonly lateMs: number;
}

function tell(regrets: Regrets, { kind, hash, atMs, ms }: Step): void {
  if (kind === "miss") regrets.event(event(MISS, hash, atMs));
  else if (kind === "filled") regrets.event(event(FILLED, hash, atMs, ms));
  else if (kind === "all") regrets.event(event(INVALIDATED_ALL, 0, atMs));
  else if (kind === "expired") regrets.departed(departure(kind, hash, atMs, { remainingMs: -ms }));
  else regrets.departed(departure(kind, hash, atMs, { remainingMs: ms === 0 ? -1 : ms }));
}

/** Counts by a search through the whole past. @returns regrets of evictions, then of expiries */
function model(steps: readonly Step[]): [number[], number[]] {
  const rank = ({ kind }: Step): number => (kind === "miss" ? 1 : kind === "filled" ? 2 : 0);
  const order = steps.toSorted((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
  const evicted = REGRET_WINDOWS_MS.map(() => 0);
  const expired = REGRET_WINDOWS_MS.map(() => 0);
  order.forEach((step, index) => {
    if (step.kind !== "miss" && step.kind !== "filled") return;
    const before = order.slice(0, index).findLast(({ kind, hash }) => kind === "all" || hash === step.hash);
    if (before === undefined || (before.kind !== "evicted" && before.kind !== "expired")) return;
    const hasExpired = before.kind === "expired";
    if (step.kind === "filled" && !hasExpired) return;
    const leftMs = hasExpired ? before.atMs - before.ms : before.atMs;
    const askedMs = step.kind === "filled" ? step.atMs - step.ms : step.atMs;
    if (before.kind === "evicted" && before.ms > 0 && askedMs > leftMs + before.ms) return;
    REGRET_WINDOWS_MS.forEach((windowMs, window) => {
      if (askedMs <= leftMs + windowMs) (hasExpired ? expired : evicted)[window]!++;
    });
  });
  return [evicted, expired];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("evicted", "evicted", "expired", "removed", "miss", "miss", "miss", "filled", "all"),
  atMs: fc
    .oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 150_000 }))
    .map((ms) => START_MS + ms),
  hash: fc.constantFrom(0, 1, 2 ** 17 + 1, 2 ** 32 - 1),
  ms: fc.constantFrom(0, 0, 3, 700, 30_000),
  lateMs: fc.integer({ min: 0, max: 250 }),
});

test("counts what a search through the whole past counts, although events come late", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const arrivals = steps.toSorted((a, b) => a.atMs + a.lateMs - (b.atMs + b.lateMs));
      const regrets = new Regrets({ capacity: 64 });
      arrivals.forEach((one, index) => {
        tell(regrets, one);
        if (index % 7 === 0) regrets.tick(one.atMs + one.lateMs);
      });
      regrets.tick(START_MS + 1_000_000);
      const report = regrets.report();
      expect([report.regrets, report.expiryRegrets]).toEqual(model(arrivals));
      const count = (kind: Step["kind"]): number => steps.filter((one) => one.kind === kind).length;
      expect(report.misses).toBe(count("miss"));
      expect(report.evictions).toBe(count("evicted"));
      expect(report.expiries).toBe(count("expired"));
      expect(report.samplingRatio).toBe(1);
    }),
    { numRuns: 500 },
  );
});

describe("regrets", () => {
  test("are told by reason, and as a share of misses", () => {
    const regrets = new Regrets();
    for (let i = 0; i < 100; i++) {
      const atMs = START_MS + i * 100;
      regrets.departed(departure("evicted", i, atMs, { reads: i % 2 === 0 ? 0 : 3 }));
      if (i < 62) regrets.event(event(MISS, i, atMs + (i % 2 === 0 ? 5000 : 500)));
      regrets.event(event(MISS, 1000 + i, atMs));
      regrets.event(event(HIT, i, atMs));
    }
    regrets.departed(departure("expired", 5000, START_MS));
    regrets.tick(START_MS + 100_000);
    const { reasons, missShares, ...report } = regrets.report();
    expect(report).toEqual({
      ...{ misses: 162, evictions: 100, regrets: [31, 62, 62], samplingRatio: 1 },
      ...{ expiries: 1, expiryRegrets: [0, 0, 0] },
    });
    expect(missShares).toEqual([31 / 162, 62 / 162, 62 / 162]);
    expect(reasons.map(({ text }) => text)).toEqual([
      "evicted by s3-fifo: left the small queue after 0 reads: 62 % of 50 were asked for again within 10 s",
      "evicted by s3-fifo: left the small queue after some reads: 62 % of 50 were asked for again within 10 s",
      "expired after 0 reads: 0 % of 1 were asked for again within 10 s",
    ]);
    expect(reasons.map((one) => one.regrets)).toEqual([
      [0, 31, 31],
      [31, 31, 31],
      [0, 0, 0],
    ]);
  });

  test("are found through a real store, also those of an expired entry that its next value replaced", () => {
    const stage = new Stage({ maxEntries: 3, policy: "lru" });
    const regrets = new Regrets();
    for (const name of ["a", "b", "c", "d", "a"]) stage.read(name);
    stage.push("d");
    stage.read("e", { ttlMs: 1000 });
    stage.tell(regrets);
    stage.pass(3000);
    stage.read("e");
    stage.tell(regrets);
    regrets.tick(stage.nowMs + 1000);
    const { misses, evictions, regrets: counts, expiries, expiryRegrets } = regrets.report();
    expect([misses, evictions, counts, expiries, expiryRegrets]).toEqual([
      ...[7, 2, [1, 1, 1], 1, [0, 1, 1]],
    ]);
  });

  test("more departures than it has room for: counts those of every second key twice, and all again later", () => {
    const regrets = new Regrets({ capacity: 1024 });
    let atMs = START_MS;
    for (let i = 0; i < 40_000; i++) {
      atMs++;
      regrets.departed(departure("evicted", mix32(i), atMs));
      // Every fourth is asked for again 3 s later.
      if (i >= 3000 && i % 4 === 0) regrets.event(event(MISS, mix32(i - 3000), atMs));
    }
    regrets.tick(atMs + 1000);
    const { regrets: counts, samplingRatio, evictions } = regrets.report();
    expect(evictions).toBe(40_000);
    expect(samplingRatio).toBeLessThanOrEqual(1 / 32);
    expect(counts[0]).toBe(0);
    expect(Math.abs(counts[1]! / 9250 - 1)).toBeLessThan(0.15);
    expect(counts[2]).toBe(counts[1]!);
    for (let i = 0; i < 500_000; i++) {
      // The others are not remembered, and would only take time.
      if (samplePosition(mix32(i)) >>> 0 >= 2 ** 26) continue;
      atMs += REGRET_MS / 200;
      regrets.departed(departure("evicted", mix32(i), atMs));
    }
    expect(regrets.report().samplingRatio).toBe(1);
  });

  test("a miss that is told much too late does not regret what left after it", () => {
    const regrets = new Regrets();
    regrets.departed(departure("evicted", 1, START_MS + 400));
    regrets.departed(departure("evicted", 2, START_MS + 1000));
    regrets.event(event(MISS, 1, START_MS));
    regrets.event(event(FILLED, 1, START_MS + 2, 2));
    regrets.departed(departure("removed", 1, START_MS + 3));
    regrets.tick(START_MS + 5000);
    expect(regrets.report().regrets).toEqual([0, 0, 0]);
    regrets.event(event(MISS, 1, START_MS + 1200));
    regrets.tick(START_MS + 6000);
    expect(regrets.report().regrets).toEqual([1, 1, 1]);
  });

  test("more events at once than can be held back: the earliest are counted early", () => {
    const regrets = new Regrets({ capacity: 2 ** 16 });
    for (let i = 0; i < 50_000; i++) regrets.departed(departure("evicted", mix32(i), START_MS));
    for (let i = 0; i < 50_000; i++) regrets.event(event(MISS, mix32(i), START_MS + 1));
    regrets.tick(START_MS + 1000);
    expect(regrets.report().regrets).toEqual([50_000, 50_000, 50_000]);
  });
});
