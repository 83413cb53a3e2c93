import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../../lib/bytes.ts";
import { hashBytes, mix32 } from "../../lib/hash.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { FamiliesReport } from "../view.ts";
import { FAMILIES_DEFAULTS, Families, type FamiliesOptions } from "./families.ts";

/** Calls the methods with keys as texts. */
class Caller {
  readonly families: Families;
  nowMs = 0;

  constructor(options: Partial<FamiliesOptions> = {}, rate = 1) {
    this.families = new Families({ ...FAMILIES_DEFAULTS, ...options }, rate, 0);
  }

  hit(key: string, weight = 1): void {
    const bytes = utf8(key);
    this.families.hit(hashOf(key), bytes, 0, bytes.length, weight, this.nowMs);
  }

  miss(key: string): void {
    const bytes = utf8(key);
    this.families.miss(hashOf(key), bytes, 0, bytes.length, this.nowMs);
  }

  filled(key: string, valueBytes: number, ttlMs = 0): void {
    const bytes = utf8(key);
    this.families.filled(hashOf(key), bytes, 0, bytes.length, valueBytes, ttlMs, this.nowMs);
  }

  left(key: string, { hasExpired = false, lastReadAfterMs = 0, reads = 0, valueBytes = 0 } = {}): void {
    this.families.left(hashOf(key), hasExpired, lastReadAfterMs, reads, valueBytes, this.nowMs);
  }

  report(count = 200): FamiliesReport["families"] {
    return this.families.report(count, this.nowMs).families;
  }

  of(name: string): FamiliesReport["families"][number] | undefined {
    return this.report().find((family) => family.name === name);
  }

  names(): string[] {
    return this.report().map(({ name }) => name);
  }
}

function hashOf(key: string): number {
  const bytes = utf8(key);
  return hashBytes(bytes, 0, bytes.length, 1);
}

/** A word of letters only, another one for each number. */
function word(number: number): string {
  return `w${[...String(number)].map((digit) => "ghijklmnop"[Number(digit)]).join("")}`;
}

test("requests, hit ratio, memory, entries, sizes, times and churn of each family", () => {
  const caller = new Caller();
  for (let i = 0; i < 100; i++) {
    caller.nowMs += 100;
    caller.miss(`user:${i}:cart`);
    caller.filled(`user:${i}:cart`, 1000, 5000);
    caller.hit(`user:${i}:cart`, 3);
    caller.hit("config");
    if (i >= 50) {
      const lastReadAfterMs = i < 96 ? 40 : 4000;
      caller.left(`user:${i}:cart`, { hasExpired: i % 2 === 0, lastReadAfterMs, reads: 1, valueBytes: 1000 });
    }
  }
  expect(caller.names()).toEqual(["user:*:cart", "config"]);
  const user = caller.of("user:*:cart")!;
  expect(user.requestsPerSecond).toBeCloseTo(40, 0);
  expect(user.hitRatio).toBeCloseTo(0.75, 2);
  expect([user.entries, user.memoryBytes]).toEqual([50, 50_000]);
  expect(user.meanValueBytes).toBeCloseTo(1000, 6);
  expect(user.meanTtlMs).toBeCloseTo(5000, 6);
  expect(user.lastReadAfterMs!).toBeGreaterThan(3000);
  expect(user.churnPerSecond).toBeCloseTo(5, 0);
  const { requestsPerSecond, ...config } = caller.of("config")!;
  expect(requestsPerSecond).toBeCloseTo(10, 0);
  expect(config).toEqual({
    name: "config",
    hitRatio: 1,
    memoryBytes: 0,
    entries: 0,
    meanValueBytes: 0,
    meanTtlMs: null,
    lastReadAfterMs: null,
    churnPerSecond: 0,
  });
});

