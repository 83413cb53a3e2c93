import { car } from "./car.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

interface Ghost {
  readonly key: number;
  readonly weight: number;
}

/** Uses the paper's names. */
class CarModel implements Model {
  readonly #setup: ModelSetup;
  readonly #referenced = new Set<number>();
  #t1: number[] = [];
  #t2: number[] = [];
  #b1: Ghost[] = [];
  #b2: Ghost[] = [];
  #p = 0;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(): void {}

  hit(key: number): void {
    this.#referenced.add(key);
  }

  insert(key: number): void {
    const [b1, b2] = [weightOf(this.#b1), weightOf(this.#b2)];
    if (this.#b1.some((ghost) => ghost.key === key)) {
      this.#p = Math.min(this.#p + Math.max(1, b2 / b1), this.#setup.capacity);
      this.#b1 = this.#b1.filter((ghost) => ghost.key !== key);
      this.#t2.push(key);
    } else if (this.#b2.some((ghost) => ghost.key === key)) {
      this.#p = Math.max(this.#p - Math.max(1, b1 / b2), 0);
      this.#b2 = this.#b2.filter((ghost) => ghost.key !== key);
      this.#t2.push(key);
    } else {
      this.#t1.push(key);
    }
    this.reweigh();
  }

  evict(): number {
    while (this.#t1.length + this.#t2.length > 0) {
      const fromT1 = this.#t1First();
      const key = (fromT1 ? this.#t1 : this.#t2).shift()!;
      if (this.#referenced.delete(key)) {
        this.#t2.push(key);
        continue;
      }
      const ghosts = fromT1 ? this.#b1 : this.#b2;
      if (this.#b1.length + this.#b2.length === Math.min(this.#setup.maxEntries, this.#setup.maxGhosts) + 1) {
        (ghosts.length > 0 ? ghosts : fromT1 ? this.#b2 : this.#b1).shift();
      }
      ghosts.push({ key, weight: this.#setup.weigh(key) });
      this.reweigh();
      return key;
    }
    return 0;
  }

  remove(key: number): void {
    this.#referenced.delete(key);
    this.#t1 = this.#t1.filter((other) => other !== key);
    this.#t2 = this.#t2.filter((other) => other !== key);
  }

  reweigh(): void {
    const { capacity } = this.#setup;
    const [t1, t2] = [this.#weigh(this.#t1), this.#weigh(this.#t2)];
    while (t1 + weightOf(this.#b1) > capacity && this.#b1.length > 0) this.#b1.shift();
    while (t1 + t2 + weightOf(this.#b1) + weightOf(this.#b2) > 2 * capacity && this.#b2.length > 0) {
      this.#b2.shift();
    }
  }

  queueOf(key: number): string {
    return this.#t2.includes(key) ? "frequent" : "recent";
  }

  order(): number[] {
    return this.#t1First() ? [...this.#t1, ...this.#t2] : [...this.#t2, ...this.#t1];
  }

  #t1First(): boolean {
    if (this.#t2.length === 0) return true;
    if (this.#t1.length === 0) return false;
    return this.#weigh(this.#t1) >= Math.max(1, this.#p);
  }

  #weigh(keys: readonly number[]): number {
    return keys.reduce((sum, key) => sum + this.#setup.weigh(key), 0);
  }
}

function weightOf(ghosts: readonly Ghost[]): number {
  return ghosts.reduce((sum, ghost) => sum + ghost.weight, 0);
}

testPolicy(car, (setup) => new CarModel(setup));
