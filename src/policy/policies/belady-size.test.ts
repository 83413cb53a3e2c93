import { SeededRandom } from "../../lib/random.ts";
import { beladySize } from "./belady-size.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class BeladySizeModel implements Model {
  readonly #setup: ModelSetup;
  readonly #random: SeededRandom;
  #wanted: number[] = [];
  #spent: number[] = [];

  constructor(setup: ModelSetup) {
    this.#setup = setup;
    this.#random = new SeededRandom(setup.seed);
  }

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    const isSpent = this.#setup.nextAccess(key) === Number.POSITIVE_INFINITY;
    if (this.#spent.includes(key) === isSpent) return;
    this.remove(key);
    this.insert(key);
  }

  insert(key: number): void {
    (this.#setup.nextAccess(key) === Number.POSITIVE_INFINITY ? this.#spent : this.#wanted).push(key);
  }

  evict(): number {
    if (this.#spent.length > 0) return this.#spent.pop()!;
    const sample = this.#setup.parameters["sample"]!;
    const candidates =
      this.#wanted.length > sample
        ? Array.from({ length: sample }, () => this.#random.pick(this.#wanted))
        : this.#wanted;
    const room = candidates.map(
      (key) => this.#setup.weigh(key) * (this.#setup.nextAccess(key) - this.#setup.now()),
    );
    const victim = candidates[room.indexOf(Math.max(...room))] ?? 0;
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    for (const table of [this.#wanted, this.#spent]) {
      const at = table.indexOf(key);
      if (at === -1) continue;
      const last = table.pop()!;
      if (at < table.length) table[at] = last;
    }
  }

  queueOf(key: number): string {
    return this.#spent.includes(key) ? "spent" : "wanted";
  }
}

testPolicy(beladySize, (setup) => new BeladySizeModel(setup), { parameters: [{ sample: 5 }] });
