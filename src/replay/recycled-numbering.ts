import { Queue } from "../lib/queue.ts";
import { ObjectTable } from "./object-table.ts";

/** Below this number of keys, no search for forgotten ones. */
const LEAST_KEYS = 1024;

/** Something that refers to objects by their numbers: a simulated cache, or a stack. */
interface Knower {
  /** Whether it still needs the object's number. */
  knows(object: number): boolean;
}

/**
 * Object numbers for simulations that run indefinitely. A key keeps its number as long as one of the caches knows it;
 * then the number is given to a new key. So the capacity of the caches, ghosts included, limits the memory of the
 * simulations, not the number of keys. A policy that counts keys in a sketch mistakes a new key for the previous one
 * with its number, until the sketch has aged. If all keys are new every few thousand reads, W-TinyLFU has 2.4 % fewer
 * misses because of that.
 */
export class RecycledNumbering {
  readonly #caches: readonly Knower[];
  /** Ranks of keys: their order of appearance since the table was created. */
  #table = new ObjectTable();
  /** The key of each rank, and its number. */
  #keyLow = new Uint32Array(2 * LEAST_KEYS);
  #keyHigh = new Uint32Array(2 * LEAST_KEYS);
  #numberOf = new Uint32Array(2 * LEAST_KEYS);
  /** The number of ranks that have a number. */
  #ranks = 0;
  /** The number that has been free longest is used first: sketches have forgotten it by then. */
  readonly #free = new Queue<number>();
  #greatest = 0;
  #limit = LEAST_KEYS;

  constructor(caches: readonly Knower[]) {
    this.#caches = caches;
  }

  /** The greatest number ever given, for `coverObjects` of the caches. */
  get greatest(): number {
    return this.#greatest;
  }

  /** Writes the number of each of the first `count` keys to `numbers`. They are valid until the next `reclaim`. */
  number(keyLow: Uint32Array, keyHigh: Uint32Array, count: number, numbers: Uint32Array): void {
    this.#table.number(keyLow, keyHigh, count, numbers);
    this.#makeRoom(this.#table.objects);
    for (let i = 0; i < count; i++) {
      const rank = numbers[i]!;
      if (rank > this.#ranks) {
        this.#ranks = rank;
        this.#keyLow[rank] = keyLow[i]!;
        this.#keyHigh[rank] = keyHigh[i]!;
        this.#numberOf[rank] = this.#free.shift() ?? ++this.#greatest;
      }
      numbers[i] = this.#numberOf[rank]!;
    }
  }

  /**
   * Takes back the numbers of keys that no cache knows. Call it after the numbered records have been replayed. It
   * walks all keys when they have doubled since the last walk, so it costs a few steps per key.
   */
  reclaim(): void {
    if (this.#ranks < this.#limit) return;
    const table = new ObjectTable();
    const rank = new Uint32Array(1);
    let kept = 0;
    for (let old = 1; old <= this.#ranks; old++) {
      const number = this.#numberOf[old]!;
      if (!this.#caches.some((cache) => cache.knows(number))) {
        this.#free.push(number);
        continue;
      }
      kept++;
      this.#keyLow[kept] = this.#keyLow[old]!;
      this.#keyHigh[kept] = this.#keyHigh[old]!;
      this.#numberOf[kept] = number;
      table.number(this.#keyLow.subarray(kept), this.#keyHigh.subarray(kept), 1, rank);
    }
    this.#table = table;
    this.#ranks = kept;
    this.#limit = Math.max(LEAST_KEYS, 2 * kept);
  }

  #makeRoom(ranks: number): void {
    if (ranks < this.#numberOf.length) return;
    const length = Math.max(ranks + 1, 2 * this.#numberOf.length);
    this.#keyLow = enlarged(this.#keyLow, length);
    this.#keyHigh = enlarged(this.#keyHigh, length);
    this.#numberOf = enlarged(this.#numberOf, length);
  }
}

function enlarged(words: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(words);
  return larger;
}
