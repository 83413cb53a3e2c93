import { SeededRandom } from "../../lib/random.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";
import { random } from "./random.ts";

class RandomModel implements Model {
  readonly #random: SeededRandom;
  #table: number[] = [];

  constructor(setup: ModelSetup) {
    this.#random = new SeededRandom(setup.seed);
  }

  miss(): void {}
  hit(): void {}
  reweigh(): void {}

  insert(key: number): void {
    this.#table.push(key);
  }

  evict(): number {
    if (this.#table.length === 0) return 0;
    const victim = this.#random.pick(this.#table);
    this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    const at = this.#table.indexOf(key);
    const last = this.#table.pop()!;
    if (at < this.#table.length) this.#table[at] = last;
  }

  queueOf(): string {
    return "table";
  }
}

testPolicy(random, (setup) => new RandomModel(setup));
