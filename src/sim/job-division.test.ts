import { expect, test } from "bun:test";
import fc from "fast-check";
import { policyNames } from "../policy/registry.ts";
import { costOf, divideJobs } from "./job-division.ts";

const jobsOf = (policies: readonly string[], sizes: number) =>
  Array.from({ length: sizes }, () => policies.map((policy) => ({ policy }))).flat();

test("a policy stays on one thread if that is fair", () => {
  const jobs = jobsOf(
    ["fifo", "lru", "clock", "sieve", "s3-fifo", "slru", "2q", "arc", "lfu", "w-tinylfu"],
    20,
  );
  const threads = divideJobs(jobs, 2);
  const both = new Set(jobs.map(({ policy }) => policy));
  for (const policy of [...both]) {
    if (new Set(threads.filter((_, i) => jobs[i]!.policy === policy)).size === 1) both.delete(policy);
  }
  expect(both.size).toBeLessThanOrEqual(1);
});

test("a single policy is divided", () => {
  expect(divideJobs(jobsOf(["lru"], 6), 3).toSorted()).toEqual([0, 0, 1, 1, 2, 2]);
  expect(divideJobs(jobsOf(["s3-fifo(small=0.2)", "s3-fifo"], 1), 2).toSorted()).toEqual([0, 1]);
});

test("no thread has more than its fair share and one job", () => {
  const property = fc.property(
    fc.subarray(policyNames(), { minLength: 1 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 8 }),
    (policies, sizes, threads) => {
      const jobs = jobsOf(policies, sizes);
      const loads = Array.from({ length: threads }, () => 0);
      const threadOf = divideJobs(jobs, threads);
      expect(threadOf.length).toBe(jobs.length);
      for (const [job, thread] of threadOf.entries()) loads[thread]! += costOf(jobs[job]!.policy);
      const costs = jobs.map(({ policy }) => costOf(policy));
      const fair = costs.reduce((sum, cost) => sum + cost, 0) / threads;
      expect(Math.max(...loads)).toBeLessThanOrEqual(1.05 * fair + Math.max(...costs));
    },
  );
  fc.assert(property, { seed: 1 });
});
