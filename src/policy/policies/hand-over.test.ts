/**
 * The cost of a policy change, for all pairs of policies. Compares the new policy's misses after the change with its
 * misses when it runs from the start, and with its misses when entries come to it as if they were new. A cacheful is
 * the number of requests in which the new policy, run from the start, inserts as many entries as it holds.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { policyNames } from "../registry.ts";
import { choiceOf, HandOverCache, scannedStream, type Way, zipfStream } from "./hand-over-fixture.ts";

const SEED = Number(process.env["GLASSCACHE_SEED"] ?? 1);
const RUNS = Number(process.env["GLASSCACHE_CONFORMANCE_RUNS"] ?? 24);
const IS_LONG = RUNS > 24;

const CAPACITY = IS_LONG ? 10_000 : 2500;
const KEYS = 5 * CAPACITY;
/** Requests before the change. */
const WARM_UP = 10 * CAPACITY;
const CACHEFULS = 3;
const REQUESTS = WARM_UP + 30 * CAPACITY;

/** Percentage points of the miss ratio. */
const FROM_START_TOLERANCE = 2;
const INSERT_TOLERANCE = 0.2;

/** Where a cacheful ends, and the number of misses in it. */
interface Cacheful {
  readonly end: number;
  readonly misses: number;
}

/** @returns the cachefuls after the change, measured on the policy that runs from the start */
function measure(cache: HandOverCache, stream: Uint32Array): Cacheful[] {
  let at = WARM_UP;
  return Array.from({ length: CACHEFULS }, () => {
    const before = cache.misses;
    while (cache.misses - before < CAPACITY) cache.request(stream[at++] ?? expect.unreachable());
    return { end: at, misses: CAPACITY };
  });
}

/** @returns the number of misses in each of these cachefuls */
function follow(cache: HandOverCache, stream: Uint32Array, cachefuls: readonly Cacheful[]): number[] {
  let at = WARM_UP;
  return cachefuls.map(({ end }) => {
    const before = cache.misses;
    while (at < end) cache.request(stream[at++]!);
    return cache.misses - before;
  });
}

function warmCache(name: string, stream: Uint32Array, greatest: number): HandOverCache {
  const cache = new HandOverCache(choiceOf(name), CAPACITY, greatest);
  for (let i = 0; i < WARM_UP; i++) cache.request(stream[i]!);
  return cache;
}

const STREAMS = {
  Zipf: () => zipfStream(SEED, KEYS, REQUESTS),
  "a Zipf mixed with scans": () => scannedStream(SEED, KEYS, REQUESTS, CAPACITY / 10),
};

describe("a policy that takes over", () => {
  for (const [title, createStream] of Object.entries(STREAMS)) {
    test(`misses little more than from the start, nor than with new entries, under ${title} (seed ${SEED})`, () => {
      const names = policyNames().filter((name) => choiceOf(name).type.offline !== true);
      const stream = createStream();
      const greatest = stream.reduce((most, key) => Math.max(most, key), 0);
      const entriesOf = new Map(names.map((name) => [name, warmCache(name, stream, greatest).drain()]));
      const offences: string[] = [];
      for (const name of names) {
        const fromStart = measure(warmCache(name, stream, greatest), stream);
        const requests = (at: number) => fromStart[at]!.end - (fromStart[at - 1]?.end ?? WARM_UP);
        const last = CACHEFULS - 1;
        for (const before of names) {
          if (before === name) continue;
          const missesBy = (way: Way) => {
            const cache = new HandOverCache(choiceOf(name), CAPACITY, greatest);
            cache.fill(entriesOf.get(before)!, way);
            return follow(cache, stream, fromStart);
          };
          const [adopted, inserted] = [missesBy("adopt"), missesBy("insert")];
          const late = (100 * (adopted[last]! - CAPACITY)) / requests(last);
          const sum = (misses: readonly number[]) => misses.reduce((all, some) => all + some, 0);
          const worse = (100 * (sum(adopted) - sum(inserted))) / (fromStart[last]!.end - WARM_UP);
          const pair = `${before} to ${name}`;
          if (Math.abs(late) > FROM_START_TOLERANCE) offences.push(`${pair}: ${late} points off the start`);
          if (worse > INSERT_TOLERANCE) offences.push(`${pair}: ${worse} points worse than with new entries`);
        }
      }
      expect(offences).toEqual([]);
    }, 120_000);
  }
});

describe("adopted entries", () => {
  for (const name of policyNames()) {
    test(`keep the invariants of ${name}, of any weight and in any number`, () => {
      const { type } = choiceOf(name);
      if (type.offline === true) return;
      const weights = fc.constantFrom(1, 5, 30);
      const property = fc.property(
        fc.integer({ min: 1, max: 60 }),
        weights,
        fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 60, size: "max" }),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 300, size: "max" }),
        (capacity, heaviest, keys, requests) => {
          const weightOf = (key: number) => Math.min(capacity, 1 + ((key * 7) % heaviest));
          const cache = new HandOverCache(choiceOf(name), capacity, 200, weightOf);
          let room = capacity;
          const fitting = keys.filter((key) => {
            room -= weightOf(key);
            return room >= 0;
          });
          cache.fill(fitting, "adopt");
          cache.policy.check();
          for (const key of requests) {
            cache.request(key);
            cache.policy.check();
          }
          expect(cache.used).toBeLessThanOrEqual(capacity);
          cache.drain();
          cache.policy.check();
        },
      );
      fc.assert(property, { numRuns: RUNS, seed: SEED });
    }, 60_000);
  }
});
