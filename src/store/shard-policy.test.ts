import { describe, expect, test } from "bun:test";
import type { Policy, PolicyType } from "../policy/policy.ts";
import { parsePolicy, policyType } from "../policy/registry.ts";
import { SHARD_LEAST_BYTES, ShardMemory } from "./shard-memory.ts";
import { checkPolicy, policyLimits, storePolicyNames } from "./shard-policy.ts";

const memory = ShardMemory.create(1 << 20);

/** Returns a policy type with other properties. It never runs. */
function policyLike(properties: Partial<PolicyType>): PolicyType {
  const create = (): Policy => expect.unreachable();
  return { ...policyType("fifo"), create, ...properties, name: "odd" };
}

describe("a policy in a store", () => {
  test("runs if it needs no more than a store offers", () => {
    for (const name of ["fifo", "lru", "sieve", "s3-fifo"]) expect(storePolicyNames()).toContain(name);
    expect(storePolicyNames()).not.toContain("belady");
    const smallest = ShardMemory.create(SHARD_LEAST_BYTES);
    for (const name of storePolicyNames()) checkPolicy(smallest, parsePolicy(name));
  });

  test("is refused with a reason", () => {
    const refusal = (properties: Partial<PolicyType>) => () =>
      checkPolicy(memory, { type: policyLike(properties), parameters: {} });
    expect(refusal({ wordsPerSlot: 3 })).toThrow(
      "policy odd takes 3 words an entry, and the store has 2; known are",
    );
    expect(refusal({ sums: 49 })).toThrow("policy odd keeps 49 sums, and the store has room for 48");
    expect(refusal({ offline: true })).toThrow("policy odd needs to know the future");
    expect(refusal({ stateWords: () => 1e9 })).toThrow(
      "policy odd has no room for its state within this budget",
    );
    expect(refusal({})).not.toThrow();
  });

  test("loses ghosts before entries", () => {
    const limits = (stateWords: PolicyType["stateWords"]) =>
      policyLimits(memory, { type: policyLike({ stateWords }), parameters: {} });
    const available = memory.policyState.length;
    expect(limits(() => 5)).toMatchObject({
      entries: memory.entryLimit,
      ghosts: memory.entryLimit,
      stateWords: 5,
    });
    expect(limits((_entries, _parameters, ghosts = 0) => 3 + ghosts * 7)).toMatchObject({
      entries: memory.entryLimit,
      ghosts: Math.floor((available - 3) / 7),
      stateWords: available - ((available - 3) % 7),
    });
    const perEntry = limits((entries, _parameters, ghosts = 0) => entries * 4 + ghosts);
    expect(perEntry.entries).toBe(Math.floor(available / 4));
    expect(perEntry.ghosts).toBe(available % 4);
  });
});
