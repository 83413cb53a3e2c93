import { clock } from "./clock.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class ClockModel implements Model {
  readonly #roundsLimit: number;
  #queue: { key: number; rounds: number }[] = [];

  constructor(setup: ModelSetup) {
    this.#roundsLimit = 2 ** setup.parameters["bits"]! - 1;
  }

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    const entry = this.#queue.find((other) => other.key === key)!;
    entry.rounds = Math.min(this.#roundsLimit, entry.rounds + 1);
  }

  insert(key: number): void {
    this.#queue.push({ key, rounds: 0 });
  }

  evict(): number {
    while (this.#queue.length > 0) {
      const entry = this.#queue.shift()!;
      if (entry.rounds === 0) return entry.key;
      this.#queue.push({ key: entry.key, rounds: entry.rounds - 1 });
    }
    return 0;
  }

  remove(key: number): void {
    this.#queue = this.#queue.filter((entry) => entry.key !== key);
  }

  queueOf(): string {
    return "queue";
  }

  order(): number[] {
    return this.#queue.map((entry) => entry.key);
  }
}

testPolicy(clock, (setup) => new ClockModel(setup), { parameters: [{ bits: 2 }, { bits: 3 }] });
