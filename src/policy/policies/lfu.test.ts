import { expect, test } from "bun:test";
import { lfu } from "./lfu.ts";
import { type Model, testPolicy } from "./policy-conformance.ts";

class LfuModel implements Model {
  /** In order of the last request, oldest first. */
  #entries: { key: number; frequency: number }[] = [];

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    const { frequency } = this.#entries.find((entry) => entry.key === key)!;
    this.remove(key);
    this.#entries.push({ key, frequency: frequency + 1 });
  }

  insert(key: number): void {
    this.#entries.push({ key, frequency: 1 });
  }

  evict(): number {
    const victim = this.order()[0] ?? 0;
    this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  queueOf(): string {
    return "ranking";
  }

  order(): number[] {
    return this.#entries.toSorted((a, b) => a.frequency - b.frequency).map((entry) => entry.key);
  }
}

testPolicy(lfu, () => new LfuModel());

test("a frequency at its limit stays there, and reads still count as recent", () => {
  const limit = 0x7fff_ffff;
  const state = new Int32Array(lfu.stateWords(3, {}));
  const memory = {
    words: new Int32Array(4),
    stride: 1,
    offset: 0,
    state,
    sums: new Float64Array(0),
    capacity: 3,
    maxEntries: 3,
    weigh: () => 1,
    hashOf: (slot: number) => slot,
    seed: 1,
  };
  const policy = lfu.create(memory, {});
  for (const slot of [1, 2, 3]) policy.insert(slot, slot);
  for (let reads = 0; reads < 9; reads++) for (const slot of [1, 2]) policy.hit(slot);
  state[state.lastIndexOf(9)] = limit - 2;
  for (const slot of [1, 2, 2, 1]) policy.hit(slot);
  policy.check();
  expect([1, 2, 3].map((slot) => policy.explain(slot).detail["frequency"])).toEqual([limit, limit, 1]);
  expect([policy.evict(0), policy.evict(0), policy.evict(0)]).toEqual([3, 2, 1]);
});
