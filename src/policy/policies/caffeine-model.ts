import { mix32 } from "../../lib/hash.ts";
import { WindowClimberModel } from "./window-climber-model.ts";

/** What determines a model of Caffeine. */
export interface CaffeineSetup {
  /** Capacity in entries. */
  readonly capacity: number;
  /** Whether the window's size adapts. */
  readonly climbs: boolean;
  /** The window's share. */
  readonly window?: number;
  /** The protected segment's share of the rest. */
  readonly protectedShare?: number;
  /** Draws a whole number from 0 to `bound` − 1. */
  draw(bound: number): number;
}

/**
 * A model of Caffeine's cache with entries of equal weight: with a fixed window as the simulator's
 * `sketch.WindowTinyLfu`, with an adaptive one as the library's own cache. It follows Caffeine's order: the requested
 * key enters, then the surplus leaves, then the window's size adapts, all before the next request, as if Caffeine's
 * buffers were always drained. It is slow, and written from Caffeine's source rather than from our policy: the two
 * share only the hash function. `w-tinylfu.ts` names the version.
 */
export class CaffeineModel {
  readonly #setup: CaffeineSetup;
  /** All three begin with the least recent entry. */
  readonly #window = new Set<number>();
  readonly #probation = new Set<number>();
  readonly #protected = new Set<number>();
  readonly #sketch: SketchModel;
  readonly #climber: WindowClimberModel;
  windowMaximum: number;
  #protectedMaximum: number;
  #hasSketch: boolean;

  constructor(setup: CaffeineSetup) {
    const { capacity, window = 0.01, protectedShare = 0.8 } = setup;
    this.#setup = setup;
    this.windowMaximum = Math.max(1, capacity - Math.floor((1 - window) * capacity));
    this.#protectedMaximum = Math.floor(protectedShare * (capacity - this.windowMaximum));
    this.#sketch = new SketchModel(capacity, setup.climbs);
    // The library creates its sketch when the cache is half full.
    this.#hasSketch = !setup.climbs;
    this.#climber = new WindowClimberModel(capacity);
  }

