import type { Random } from "../lib/random.ts";
import { ZipfSampler } from "../sim/workload/zipf.ts";
import { FAMILIES, type KeyFamily, pickFamily, SCANNED, WRITTEN_PAST } from "./demo-keys.ts";

export interface DemoRead {
  readonly family: KeyFamily;
  readonly number: number;
  /** Whether the client writes the key after reading it. */
  readonly writes: boolean;
}

/** Which keys the demo's load asks for. The same randomness gives the same requests. */
export class DemoTraffic {
  readonly #random: Random;
  readonly #samplers: ReadonlyMap<KeyFamily, ZipfSampler>;
  /** How often other keys have become the popular ones. */
  #moves = 0;
  #scanned = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#samplers = new Map(
      FAMILIES.map((family) => [family, new ZipfSampler(family.count, family.alpha, random)]),
    );
  }

  next(): DemoRead {
    const family = pickFamily(this.#random);
    const number = this.#numberIn(family);
    return { family, number, writes: this.#random.next() < (family.writes ?? 0) };
  }

  /** Returns the number of the key to write past the proxy next: mostly a popular one. */
  nextWritten(): number {
    return this.#numberIn(WRITTEN_PAST);
  }

  /** Returns the next of all keys that a scan reads; undefined after the last one. */
  nextScanned(): number | undefined {
    return this.#scanned < SCANNED.count ? ++this.#scanned : undefined;
  }

  beginScan(): void {
    this.#scanned = 0;
  }

  /** From now on other keys are the popular ones. */
  movePopularity(): void {
    this.#moves++;
  }

  #numberIn(family: KeyFamily): number {
    const rank = this.#samplers.get(family)!.next() - 1;
    return ((rank + this.#moves * Math.ceil(family.count / 7)) % family.count) + 1;
  }
}
