import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";
import { twoQ } from "./two-q.ts";

class TwoQModel implements Model {
  readonly #setup: ModelSetup;
  #recent: number[] = [];
  #main: number[] = [];
  #ghosts: { key: number; weight: number }[] = [];
  #returning = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(key: number): void {
    this.#returning = this.#ghosts.some((ghost) => ghost.key === key) ? key : 0;
    this.#ghosts = this.#ghosts.filter((ghost) => ghost.key !== key);
  }

  hit(key: number): void {
    if (!this.#main.includes(key)) return;
    this.remove(key);
    this.#main.push(key);
  }

  insert(key: number): void {
    (this.#returning === key ? this.#main : this.#recent).push(key);
    this.#returning = 0;
  }

  evict(): number {
    if (this.#recentIsOver() || this.#main.length === 0) {
      const victim = this.#recent.shift() ?? 0;
      if (victim !== 0) this.#remember(victim);
      return victim;
    }
    return this.#main.shift()!;
  }

  remove(key: number): void {
    this.#recent = this.#recent.filter((other) => other !== key);
    this.#main = this.#main.filter((other) => other !== key);
  }

  reweigh(): void {}

  queueOf(key: number): string {
    return this.#main.includes(key) ? "main" : "recent";
  }

  order(): number[] {
    return this.#recentIsOver() ? [...this.#recent, ...this.#main] : [...this.#main, ...this.#recent];
  }

  #recentIsOver(): boolean {
    const share = Math.floor(this.#setup.capacity * this.#setup.parameters["in"]!);
    return this.#recent.reduce((sum, key) => sum + this.#setup.weigh(key), 0) > share;
  }

  #remember(key: number): void {
    const { capacity, maxEntries, maxGhosts, parameters } = this.#setup;
    const share = Math.floor(capacity * parameters["out"]!);
    const most = Math.min(maxGhosts, Math.ceil(maxEntries * parameters["out"]!));
    const weight = this.#setup.weigh(key);
    if (weight > share) return;
    this.#ghosts.push({ key, weight });
    while (this.#ghosts.reduce((sum, ghost) => sum + ghost.weight, 0) > share || this.#ghosts.length > most) {
      this.#ghosts.shift();
    }
  }
}

testPolicy(twoQ, (setup) => new TwoQModel(setup), {
  parameters: [
    { in: 0, out: 0 },
    { in: 0.7, out: 2 },
  ],
});
