import { describe, expect, test } from "bun:test";
import type { Policy } from "../policy.ts";
import { parsePolicy } from "../registry.ts";

const PASS_LIMIT = 500;
const ENTRIES: number = 4 * PASS_LIMIT;

/** Creates a policy over dense slots of equal weight, all of them resident and read. */
function fullOfReadEntries(text: string): Policy {
  const { type, parameters } = parsePolicy(text);
  const policy = type.create(
    {
      words: new Int32Array((ENTRIES + 1) * type.wordsPerSlot),
      stride: type.wordsPerSlot,
      offset: 0,
      state: new Int32Array(type.stateWords(ENTRIES, parameters)),
      sums: new Float64Array(type.sums),
      capacity: ENTRIES,
      maxEntries: ENTRIES,
      passLimit: PASS_LIMIT,
      weigh: () => 1,
      hashOf: (slot) => slot,
      seed: 1,
    },
    parameters,
  );
  for (let slot = 1; slot <= ENTRIES; slot++) {
    policy.miss(slot);
    policy.insert(slot, slot);
  }
  for (let slot = 1; slot <= ENTRIES; slot++) for (let reads = 0; reads < 3; reads++) policy.hit(slot);
  return policy;
}

/** The part of an entry's explanation that changes when an eviction passes over it. */
function placementOf(policy: Policy, slot: number): string {
  const { queue, detail } = policy.explain(slot);
  return [queue, detail["rounds"], detail["visited"], detail["reads"], detail["referenced"]].join(" ");
}

function placements(policy: Policy): Map<number, string> {
  const found = new Map<number, string>();
  policy.forEach((slot) => {
    found.set(slot, placementOf(policy, slot));
  });
  return found;
}

describe("an eviction", () => {
  for (const text of ["clock", "clock(bits=3)", "sieve", "s3-fifo", "s3-fifo(small=0)", "car"]) {
    test(`by ${text} passes over a bounded number of entries, even if all have been read`, () => {
      const policy = fullOfReadEntries(text);
      const left = new Set<number>();
      for (let eviction = 0; eviction < 20; eviction++) {
        const before = placements(policy);
        const victim = policy.evict(0);
        expect(victim).toBeGreaterThan(0);
        left.add(victim);
        const changed = [...placements(policy)].filter(([slot, now]) => now !== before.get(slot));
        expect(changed.length).toBeLessThanOrEqual(PASS_LIMIT);
        policy.check();
      }
      expect(left.size).toBe(20);
    });
  }
});