  /** @returns −1 for a hit, else the victim; 0 if nothing was evicted */
  request(key: number): number {
    if (this.#window.has(key) || this.#probation.has(key) || this.#protected.has(key)) {
      this.#read(key);
      this.#climb();
      return -1;
    }
    if (this.#size() + 1 >= Math.floor(this.#setup.capacity / 2)) this.#hasSketch = true;
    if (this.#hasSketch) this.#sketch.increment(key);
    this.#climber.recordMiss();
    this.#window.add(key);
    const victim = this.#evict();
    this.#climb();
    return victim;
  }

  #read(key: number): void {
    if (this.#hasSketch) this.#sketch.increment(key);
    const inWindow = this.#window.has(key);
    const inProbation = this.#probation.has(key);
    if (inWindow) transfer(key, this.#window, this.#window);
    else if (inProbation && this.#protectedMaximum === 0) transfer(key, this.#probation, this.#probation);
    else transfer(key, inProbation ? this.#probation : this.#protected, this.#protected);
    this.#climber.recordHit(inWindow, inProbation);
  }

  #evict(): number {
    let candidate = 0;
    while (this.#window.size > this.windowMaximum) {
      const oldest = first(this.#window);
      transfer(oldest, this.#window, this.#probation);
      candidate ||= oldest;
    }
    if (this.#size() <= this.#setup.capacity) return 0;
    const loser = this.#loser(candidate || first(this.#window), first(this.#probation));
    for (const segment of [this.#window, this.#probation, this.#protected]) segment.delete(loser);
    return loser;
  }

  #loser(candidate: number, victim: number): number {
    if (candidate === 0 && victim === 0) return first(this.#protected) || first(this.#window);
    if (candidate === 0 || candidate === victim) return victim;
    if (victim === 0) return candidate;
    const frequency = this.#sketch.frequency(candidate);
    if (frequency > this.#sketch.frequency(victim)) return victim;
    if (frequency >= 6 && this.#setup.draw(128) === 0) return victim;
    return candidate;
  }

  #climb(): void {
    if (!this.#hasSketch) this.#climber.resetSample();
    else if (this.#setup.climbs) {
      const { capacity } = this.#setup;
      this.#climber.determine(capacity, this.windowMaximum, this.#protectedMaximum, this.#sketch.sampleSize);
    }
    this.#demote();
    const { adjustment } = this.#climber;
    if (adjustment > 0) this.#increaseWindow(adjustment);
    else if (adjustment < 0) this.#decreaseWindow(-adjustment);
  }

  #increaseWindow(adjustment: number): void {
    if (this.#protectedMaximum === 0) return;
    let quota = Math.min(adjustment, this.#protectedMaximum);
    this.#protectedMaximum -= quota;
    this.windowMaximum += quota;
    this.#demote();
    for (let i = 0; i < 1000 && quota > 0; i++) {
      const from = this.#probation.size > 0 ? this.#probation : this.#protected;
      if (from.size === 0) break;
      transfer(first(from), from, this.#window);
      quota--;
    }
    this.#protectedMaximum += quota;
    this.windowMaximum -= quota;
    this.#climber.adjustment = quota;
  }

  #decreaseWindow(adjustment: number): void {
    if (this.windowMaximum <= 1) return;
    let quota = Math.min(adjustment, this.windowMaximum - 1);
    this.#protectedMaximum += quota;
    this.windowMaximum -= quota;
    for (let i = 0; i < 1000 && quota > 0 && this.#window.size > 0; i++) {
      transfer(first(this.#window), this.#window, this.#probation);
      quota--;
    }
    this.#protectedMaximum -= quota;
    this.windowMaximum += quota;
    this.#climber.adjustment = -quota;
  }

  #demote(): void {
    for (let i = 0; i < 1000 && this.#protected.size > this.#protectedMaximum; i++) {
      transfer(first(this.#protected), this.#protected, this.#probation);
    }
  }

  #size(): number {
    return this.#window.size + this.#probation.size + this.#protected.size;
  }
}

function first(segment: Set<number>): number {
  for (const key of segment) return key;
  return 0;
}

function transfer(key: number, from: Set<number>, to: Set<number>): void {
  from.delete(key);
  to.add(key);
}

/**
 * A byte for every counter. There are sixteen counters per entry, rounded up to a power of two. A key has four of
 * them, all in one block of 128.
 */
class SketchModel {
  readonly sampleSize: number;
  readonly #counters: Uint8Array;
  #size = 0;

  constructor(capacity: number, ofLibrary: boolean) {
    const entries = Math.max(ofLibrary ? 256 : 8, capacity);
    let length = 1;
    while (length < entries) length *= 2;
    this.sampleSize = 10 * (ofLibrary ? entries : length);
    this.#counters = new Uint8Array(16 * length);
  }

  frequency(key: number): number {
    return Math.min(...this.#places(key).map((place) => this.#counters[place]!));
  }

  increment(key: number): void {
    const growing = this.#places(key).filter((place) => this.#counters[place]! < 15);
    for (const place of growing) this.#counters[place]!++;
    if (growing.length === 0) return;
    this.#size++;
    if (this.#size === this.sampleSize) this.#reset();
  }

  #reset(): void {
    let odd = 0;
    this.#counters.forEach((counter, place) => {
      odd += counter % 2;
      this.#counters[place] = Math.floor(counter / 2);
    });
    this.#size = Math.max(0, Math.floor((this.#size - Math.floor(odd / 4)) / 2));
  }

  #places(key: number): number[] {
    const hash = mix32(key);
    const block = hash % (this.#counters.length / 128);
    const picks = mix32(hash ^ 0x9e37_79b9);
    return [0, 1, 2, 3].map((row) => block * 128 + row * 32 + ((picks >>> (8 * row)) % 32));
  }
}
