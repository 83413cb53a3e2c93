import { expect, test } from "bun:test";
import { lruK } from "./lru-k.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class LruKModel implements Model {
  readonly #setup: ModelSetup;
  /** The times of the last K requests of each resident key, latest first. */
  readonly #times = new Map<number, number[]>();
  #ghosts: { key: number; weight: number; time: number }[] = [];
  #returning: { key: number; time: number } | undefined;
  #now = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(key: number): void {
    this.#returning = this.#ghosts.find((ghost) => ghost.key === key);
    this.#ghosts = this.#ghosts.filter((ghost) => ghost.key !== key);
  }

  hit(key: number): void {
    this.#times.set(key, [++this.#now, ...this.#times.get(key)!]);
  }

  insert(key: number): void {
    this.#times.set(key, [++this.#now, ...(this.#returning?.key === key ? [this.#returning.time] : [])]);
    this.#returning = undefined;
  }

  evict(): number {
    const victim = this.order()[0];
    if (victim === undefined) return 0;
    this.#ghosts.push({ key: victim, weight: this.#setup.weigh(victim), time: this.#times.get(victim)![0]! });
    this.#times.delete(victim);
    const { capacity, maxEntries, maxGhosts, parameters } = this.#setup;
    const share = Math.floor(capacity * parameters["ghost"]!);
    if (this.#ghosts.at(-1)!.weight > share) this.#ghosts.pop();
    while (
      this.#ghosts.reduce((sum, ghost) => sum + ghost.weight, 0) > share ||
      this.#ghosts.length > Math.min(maxGhosts, Math.ceil(maxEntries * parameters["ghost"]!))
    ) {
      this.#ghosts.shift();
    }
    return victim;
  }

  remove(key: number): void {
    this.#times.delete(key);
  }

  reweigh(): void {}

  queueOf(key: number): string {
    return this.#times.get(key)!.length < this.#setup.parameters["k"]! ? "unranked" : "ranking";
  }

  order(): number[] {
    const k = this.#setup.parameters["k"]!;
    const kthLast = (key: number) => this.#times.get(key)![k - 1] ?? Number.NEGATIVE_INFINITY;
    const last = (key: number) => this.#times.get(key)![0]!;
    return [...this.#times.keys()].sort((a, b) =>
      kthLast(a) === kthLast(b) ? last(a) - last(b) : kthLast(a) < kthLast(b) ? -1 : 1,
    );
  }
}

testPolicy(lruK, (setup) => new LruKModel(setup), {
  parameters: [
    { k: 1, ghost: 0 },
    { k: 2, ghost: 0.4 },
  ],
});

test("lru-k remembers a ghost's last request after more than 2^32 further requests", () => {
  const maxEntries = 2;
  const parameters = { k: 2, ghost: 2 };
  const sums = new Float64Array(lruK.sums);
  const memory = {
    words: new Int32Array(3),
    stride: 1,
    offset: 0,
    state: new Int32Array(lruK.stateWords(maxEntries, parameters)),
    sums,
    capacity: 2,
    maxEntries,
    weigh: () => 1,
    hashOf: (slot: number) => slot,
    seed: 1,
  };
  sums[sums.length - 2] = 3 * 2 ** 32 - 2;
  const policy = lruK.create(memory, parameters);
  policy.insert(1, 1);
  policy.insert(2, 2);
  expect(policy.evict(0)).toBe(1);
  policy.hit(2);
  policy.miss(1);
  policy.insert(1, 1);
  expect(policy.explain(1).detail).toEqual({ requestsSinceLast: 0, requestsSinceKthLast: 3 });
  expect(policy.explain(2).detail).toEqual({ requestsSinceLast: 1, requestsSinceKthLast: 2 });
});
