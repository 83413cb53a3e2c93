import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";
import { slru } from "./slru.ts";

class SlruModel implements Model {
  readonly #setup: ModelSetup;
  #probation: number[] = [];
  #protected: number[] = [];

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(): void {}

  hit(key: number): void {
    this.remove(key);
    this.#protected.push(key);
    this.reweigh();
  }

  insert(key: number): void {
    this.#probation.push(key);
  }

  evict(): number {
    return this.#probation.shift() ?? this.#protected.shift() ?? 0;
  }

  remove(key: number): void {
    this.#probation = this.#probation.filter((other) => other !== key);
    this.#protected = this.#protected.filter((other) => other !== key);
  }

  reweigh(): void {
    const share = Math.floor(this.#setup.capacity * this.#setup.parameters["protected"]!);
    while (this.#protected.reduce((sum, key) => sum + this.#setup.weigh(key), 0) > share) {
      this.#probation.push(this.#protected.shift()!);
    }
  }

  queueOf(key: number): string {
    return this.#protected.includes(key) ? "protected" : "probation";
  }

  order(): number[] {
    return [...this.#probation, ...this.#protected];
  }
}

testPolicy(slru, (setup) => new SlruModel(setup), { parameters: [{ protected: 0.3 }, { protected: 1 }] });
