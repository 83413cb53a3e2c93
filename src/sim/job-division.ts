import { parsePolicy } from "../policy/registry.ts";
import type { Job } from "./jobs.ts";

/** Nanoseconds per request of each policy, from the results of `bench:simulator`; only the ratios matter. */
const COSTS: Readonly<Record<string, number>> = {
  random: 9,
  fifo: 7,
  clock: 12,
  sieve: 12,
  lru: 13,
  slru: 32,
  "s3-fifo": 29,
  lfu: 29,
  car: 30,
  arc: 33,
  "2q": 42,
  gdsf: 48,
  "lfu-da": 52,
  belady: 60,
  "w-tinylfu": 63,
  "w-tinylfu-climb": 65,
  hyperbolic: 63,
  "lru-k": 75,
  lirs: 78,
  "belady-size": 90,
};
const USUAL_COST = 40;

/** How far a thread may exceed its fair share before a policy's jobs are split for it. */
const TOLERANCE = 1.05;

/**
 * Divides jobs among threads so that all have about the same work, and each has few policies. Code that serves one
 * policy runs faster than code that serves ten: its calls have one target. (Ten policies at twenty sizes on two
 * threads take an eighth less processor time than when each thread has all ten.)
 * @returns the thread of each job
 */
export function divideJobs(jobs: readonly Pick<Job, "policy">[], threads: number): number[] {
  const threadOf: number[] = [];
  const loads = Array.from({ length: threads }, () => 0);
  const least = (): number => loads.indexOf(Math.min(...loads));
  const give = (job: number, cost: number, thread: number): void => {
    threadOf[job] = thread;
    loads[thread]! += cost;
  };
  const shares = sharesOf(jobs);
  const limit = (TOLERANCE * shares.reduce((sum, { cost, jobs }) => sum + cost * jobs.length, 0)) / threads;
  for (const { cost, jobs } of shares) {
    const thread = least();
    const fits = loads[thread]! + cost * jobs.length <= limit;
    for (const job of jobs) give(job, cost, fits ? thread : least());
  }
  return threadOf;
}

/** Returns the relative cost of the policy with this name. */
export function costOf(name: string): number {
  return COSTS[name] ?? USUAL_COST;
}

/** Groups the jobs by policy, most expensive group first. */
function sharesOf(jobs: readonly Pick<Job, "policy">[]): { cost: number; jobs: number[] }[] {
  const shares = new Map<string, { cost: number; jobs: number[] }>();
  for (const [index, { policy }] of jobs.entries()) {
    const { name } = parsePolicy(policy).type;
    const share = shares.get(name) ?? { cost: costOf(name), jobs: [] };
    share.jobs.push(index);
    shares.set(name, share);
  }
  return [...shares.values()].sort((a, b) => b.cost * b.jobs.length - a.cost * a.jobs.length);
}