test("a sample of keys is scaled up; watched keys outside it are ignored; the sample may become smaller", () => {
  const caller = new Caller({}, 0.25);
  caller.hit("user:0");
  for (let i = 0; i < 8000; i++) {
    if (i === 4000) caller.families.lowerSamplingRate(0.125);
    caller.filled(`user:${i}`, 100);
    caller.nowMs++;
  }
  const entries = caller.report()[0]!.entries;
  expect(Math.abs(entries / 8000 - 1)).toBeLessThan(0.1);
  for (let i = 0; i < 8000; i++) caller.left(`user:${i}`, { valueBytes: 100 });
  const [user] = caller.report();
  expect(user!.entries).toBe(0);
  expect(Math.abs((user!.churnPerSecond * 8) / 8000 - 1)).toBeLessThan(0.15);
});

test("at most so many families have a row, those with the most requests; the rest is (others)", () => {
  const caller = new Caller({ families: 10 });
  const random = new SeededRandom(5);
  for (let i = 0; i < 30_000; i++) {
    caller.nowMs += 1;
    const family = Math.floor(80 ** random.next());
    const key = `${word(family)}:${i}`;
    caller.miss(key);
    if (i % 10 === 0) caller.filled(key, 10);
    if (i % 10 === 5) caller.left(`${word(family)}:${i - 5}`, { valueBytes: 10 });
  }
  const report = caller.report();
  expect(report).toHaveLength(11);
  expect(report.at(-1)!.name).toBe("(others)");
  for (const family of [1, 2, 3, 4]) expect(report.map(({ name }) => name)).toContain(`${word(family)}:*`);
  const total = report.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0);
  expect(total).toBeCloseTo(1000, -1);
  const short = caller.report(2);
  expect(short.map(({ name }) => name)).toEqual([report[0]!.name, report[1]!.name, "(others)"]);
  const sum = (field: "requestsPerSecond" | "entries" | "memoryBytes" | "churnPerSecond"): number[] =>
    [report, short].map((each) => each.reduce((all, family) => all + family[field], 0));
  for (const field of ["requestsPerSecond", "entries", "memoryBytes", "churnPerSecond"] as const) {
    expect(sum(field)[0]!).toBeCloseTo(sum(field)[1]!, 6);
  }
});

test("when a place turns out to have ids, its families become one, with all that they had", () => {
  const caller = new Caller();
  for (let i = 0; i < 60; i++) {
    for (const what of ["cart", "seen"]) {
      caller.miss(`${word(i)}:${what}`);
      caller.filled(`${word(i)}:${what}`, 100);
    }
  }
  expect(caller.names()).toHaveLength(120);
  for (let i = 60; i < 150; i++) caller.miss(`${word(i)}:cart`);
  expect(caller.names()).toEqual(["*:cart", "*:seen"]);
  const [cart, seen] = caller.report();
  expect(cart!.requestsPerSecond).toBeCloseTo(150, -1);
  expect(seen!.requestsPerSecond).toBeCloseTo(60, -1);
  expect([cart!.entries, cart!.memoryBytes, seen!.entries]).toEqual([60, 6000, 60]);
  for (let i = 0; i < 60; i++) caller.left(`${word(i)}:cart`, { valueBytes: 100 });
  expect(caller.of("*:cart")!.entries).toBe(0);
});

test("what is much used and leads on to ids stays a family of its own when strangers come", () => {
  const caller = new Caller({ families: 400 });
  for (let i = 0; i < 400; i++) {
    caller.miss(`user:${i}:cart`);
    caller.miss(`session:${i}`);
    if (i % 100 === 0) caller.miss(`rare:${i}`);
    if (i > 200) caller.miss(`${word(i)}:x`);
    if (i > 200) caller.miss(word(i));
  }
  expect(caller.names().sort()).toEqual(["*", "*:*", "*:x", "session:*", "user:*:cart"]);
});

