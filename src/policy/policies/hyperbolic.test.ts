import { SeededRandom } from "../../lib/random.ts";
import { hyperbolic } from "./hyperbolic.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class HyperbolicModel implements Model {
  readonly #setup: ModelSetup;
  readonly #random: SeededRandom;
  #table: { key: number; frequency: number; since: number }[] = [];
  #now = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
    this.#random = new SeededRandom(setup.seed);
  }

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    this.#now++;
    this.#table.find((entry) => entry.key === key)!.frequency++;
  }

  insert(key: number): void {
    this.#table.push({ key, frequency: 1, since: this.#now++ });
  }

  evict(): number {
    const sample = this.#setup.parameters["sample"]!;
    const candidates =
      this.#table.length > sample
        ? Array.from({ length: sample }, () => this.#random.pick(this.#table))
        : this.#table;
    const priorities = candidates.map((entry) => entry.frequency / (this.#now - entry.since));
    const victim = candidates[priorities.indexOf(Math.min(...priorities))]?.key ?? 0;
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    const at = this.#table.findIndex((entry) => entry.key === key);
    const last = this.#table.pop()!;
    if (at < this.#table.length) this.#table[at] = last;
  }

  queueOf(): string {
    return "table";
  }
}

testPolicy(hyperbolic, (setup) => new HyperbolicModel(setup), { parameters: [{ sample: 1 }, { sample: 7 }] });
