import { FrequencySketch } from "../frequency-sketch.ts";
import type { Model, ModelSetup } from "./policy-conformance.ts";

/** W-TinyLFU in plain arrays, with the sketch of the real one: that has tests of its own. */
export class WTinyLfuModel implements Model {
  readonly #setup: ModelSetup;
  readonly #climbs: boolean;
  readonly #sketch: FrequencySketch;
  #window: number[] = [];
  #probation: number[] = [];
  #protected: number[] = [];
  #windowShare: number;
  #protectedShare: number;
  #hits = 0;
  #misses = 0;
  #hitRatio = 0;
  #step: number;

  constructor(setup: ModelSetup, climbs: boolean) {
    const { capacity, maxEntries, parameters } = setup;
    this.#setup = setup;
    this.#climbs = climbs;
    this.#sketch = new FrequencySketch(new Int32Array(FrequencySketch.words(maxEntries)), 0, maxEntries);
    this.#windowShare = Math.max(1, Math.floor(capacity * parameters["window"]!));
    this.#protectedShare = Math.floor((capacity - this.#windowShare) * parameters["protected"]!);
    this.#step = -capacity / 16;
  }

  miss(): void {
    this.#misses++;
    const requests = this.#hits + this.#misses;
    if (!this.#climbs || requests < 10 * this.#expectedEntries()) return;
    const hitRatio = this.#hits / requests;
    const change = hitRatio - this.#hitRatio;
    const step = change >= 0 ? this.#step : -this.#step;
    this.#step = Math.abs(change) >= 0.05 ? (Math.sign(step) * this.#setup.capacity) / 16 : step * 0.98;
    this.#hitRatio = hitRatio;
    this.#hits = 0;
    this.#misses = 0;
    if (Math.trunc(step) > 0) this.#widen(Math.trunc(step));
    if (Math.trunc(step) < 0) this.#narrow(-Math.trunc(step));
  }

  hit(key: number): void {
    this.#hits++;
    this.#sketch.add(this.#setup.hashOf(key));
    const inWindow = this.#window.includes(key);
    this.remove(key);
    (inWindow ? this.#window : this.#protected).push(key);
    this.reweigh();
  }

  insert(key: number): void {
    this.#sketch.add(this.#setup.hashOf(key));
    this.#window.push(key);
    this.reweigh();
    this.#sketch.ageEvery(10 * this.#expectedEntries());
  }

  evict(): number {
    const main = this.#probation[0] ?? this.#protected[0];
    let victim = main ?? this.#window[0] ?? 0;
    if (this.#weigh(this.#window) >= this.#windowShare && this.#window.length > 0) {
      const challenger = this.#window.shift()!;
      this.#probation.push(challenger);
      if (main === undefined || this.#estimate(challenger) <= this.#estimate(main)) victim = challenger;
    }
    this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    this.#window = this.#window.filter((other) => other !== key);
    this.#probation = this.#probation.filter((other) => other !== key);
    this.#protected = this.#protected.filter((other) => other !== key);
  }

  reweigh(): void {
    while (this.#weigh(this.#window.slice(1)) >= this.#windowShare) {
      this.#probation.push(this.#window.shift()!);
    }
    while (this.#weigh(this.#protected) > this.#protectedShare)
      this.#probation.push(this.#protected.shift()!);
  }

  queueOf(key: number): string {
    if (this.#window.includes(key)) return "window";
    return this.#protected.includes(key) ? "protected" : "probation";
  }

  order(): number[] {
    return [...this.#probation, ...this.#protected, ...this.#window];
  }

  #widen(change: number): void {
    let room = Math.min(change, this.#protectedShare);
    this.#windowShare += room;
    this.#protectedShare -= room;
    this.reweigh();
    for (;;) {
      const key = this.#probation[0] ?? this.#protected[0];
      if (key === undefined || this.#setup.weigh(key) > room) return;
      room -= this.#setup.weigh(key);
      this.remove(key);
      this.#window.push(key);
      this.reweigh();
    }
  }

  #narrow(change: number): void {
    const narrowing = Math.min(change, this.#windowShare - 1);
    this.#windowShare -= narrowing;
    this.#protectedShare += narrowing;
    this.reweigh();
  }

  #expectedEntries(): number {
    const { capacity, maxEntries } = this.#setup;
    const keys = [...this.#window, ...this.#probation, ...this.#protected];
    if (keys.length === 0) return maxEntries;
    return Math.min(maxEntries, (keys.length * capacity) / this.#weigh(keys));
  }

  #weigh(keys: readonly number[]): number {
    return keys.reduce((sum, key) => sum + this.#setup.weigh(key), 0);
  }

  #estimate(key: number): number {
    return this.#sketch.estimate(this.#setup.hashOf(key));
  }
}
