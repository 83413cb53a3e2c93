import { belady } from "./belady.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

class BeladyModel implements Model {
  readonly #setup: ModelSetup;
  /** In order of the last request, oldest first. */
  #entries: { key: number; nextAccess: number }[] = [];

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    this.remove(key);
    this.insert(key);
  }

  insert(key: number): void {
    this.#entries.push({ key, nextAccess: this.#setup.nextAccess(key) });
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
    const ranked = this.#entries.toSorted((a, b) =>
      a.nextAccess === b.nextAccess ? 0 : a.nextAccess > b.nextAccess ? -1 : 1,
    );
    return ranked.map((entry) => entry.key);
  }
}

testPolicy(belady, (setup) => new BeladyModel(setup));
