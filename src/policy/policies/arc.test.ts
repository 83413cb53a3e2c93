import { arc } from "./arc.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

interface Ghost {
  readonly key: number;
  readonly weight: number;
}

/** Uses the paper's names. */
class ArcModel implements Model {
  readonly #setup: ModelSetup;
  #t1: number[] = [];
  #t2: number[] = [];
  #b1: Ghost[] = [];
  #b2: Ghost[] = [];
  #p = 0;
  #returning: { key: number; from: "b1" | "b2" | "nowhere" } = { key: 0, from: "nowhere" };

  constructor(setup: ModelSetup) {
    this.#setup = setup;
  }

  miss(key: number): void {
    const [b1, b2] = [weightOf(this.#b1), weightOf(this.#b2)];
    if (this.#b1.some((ghost) => ghost.key === key)) {
      this.#p = Math.min(this.#p + Math.max(b2 / b1, 1), this.#setup.capacity);
      this.#b1 = this.#b1.filter((ghost) => ghost.key !== key);
      this.#returning = { key, from: "b1" };
    } else if (this.#b2.some((ghost) => ghost.key === key)) {
      this.#p = Math.max(this.#p - Math.max(b1 / b2, 1), 0);
      this.#b2 = this.#b2.filter((ghost) => ghost.key !== key);
      this.#returning = { key, from: "b2" };
    } else {
      this.#returning = { key, from: "nowhere" };
    }
  }

  hit(key: number): void {
    this.remove(key);
    this.#t2.push(key);
  }

  insert(key: number): void {
    const { key: returning, from } = this.#returning;
    (returning === key && from !== "nowhere" ? this.#t2 : this.#t1).push(key);
    this.#returning = { key: 0, from: "nowhere" };
    this.reweigh();
  }

  evict(incoming: number): number {
    const fromT1 = this.#t1First(incoming);
    const victim = (fromT1 ? this.#t1 : this.#t2).shift() ?? 0;
    if (victim === 0) return 0;
    const ghosts = fromT1 ? this.#b1 : this.#b2;
    if (this.#b1.length + this.#b2.length === Math.min(this.#setup.maxEntries, this.#setup.maxGhosts) + 1) {
      (ghosts.length > 0 ? ghosts : fromT1 ? this.#b2 : this.#b1).shift();
    }
    ghosts.push({ key: victim, weight: this.#setup.weigh(victim) });
    this.reweigh();
    return victim;
  }

  remove(key: number): void {
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
    return this.#t1First(0) ? [...this.#t1, ...this.#t2] : [...this.#t2, ...this.#t1];
  }

  #t1First(incoming: number): boolean {
    if (this.#t2.length === 0) return true;
    if (this.#t1.length === 0) return false;
    const t1 = this.#weigh(this.#t1);
    const inB2 = this.#returning.key === incoming && this.#returning.from === "b2";
    return t1 > this.#p || (t1 === this.#p && inB2);
  }

  #weigh(keys: readonly number[]): number {
    return keys.reduce((sum, key) => sum + this.#setup.weigh(key), 0);
  }
}

function weightOf(ghosts: readonly Ghost[]): number {
  return ghosts.reduce((sum, ghost) => sum + ghost.weight, 0);
}

testPolicy(arc, (setup) => new ArcModel(setup));
