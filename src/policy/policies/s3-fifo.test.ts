import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";
import { s3Fifo } from "./s3-fifo.ts";

interface Entry {
  readonly key: number;
  reads: number;
}

class S3FifoModel implements Model {
  readonly #setup: ModelSetup;
  #small: Entry[] = [];
  #main: Entry[] = [];
  #ghosts: { key: number; weight: number }[] = [];
  #returning = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(key: number): void {
    const isGhost = this.#ghosts.some((ghost) => ghost.key === key);
    this.#ghosts = this.#ghosts.filter((ghost) => ghost.key !== key);
    this.#returning = isGhost ? key : 0;
  }

  hit(key: number): void {
    const entry = [...this.#small, ...this.#main].find((other) => other.key === key)!;
    entry.reads = Math.min(3, entry.reads + 1);
  }

  insert(key: number): void {
    (this.#returning === key ? this.#main : this.#small).push({ key, reads: 0 });
    this.#returning = 0;
  }

  evict(): number {
    if (this.#small.length + this.#main.length === 0) return 0;
    const { capacity, parameters } = this.#setup;
    const mainShare = capacity - Math.floor(capacity * parameters["small"]!);
    while (true) {
      if (this.#weight(this.#main) > mainShare || this.#small.length === 0) {
        for (;;) {
          const entry = this.#main.shift()!;
          if (entry.reads === 0) return entry.key;
          entry.reads--;
          this.#main.push(entry);
        }
      }
      while (this.#small.length > 0) {
        const entry = this.#small.shift()!;
        if (entry.reads < 2) {
          this.#remember(entry.key);
          return entry.key;
        }
        this.#main.push({ key: entry.key, reads: 0 });
      }
    }
  }

  remove(key: number): void {
    this.#small = this.#small.filter((entry) => entry.key !== key);
    this.#main = this.#main.filter((entry) => entry.key !== key);
  }

  reweigh(): void {}

  order(): number[] {
    const { capacity, parameters } = this.#setup;
    const mainFirst = this.#weight(this.#main) > capacity - Math.floor(capacity * parameters["small"]!);
    const entries = mainFirst ? [...this.#main, ...this.#small] : [...this.#small, ...this.#main];
    return entries.map((entry) => entry.key);
  }

  queueOf(key: number): string {
    return this.#main.some((entry) => entry.key === key) ? "main" : "small";
  }

  #weight(entries: readonly Entry[]): number {
    return entries.reduce((sum, { key }) => sum + this.#setup.weigh(key), 0);
  }

  #remember(key: number): void {
    const { capacity, maxEntries, maxGhosts, parameters } = this.#setup;
    const share = Math.floor(capacity * parameters["ghost"]!);
    const weight = this.#setup.weigh(key);
    if (weight > share) return;
    this.#ghosts.push({ key, weight });
    const most = Math.min(maxGhosts, Math.ceil(maxEntries * parameters["ghost"]!));
    while (this.#ghosts.reduce((sum, ghost) => sum + ghost.weight, 0) > share || this.#ghosts.length > most) {
      this.#ghosts.shift();
    }
  }
}

testPolicy(s3Fifo, (setup) => new S3FifoModel(setup), {
  parameters: [
    { small: 0, ghost: 0 },
    { small: 0.5, ghost: 2 },
    { small: 1, ghost: 0.3 },
  ],
});