test("a family that loses its row leaves its entries to the others, and one that is much used keeps it", () => {
  const caller = new Caller({ families: 1 });
  caller.miss("first");
  caller.filled("first", 10);
  for (let i = 0; i < 1000; i++) caller.hit("second");
  caller.filled("second", 20);
  for (let i = 0; i < 500; i++) caller.hit("third");
  const report = caller.report();
  expect(report.map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([
    ["second", 20],
    ["(others)", 10],
  ]);
  caller.left("first");
  expect(caller.report().map(({ memoryBytes }) => memoryBytes)).toEqual([20, 0]);
});

test("nothing but random keys: rows, sums and time stay within their limits", () => {
  const caller = new Caller({ families: 20, places: 50, sampledEntries: 500 });
  const random = new SeededRandom(9);
  const part = (): string => word(Math.floor(1e9 * random.next()));
  for (let i = 0; i < 40_000; i++) {
    caller.nowMs += i % 1000 === 0 ? 1_000_000 : 1;
    const key = Array.from({ length: 1 + random.below(4) }, part).join(random.pick([":", "/", ".", "|"]));
    caller.miss(key);
    caller.filled(key, random.below(100_000), random.below(1000));
    caller.hit(key, 16);
    if (i % 3 === 0) caller.left(key, { hasExpired: i % 2 === 0 });
    if (i % 997 !== 0) continue;
    const report = caller.report();
    expect(report.length).toBeLessThanOrEqual(21);
    for (const family of report) {
      for (const figure of Object.values(family)) {
        if (typeof figure === "number") expect(figure >= 0 && Number.isFinite(figure)).toBe(true);
      }
    }
  }
});

test("requests, hits and entries are those of a slow model, whatever is merged or evicted meanwhile", () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("hit", "miss", "filled", "left", "expired"),
      key: fc.tuple(fc.nat(25), fc.nat(3)).map(([a, b]) => (b === 0 ? word(a) : `${word(a)}:${b}`)),
      bytes: fc.nat(1000),
    }),
    { maxLength: 300, size: "max" },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const caller = new Caller({ families: 4, wordsAtPlace: 12, places: 6 });
      const resident = new Map<string, number>();
      let [requests, hits] = [0, 0];
      for (const { what, key, bytes } of list) {
        if (what === "hit" || what === "miss") {
          caller[what](key);
          requests++;
          if (what === "hit") hits++;
        } else if (what === "filled") {
          caller.filled(key, bytes);
          resident.set(key, bytes);
        } else {
          caller.left(key, { hasExpired: what === "expired" });
          resident.delete(key);
        }
      }
      const report = caller.report();
      const sum = (figure: (family: FamiliesReport["families"][number]) => number): number =>
        report.reduce((all, family) => all + figure(family), 0);
      expect(new Set(report.map(({ name }) => name)).size).toBe(report.length);
      expect(sum(({ entries }) => entries)).toBe(resident.size);
      expect(sum(({ memoryBytes }) => memoryBytes)).toBe([...resident.values()].reduce((a, b) => a + b, 0));
      // Within the first second the rate is told as if a second had passed.
      expect(sum(({ requestsPerSecond }) => requestsPerSecond)).toBeCloseTo(requests, -1);
      const rateOfHits = sum(({ hitRatio, requestsPerSecond }) => hitRatio * requestsPerSecond);
      expect(rateOfHits).toBeCloseTo(hits, -1);
    }),
    { numRuns: 150 },
  );
});

test("the present counts: families and last reads of long ago fade", () => {
  const caller = new Caller({ halfLifeMs: 1000, entriesHalfLifeMs: 1000 });
  for (let i = 0; i < 1000; i++) caller.miss(`old:${i}`);
  caller.filled("old:1", 10);
  caller.left("old:1", { lastReadAfterMs: 500 });
  expect(caller.of("(others)")).toBeUndefined();
  expect(caller.of("old:*")!.lastReadAfterMs!).toBe(500);
  for (let i = 0; i < 20; i++) {
    caller.nowMs += 1000;
    caller.miss(`new:${i}`);
  }
  expect(caller.names()).toEqual(["new:*", "old:*"]);
  expect(caller.of("old:*")!.lastReadAfterMs).toBeNull();
  expect(caller.of("old:*")!.requestsPerSecond).toBeLessThan(0.01);
});

