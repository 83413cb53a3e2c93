import { SeededRandom } from "../../lib/random.ts";
import { FrequencySketch } from "../frequency-sketch.ts";
import type { Model, ModelSetup } from "./policy-conformance.ts";
import { WindowClimberModel } from "./window-climber-model.ts";

/** W-TinyLFU in plain arrays. It uses the real sketch, which has tests of its own. */
export class WTinyLfuModel implements Model {
  readonly #setup: ModelSetup;
  readonly #climbs: boolean;
  readonly #sketch: FrequencySketch;
  readonly #climber: WindowClimberModel;
  readonly #random: SeededRandom;
  #window: number[] = [];
  #probation: number[] = [];
  #protected: number[] = [];
  #windowShare: number;
  #protectedShare: number;
  #sample: number;

  constructor(setup: ModelSetup, climbs: boolean) {
    const { capacity, maxEntries, parameters, seed } = setup;
    const entries = climbs ? Math.max(256, maxEntries) : maxEntries;
    this.#setup = setup;
    this.#climbs = climbs;
    this.#sketch = new FrequencySketch(new Int32Array(FrequencySketch.words(entries)), 0, entries, false);
    this.#climber = new WindowClimberModel(capacity);
    this.#random = new SeededRandom(seed);
    this.#windowShare = Math.max(1, capacity - Math.floor((1 - parameters["window"]!) * capacity));
    this.#protectedShare = Math.floor((capacity - this.#windowShare) * parameters["protected"]!);
    this.#sample = climbs ? 0 : 10 * powerOfTwo(maxEntries);
  }

  miss(key: number): void {
    if (this.#sample === 0) return;
    this.#count(key);
    this.#climber.recordMiss();
  }

  hit(key: number): void {
    const inWindow = this.#window.includes(key);
    if (this.#sample > 0) {
      this.#count(key);
      this.#climber.recordHit(inWindow, this.#probation.includes(key));
    }
    const isWaiting = key === this.#window[0] && this.#weigh(this.#window) > this.#windowShare;
    const wasProtected = this.#protected.includes(key);
    this.remove(key);
    if (inWindow && !isWaiting) this.#window.push(key);
    else if (wasProtected || this.#setup.weigh(key) <= this.#protectedShare) this.#protected.push(key);
    else this.#probation.push(key);
    this.#demote();
    this.#climb();
  }

  insert(key: number): void {
    while (this.#weigh(this.#window) > this.#windowShare) this.#probation.push(this.#window.shift()!);
    if (this.#setup.weigh(key) > this.#windowShare) this.#window.unshift(key);
    else this.#window.push(key);
    this.#overflow();
    const entries = this.#expectedEntries();
    if (!this.#climbs) this.#sample = 10 * powerOfTwo(entries);
    else if (this.#sample > 0 || this.#used() >= Math.floor(this.#setup.capacity / 2)) {
      const isFirst = this.#sample === 0;
      this.#sample = 10 * Math.max(256, Math.floor(entries));
      if (isFirst) this.miss(key);
    }
    this.#climb();
  }

  evict(): number {
    const challenger = this.#window[0] ?? 0;
    if (challenger !== 0 && this.#weigh(this.#window) >= this.#windowShare) {
      this.#probation.push(this.#window.shift()!);
    }
    let oldest = this.#probation[0] ?? 0;
    if (oldest === 0 && challenger === 0) oldest = this.#protected[0] ?? 0;
    const victim = this.#loser(challenger, oldest);
    this.remove(victim);
    return victim;
  }

  remove(key: number): void {
    this.#window = this.#window.filter((other) => other !== key);
    this.#probation = this.#probation.filter((other) => other !== key);
    this.#protected = this.#protected.filter((other) => other !== key);
  }

  reweigh(): void {
    this.#overflow();
    this.#demote();
  }

  queueOf(key: number): string {
    if (this.#window.includes(key)) return "window";
    return this.#protected.includes(key) ? "protected" : "probation";
  }

  order(): number[] {
    return [...this.#probation, ...this.#protected, ...this.#window];
  }

  #count(key: number): void {
    const isCounted = this.#sketch.add(this.#setup.hashOf(key));
    if (isCounted && this.#sketch.additions() >= this.#sample) this.#sketch.halve();
  }

  #loser(challenger: number, oldest: number): number {
    if (challenger === 0 || challenger === oldest) return oldest;
    if (oldest === 0) return challenger;
    const frequency = this.#estimate(challenger);
    if (frequency > this.#estimate(oldest)) return oldest;
    return frequency >= 6 && this.#random.below(128) === 0 ? oldest : challenger;
  }

  #overflow(): void {
    while (this.#weigh(this.#window) > this.#windowShare) {
      if (this.#weigh(this.#window.slice(1)) < this.#windowShare) return;
      this.#probation.push(this.#window.shift()!);
    }
  }

  #demote(): void {
    while (this.#weigh(this.#protected) > this.#protectedShare) {
      this.#probation.push(this.#protected.shift()!);
    }
  }

  #climb(): void {
    if (!this.#climbs || this.#sample === 0) return;
    const { capacity } = this.#setup;
    this.#climber.determine(capacity, this.#windowShare, this.#protectedShare, this.#sample);
    const { adjustment } = this.#climber;
    if (adjustment > 0) this.#widen(adjustment);
    if (adjustment < 0) this.#narrow(-adjustment);
  }

  #widen(change: number): void {
    if (this.#protectedShare === 0) return;
    let left = Math.min(change, this.#protectedShare);
    this.#windowShare += left;
    this.#protectedShare -= left;
    this.#demote();
    for (;;) {
      const fits = (key: number | undefined): key is number =>
        key !== undefined && this.#setup.weigh(key) <= left;
      const key = [this.#probation[0], this.#protected[0]].find(fits);
      if (key === undefined) break;
      left -= this.#setup.weigh(key);
      this.remove(key);
      this.#window.push(key);
    }
    this.#windowShare -= left;
    this.#protectedShare += left;
    this.#climber.adjustment = left;
  }

  #narrow(change: number): void {
    if (this.#windowShare <= 1) return;
    let left = Math.min(change, this.#windowShare - 1);
    this.#windowShare -= left;
    this.#protectedShare += left;
    while (this.#window.length > 0 && this.#setup.weigh(this.#window[0]!) <= left) {
      left -= this.#setup.weigh(this.#window[0]!);
      this.#probation.push(this.#window.shift()!);
    }
    this.#windowShare += left;
    this.#protectedShare -= left;
    this.#climber.adjustment = -left;
  }

  #expectedEntries(): number {
    const { capacity, maxEntries } = this.#setup;
    const entries = this.#window.length + this.#probation.length + this.#protected.length;
    return Math.min(maxEntries, (entries * capacity) / this.#used());
  }

  #used(): number {
    return this.#weigh(this.#window) + this.#weigh(this.#probation) + this.#weigh(this.#protected);
  }

  #weigh(keys: readonly number[]): number {
    return keys.reduce((sum, key) => sum + this.#setup.weigh(key), 0);
  }

  #estimate(key: number): number {
    return this.#sketch.estimate(this.#setup.hashOf(key));
  }
}

/** The smallest power of two that is at least `number` and at least 8. */
function powerOfTwo(number: number): number {
  let power = 8;
  while (power < number) power *= 2;
  return power;
}
