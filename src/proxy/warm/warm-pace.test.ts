import { describe, expect, test } from "bun:test";
import { WarmPace } from "./warm-pace.ts";

/** An origin that answers a key at a time, and takes longer the more wait. @returns keys answered and the window */
function run(
  pace: WarmPace,
  {
    forMs,
    serviceMs,
    wireMs,
    clients = 0,
  }: { forMs: number; serviceMs: number; wireMs: number; clients?: number },
  fromMs = 0,
): { answered: number; most: number } {
  /** When each question under way was asked, and when its answer comes. */
  let underWay: { askedMs: number; comesMs: number }[] = [];
  let freeMs = fromMs;
  let answered = 0;
  let most = 0;
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 0.5) {
    for (const { askedMs, comesMs } of underWay) {
      if (comesMs > nowMs) continue;
      answered++;
      pace.answered(comesMs - askedMs, nowMs);
    }
    underWay = underWay.filter(({ comesMs }) => comesMs > nowMs);
    const allowed = pace.allowance(nowMs, underWay.length, underWay.length + clients);
    for (let i = 0; i < allowed; i++) {
      freeMs = Math.max(freeMs, nowMs) + serviceMs;
      underWay.push({ askedMs: nowMs, comesMs: freeMs + wireMs });
    }
    pace.asked(allowed);
    most = Math.max(most, underWay.length);
  }
  return { answered, most };
}

describe("the pace of warming", () => {
  test("asks for as many keys a second as it may", () => {
    const pace = new WarmPace(() => 1000, 0);
    const { answered } = run(pace, { forMs: 2000, serviceMs: 0.01, wireMs: 0.5 });
    expect(answered).toBeWithin(1950, 2010);
  });

  test("follows a rate that is changed, and saves nothing up while it pauses", () => {
    let rate = 1000;
    const pace = new WarmPace(() => rate, 0);
    run(pace, { forMs: 1000, serviceMs: 0.01, wireMs: 0.5 });
    rate = 200;
    // A pause of ten seconds.
    const { answered } = run(pace, { forMs: 1000, serviceMs: 0.01, wireMs: 0.5 }, 11_000);
    expect(answered).toBeWithin(190, 215);
  });

  test("without a rate it uses what the origin has to give, and keeps its queue short", () => {
    const pace = new WarmPace(() => 0, 0);
    run(pace, { forMs: 1000, serviceMs: 0.2, wireMs: 0.5 });
    const { answered, most } = run(pace, { forMs: 2000, serviceMs: 0.2, wireMs: 0.5 }, 1000);
    // It could answer 10,000.
    expect(answered).toBeGreaterThan(7000);
    // Nobody waits behind more than some ten milliseconds of these.
    expect(most).toBeLessThan(90);
  });

  test("asks for less when the origin gets slower, and for more when it is fast again", () => {
    const pace = new WarmPace(() => 0, 0);
    run(pace, { forMs: 500, serviceMs: 0.02, wireMs: 0.5 });
    expect(pace.window).toBeGreaterThan(60);
    run(pace, { forMs: 1000, serviceMs: 2, wireMs: 0.5 }, 500);
    expect(pace.window).toBeLessThan(12);
    run(pace, { forMs: 5000, serviceMs: 0.02, wireMs: 0.5 }, 1500);
    expect(pace.window).toBeGreaterThan(60);
  });

  test("gives way to requests of clients, but for one read at a time", () => {
    const pace = new WarmPace(() => 0, 0);
    run(pace, { forMs: 500, serviceMs: 0.02, wireMs: 0.5 });
    const { answered, most } = run(pace, { forMs: 500, serviceMs: 0.02, wireMs: 0.5, clients: 256 }, 500);
    expect(most).toBeLessThanOrEqual(1);
    expect(answered).toBeGreaterThan(100);
  });

  test("gets used to an origin that has become slower for good", () => {
    const pace = new WarmPace(() => 100, 0);
    run(pace, { forMs: 1000, serviceMs: 0.1, wireMs: 0.2 });
    run(pace, { forMs: 25_000, serviceMs: 0.1, wireMs: 20 }, 1000);
    const { answered } = run(pace, { forMs: 5000, serviceMs: 0.1, wireMs: 20 }, 26_000);
    expect(answered).toBeGreaterThan(450);
  });
});