test("when all entries leave at once, none is left, and that is churn", () => {
  const caller = new Caller();
  for (let i = 0; i < 100; i++) {
    caller.miss(`user:${i}`);
    caller.filled(`user:${i}`, 10);
  }
  caller.families.cleared(caller.nowMs);
  const [user] = caller.report();
  expect([user!.entries, user!.memoryBytes]).toEqual([0, 0]);
  expect(user!.churnPerSecond).toBeCloseTo(100, -1);
  caller.left("user:1");
  caller.filled("user:1", 10);
  expect(caller.report()[0]!.entries).toBe(1);
});

test("a key that is asked for again and again does not make its places look unused", () => {
  const caller = new Caller({ places: 8 });
  for (let i = 0; i < 150; i++) caller.miss(`${word(i)}:cart`);
  for (; caller.nowMs < 10_000_000; caller.nowMs += 5000) {
    caller.hit(`${word(1)}:cart`);
    caller.miss(`17:${word(caller.nowMs)}:x`);
  }
  caller.miss(`${word(2)}:cart`);
  expect(caller.names()).toContain("*:cart");
  expect(caller.names().filter((name) => name.endsWith(":cart"))).toHaveLength(1);
});

test("advice: entries that expire and are asked for again soon", () => {
  const caller = new Caller();
  for (let i = 0; i < 100; i++) {
    caller.nowMs += 2000;
    for (const id of [1, 2, 3]) {
      caller.miss(`price:${id}`);
      caller.filled(`price:${id}`, 100, 1000);
      caller.left(`price:${id}`, { hasExpired: true, lastReadAfterMs: 900, reads: 4, valueBytes: 100 });
    }
  }
  expect(caller.of("price:*")!.advice).toContain("a time to live longer than 1 s saves these misses");
  const late = new Caller({ refillWithinMs: 1000 });
  for (let i = 0; i < 100; i++) {
    late.nowMs += 2000;
    late.miss("price:1");
    late.filled("price:1", 100, 1000);
    late.left("price:1", { hasExpired: true, lastReadAfterMs: 900, reads: 4, valueBytes: 100 });
  }
  expect(late.of("price:*")!.advice).toBeUndefined();
});

test("advice: a time to live far longer than ever used, and large values never read", () => {
  const caller = new Caller();
  for (let i = 0; i < 50; i++) {
    caller.miss(`page:${i}`);
    caller.filled(`page:${i}`, 100, 86_400_000);
    caller.left(`page:${i}`, { lastReadAfterMs: 1000, reads: 3, valueBytes: 100 });
    caller.miss(`film:${mix32(i)}`);
    caller.filled(`film:${mix32(i)}`, 50_000);
    caller.left(`film:${mix32(i)}`, { valueBytes: 50_000 });
  }
  expect(caller.of("page:*")!.advice).toStartWith("The time to live is 1 d, but 95% of the entries");
  expect(caller.of("film:*")!.advice).toStartWith(
    "100% of the bytes leave the cache without having been read",
  );
  for (let i = 0; i < 50; i++) {
    caller.filled(`film:${mix32(i)}`, 50_000);
    caller.left(`film:${mix32(i)}`, { reads: 1, valueBytes: 50_000 });
  }
  expect(caller.of("film:*")!.advice ?? "").not.toContain("without having been read");
});

test("a number of families beyond the limits is refused", () => {
  expect(() => new Caller({ families: 0 })).toThrow("there must be from 1 to 65535 families, not 0");
  expect(() => new Caller({ families: 65_536 })).toThrow("not 65536");
});
