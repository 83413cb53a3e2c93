import { lfuDa } from "./lfu-da.ts";
import { type Model, testPolicy } from "./policy-conformance.ts";

class LfuDaModel implements Model {
  /** In order of the last request, oldest first. */
  #entries: { key: number; frequency: number; priority: number }[] = [];
  #age = 0;

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    const frequency = this.#entries.find((entry) => entry.key === key)!.frequency + 1;
    this.remove(key);
    this.#entries.push({ key, frequency, priority: this.#age + frequency });
  }

  insert(key: number): void {
    this.#entries.push({ key, frequency: 1, priority: this.#age + 1 });
  }

  evict(): number {
    const victim = this.order()[0] ?? 0;
    if (victim !== 0) this.#age = this.#entries.find((entry) => entry.key === victim)!.priority;
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
    return this.#entries.toSorted((a, b) => a.priority - b.priority).map((entry) => entry.key);
  }
}

testPolicy(lfuDa, () => new LfuDaModel());
