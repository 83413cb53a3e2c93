import type { SeededRandom } from "../../src/lib/random.ts";
import type { Site } from "./history.ts";

/** Of keys without writers, as many as are still read. */
const RETIRED_KEYS = 6;

/**
 * A key with one writer at a time. When a write's outcome is unknown, another key takes the place of this one: the
 * write may take effect at any later time, so no later version could be said to come after it.
 */
export class Register {
  readonly place: number;
  /** Through which sites it is written. */
  readonly sites: readonly Site[];
  key: string;
  /** The highest version given out. */
  version = 0;
  /** What the key holds when nothing else happens; `timed`: a value that will expire. */
  holds: "value" | "timed" | "nothing" = "nothing";
  isLocked = false;
  #generation = 0;

  constructor(place: number, sites: readonly Site[]) {
    this.place = place;
    this.sites = sites;
    this.key = `register:${place}:0`;
  }

  nextVersion(): number {
    return ++this.version;
  }

  replace(): void {
    this.#generation++;
    this.key = `register:${this.place}:${this.#generation}`;
    this.version = 0;
    this.holds = "nothing";
  }
}

/** The few keys that all clients use. */
export class Keys {
  readonly registers: readonly Register[];
  /** Keys of a single client, for as long as it uses them. */
  readonly fleeting: Set<string> = new Set();
  /** All keys are being lost at this moment, or may be. */
  isLosing = false;
  readonly #counterCount: number;
  readonly #retired: string[] = [];
  #counterGeneration = 0;
  #isPaused = false;

  /**
   * @param writers for each register, the sites through which it is written
   * @param counters how many there are; they are incremented through all sites
   */
  constructor(writers: readonly (readonly Site[])[], counters: number) {
    this.registers = writers.map((sites, place) => new Register(place, sites));
    this.#counterCount = counters;
  }

  /** Takes up to `count` registers that nobody writes at this moment, to be written through `site`; possibly none. */
  lock(count: number, site: Site, random: SeededRandom): Register[] {
    if (this.#isPaused) return [];
    const free = this.registers.filter(({ isLocked, sites }) => !isLocked && sites.includes(site));
    const chosen: Register[] = [];
    while (chosen.length < count && free.length > 0) {
      const [register] = free.splice(random.below(free.length), 1);
      register!.isLocked = true;
      chosen.push(register!);
    }
    return chosen;
  }

  /** Takes every register that nobody writes at this moment, paused or not. */
  lockAll(): Register[] {
    const free = this.registers.filter(({ isLocked }) => !isLocked);
    for (const register of free) register.isLocked = true;
    return free;
  }

  unlock(register: Register): void {
    register.isLocked = false;
  }

  /** Another key takes the register's place; the old one is only read from now on. */
  retire(register: Register): void {
    this.#retire(register.key);
    register.replace();
  }

  counter(random: SeededRandom): string {
    return this.#counterKey(random.below(this.#counterCount));
  }

  retireCounters(): void {
    for (let place = 0; place < this.#counterCount; place++) this.#retire(this.#counterKey(place));
    this.#counterGeneration++;
  }

  get counters(): string[] {
    return Array.from({ length: this.#counterCount }, (_, place) => this.#counterKey(place));
  }

  /** Keys to read: mostly those in use. */
  some(count: number, random: SeededRandom): string[] {
    return Array.from({ length: count }, () => {
      const draw = random.next();
      if (draw < 0.1 && this.#retired.length > 0) return random.pick(this.#retired);
      return draw < 0.35 && this.#counterCount > 0 ? this.counter(random) : random.pick(this.registers).key;
    });
  }

  all(): string[] {
    return [...this.registers.map(({ key }) => key), ...this.counters, ...this.#retired];
  }

  /** Stops reading the keys that have no writers any more. @returns them */
  forgetRetired(): string[] {
    return this.#retired.splice(0);
  }

  /** Gives out no lock until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  #retire(key: string): void {
    this.#retired.push(key);
    if (this.#retired.length > RETIRED_KEYS) this.#retired.shift();
  }

  #counterKey(place: number): string {
    return `counter:${place}:${this.#counterGeneration}`;
  }
}
