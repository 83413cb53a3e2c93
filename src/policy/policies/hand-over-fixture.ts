import { mix32 } from "../../lib/hash.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { type PolicyChoice, policyType } from "../registry.ts";

/** Caches over dense slots that hand their entries over to each other, and streams of requests for them. */

/** How entries come to the other policy: with their ranks, or as new entries in the same order. */
export type Way = "adopt" | "insert";

export class HandOverCache {
  readonly policy: Policy;
  readonly capacity: number;
  readonly #slotOf: Int32Array;
  readonly #keyOf: Uint32Array;
  readonly #weightOf: (key: number) => number;
  readonly #freeSlots: number[];
  used = 0;
  misses = 0;

  /**
   * @param keys the largest key
   * @param weightOf the weight of a key's entry; 1 by default
   */
  constructor(
    choice: PolicyChoice,
    capacity: number,
    keys: number,
    weightOf: (key: number) => number = () => 1,
  ) {
    const { type, parameters } = choice;
    const keyOf = new Uint32Array(capacity + 1);
    this.capacity = capacity;
    this.#keyOf = keyOf;
    this.#slotOf = new Int32Array(keys + 1);
    this.#weightOf = weightOf;
    this.#freeSlots = Array.from({ length: capacity }, (_, i) => capacity - i);
    const memory: PolicyMemory = {
      words: new Int32Array((capacity + 1) * type.wordsPerSlot),
      stride: type.wordsPerSlot,
      offset: 0,
      state: new Int32Array(type.stateWords(capacity, parameters)),
      sums: new Float64Array(type.sums),
      capacity,
      maxEntries: capacity,
      weigh: (slot) => weightOf(keyOf[slot]!),
      hashOf: (slot) => mix32(keyOf[slot]!),
      seed: 5,
    };
    this.policy = type.create(memory, parameters);
  }

  request(key: number): void {
    const slot = this.#slotOf[key]!;
    if (slot !== 0) {
      this.policy.hit(slot);
      return;
    }
    this.misses++;
    const hash = mix32(key);
    this.policy.miss(hash);
    const weight = this.#weightOf(key);
    while (this.used + weight > this.capacity) this.evict(hash);
    this.policy.insert(this.#place(key, weight), hash);
  }

  evict(incoming: number): number {
    const slot = this.policy.evict(incoming);
    const key = this.#keyOf[slot]!;
    this.#slotOf[key] = 0;
    this.#freeSlots.push(slot);
    this.used -= this.#weightOf(key);
    return key;
  }

  /**
   * Empties the cache.
   * @returns its keys in the order of eviction
   */
  drain(): number[] {
    const keys: number[] = [];
    while (this.used > 0) keys.push(this.evict(0));
    return keys;
  }

  /** Fills an empty cache with the keys that another one returned from `drain`. */
  fill(keys: readonly number[], way: Way): void {
    keys.forEach((key, i) => {
      const slot = this.#place(key, this.#weightOf(key));
      const rank = keys.length === 1 ? 1 : i / (keys.length - 1);
      if (way === "adopt") this.policy.adopt(slot, mix32(key), rank);
      else this.policy.insert(slot, mix32(key));
    });
  }

  #place(key: number, weight: number): number {
    const slot = this.#freeSlots.pop()!;
    this.#slotOf[key] = slot;
    this.#keyOf[slot] = key;
    this.used += weight;
    return slot;
  }
}

export function choiceOf(name: string): PolicyChoice {
  const type: PolicyType = policyType(name);
  return { type, parameters: type.parameters };
}

/** Requests for keys distributed by a power law. */
export function zipfStream(seed: number, keys: number, requests: number): Uint32Array {
  const random = new SeededRandom(seed);
  return Uint32Array.from({ length: requests }, () => Math.floor(keys ** random.next()));
}

/** The same, interrupted by scans of keys requested only once, which make up a twentieth of the requests. */
export function scannedStream(seed: number, keys: number, requests: number, run: number): Uint32Array {
  const random = new SeededRandom(seed);
  let next = keys;
  return Uint32Array.from({ length: requests }, (_, i) =>
    i % (20 * run) < run ? ++next : Math.floor(keys ** random.next()),
  );
}
