import { expect, test } from "bun:test";
import fc from "fast-check";
import { mix32 } from "../../lib/hash.ts";
import { SampledEntries } from "./sampled-entries.ts";

test("remembers what a map of the sampled keys would", () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("put", "put", "put", "remove", "expire", "lower", "move"),
      key: fc.nat(60),
      family: fc.nat(9),
    }),
    { maxLength: 150, size: "max" },
  );
  fc.assert(
    fc.property(steps, fc.boolean(), (list, collide) => {
      const entries = new SampledEntries(20, 1);
      // Colliding hashes differ above the bits that choose a place.
      const hashOf = (key: number): number => (collide ? (key << 24) | 5 : mix32(key));
      let model = new Map<number, { family: number; bytes: number; expiredMs: number | undefined }>();
      list.forEach(({ what, key, family }, nowMs) => {
        const hash = hashOf(key);
        if (what === "put" && entries.isSampled(hash)) {
          entries.put(hash, family, key + 1);
          model.set(hash, { family, bytes: key + 1, expiredMs: undefined });
        }
        if (what === "remove") {
          entries.remove(hash);
          model.delete(hash);
        }
        const found = model.get(hash);
        if (what === "expire") {
          entries.expire(hash, nowMs);
          if (found !== undefined) found.expiredMs ??= nowMs;
        }
        if (what === "lower" && family === 0) entries.lowerRate(entries.rate * 0.9);
        if (what === "move") {
          entries.moveFamilies((each) => (each === family ? 7 : each));
          for (const each of model.values()) if (each.family === family) each.family = 7;
        }
        // Room may have been made: by forgetting the expired, by halving the rate.
        model = new Map([...model].filter(([each]) => entries.isSampled(each)));
        if (entries.count < model.size) {
          model = new Map([...model].filter(([, { expiredMs }]) => expiredMs === undefined));
        }
        expect(entries.count).toBe(model.size);
        expect(entries.count).toBeLessThanOrEqual(20);
        for (let each = 0; each <= 60; each++) {
          const wanted = model.get(hashOf(each));
          const isResident = wanted !== undefined && wanted.expiredMs === undefined;
          expect(entries.familyOf(hashOf(each))).toBe(isResident ? wanted.family : -1);
          expect(entries.expiredMs(hashOf(each))).toBe(wanted?.expiredMs ?? Number.NEGATIVE_INFINITY);
        }
        let bytes = 0;
        entries.forEach((_, each) => {
          bytes += each;
        });
        const resident = [...model.values()].filter(({ expiredMs }) => expiredMs === undefined);
        expect(bytes).toBe(resident.reduce((sum, each) => sum + each.bytes, 0));
      });
    }),
    { numRuns: 100 },
  );
});

test("with too many keys the rate falls, and each counts for more", () => {
  const entries = new SampledEntries(1000, 0.5);
  for (let key = 0; key < 100_000; key++) {
    const hash = mix32(key);
    if (entries.isSampled(hash)) entries.put(hash, 1, 10);
  }
  expect(entries.count).toBeLessThanOrEqual(1000);
  expect(Math.abs(entries.count / entries.rate / 100_000 - 1)).toBeLessThan(0.15);
  let bytes = 0;
  entries.forEach((_, each) => {
    bytes += each / entries.rate;
  });
  expect(Math.abs(bytes / 1e6 - 1)).toBeLessThan(0.15);
});
