import { gdsf } from "./gdsf.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class GdsfModel implements Model {
  readonly #setup: ModelSetup;
  /** In order of the last request, oldest first. */
  #entries: { key: number; frequency: number; priority: number }[] = [];
  #age = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(): void {}

  hit(key: number): void {
    const frequency = this.#entries.find((entry) => entry.key === key)!.frequency + 1;
    this.remove(key);
    this.#entries.push({ key, frequency, priority: this.#priority(key, frequency) });
  }

  insert(key: number): void {
    this.#entries.push({ key, frequency: 1, priority: this.#priority(key, 1) });
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

  reweigh(key: number): void {
    const entry = this.#entries.find((other) => other.key === key)!;
    entry.priority = this.#priority(key, entry.frequency);
  }

  queueOf(): string {
    return "ranking";
  }

  order(): number[] {
    return this.#entries.toSorted((a, b) => a.priority - b.priority).map((entry) => entry.key);
  }

  #priority(key: number, frequency: number): number {
    return this.#age + frequency / this.#setup.weigh(key);
  }
}

testPolicy(gdsf, (setup) => new GdsfModel(setup));
