/** How W-TinyLFU adopts entries, and how its window changes its size. */
import { describe, expect, test } from "bun:test";
import { wTinyLfu } from "./policies/w-tinylfu.ts";
import { wTinyLfuClimb } from "./policies/w-tinylfu-climb.ts";
import type { PolicyMemory, PolicyType } from "./policy.ts";
import { WindowClimber } from "./window-climber.ts";
import { WindowTinyLfu } from "./window-tiny-lfu.ts";

const CAPACITY = 10_000;

function policyOf(type: PolicyType, weigh: (slot: number) => number = () => 1) {
  const sums = new Float64Array(type.sums);
  const memory: PolicyMemory = {
    ...{
      words: new Int32Array((CAPACITY + 1) * type.wordsPerSlot),
      stride: type.wordsPerSlot,
      offset: 0,
      sums,
    },
    state: new Int32Array(type.stateWords(CAPACITY, type.parameters)),
    ...{ capacity: CAPACITY, maxEntries: CAPACITY, weigh, hashOf: (slot) => slot, seed: 1 },
  };
  const policy = type.create(memory, type.parameters);
  /** How many of the first slots are in which segment. */
  const counts = (slots: number) => {
    const found = { window: 0, probation: 0, protected: 0 };
    for (let slot = 1; slot <= slots; slot++) found[policy.explain(slot).queue as keyof typeof found]++;
    return found;
  };
  return { policy, sums, counts };
}

/** A climbing policy with adopted entries: a full cache by default. @param rank of all of them */
function adopted(rank: number, entries = CAPACITY) {
  const made = policyOf(wTinyLfuClimb);
  for (let slot = 1; slot <= entries; slot++) made.policy.adopt(slot, slot, rank);
  const climber = new WindowClimber(made.sums, WindowTinyLfu.sums, CAPACITY);
  /** Asks for a change, and gives the policy some occasions to make it. @returns the window's share after each */
  const shares = (change: number, times: number): unknown[] => {
    climber.keepPending(change);
    return Array.from({ length: times }, () => {
      made.policy.hit(entries);
      made.policy.check();
      return made.policy.explain(1).detail["windowShare"];
    });
  };
  return { ...made, climber, shares };
}

describe("an adopted entry", () => {
  test("is in the protected segment if it is among the fifth that leaves last, and counts as requested twice", () => {
    const { policy } = policyOf(wTinyLfu);
    for (const [at, rank] of [0, 0.79, 0.8, 1].entries()) policy.adopt(at + 1, at + 1, rank);
    const told = [1, 2, 3, 4].map((slot) => {
      const { queue, detail } = policy.explain(slot);
      return [queue, detail["frequency"]];
    });
    expect(told).toEqual([
      ["probation", 1],
      ["probation", 1],
      ["protected", 2],
      ["protected", 2],
    ]);
    policy.check();
  });

  test("is in probation if the protected segment has no room for it", () => {
    const weights = [0, 7920, 7921, 1];
    const { policy } = policyOf(wTinyLfu, (slot) => weights[slot]!);
    policy.adopt(2, 2, 1);
    expect(policy.explain(2)).toMatchObject({
      queue: "probation",
      detail: { frequency: 1, windowShare: 100 },
    });
    policy.remove(2);
    policy.adopt(1, 1, 1);
    expect(policy.explain(1).queue).toBe("protected");
    // The segment's oldest one gives way.
    policy.adopt(3, 3, 1);
    expect([policy.explain(1).queue, policy.explain(3).queue]).toEqual(["probation", "protected"]);
    policy.check();
  });
});

describe("a change of the window's share", () => {
  test("moves a thousand entries at once, and the rest on later occasions", () => {
    const { shares, climber, counts } = adopted(0);
    expect(shares(2500, 1)).toEqual([1100]);
    expect(climber.pending()).toBe(1500);
    // One has been read in probation.
    expect(counts(CAPACITY)).toEqual({ window: 1000, probation: CAPACITY - 1001, protected: 1 });
    expect(shares(climber.pending(), 3)).toEqual([2100, 2600, 2600]);
    expect([climber.pending(), counts(CAPACITY).window]).toEqual([0, 2500]);
    expect(shares(-2500, 4)).toEqual([1600, 600, 100, 100]);
    expect([climber.pending() === 0, counts(CAPACITY).window]).toEqual([true, 0]);
  });

  test("takes the protected segment's surplus back to probation, a thousand entries at once", () => {
    const { shares, counts } = adopted(1);
    expect(counts(CAPACITY)).toEqual({ window: 0, probation: 2080, protected: 7920 });
    expect(shares(2500, 1)).toEqual([1100]);
    expect(counts(CAPACITY)).toEqual({ window: 1000, probation: 2080, protected: 6920 });
  });

  test("of one unit is made, too", () => {
    const { shares, climber } = adopted(0);
    expect([...shares(1, 1), ...shares(-1, 1)]).toEqual([101, 100]);
    expect(climber.pending() === 0).toBe(true);
  });

  test("leaves the window one unit, and takes no more than the protected segment has", () => {
    const { policy, shares, climber } = adopted(0, CAPACITY - 100);
    for (let slot = CAPACITY - 99; slot <= CAPACITY; slot++) policy.insert(slot, slot);
    expect(shares(-100, 2)).toEqual([1, 1]);
    expect(climber.pending() === 0).toBe(true);
    const other = adopted(0);
    expect(other.shares(9000, 9).at(-1)).toBe(100 + 7920);
    expect(other.climber.pending()).toBe(0);
  });
});
