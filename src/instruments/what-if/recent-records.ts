import { type PolicyChoice, parsePolicy } from "../../policy/registry.ts";
import { NextAccesses, WordsInMemory } from "../../replay/next-access.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { ObjectTable } from "../../replay/object-table.ts";
import { replayRecords } from "../../replay/replay-records.ts";
import { SimulatedCache, type SizeUnit } from "../../replay/simulated-cache.ts";
import { noCounts } from "../../replay/tally.ts";
import { ratioOf, samplePosition } from "../events/event-control.ts";
import { GROUPS, type SizeShape } from "./simulated-size.ts";

/** Records that are remembered: nine bytes each. A quarter is forgotten at a time. */
const CAPACITY = 2 ** 16;
const QUARTER: number = CAPACITY / 4;
const CHUNK = 4096;

/** The misses of a policy at one size. */
interface ReplayTally {
  readonly ratio: number;
  /** Misses of all keys, as the sample tells them, by group. */
  readonly misses: Float64Array;
}

/**
 * The last records of a sample, for policies that know the future. Once something has been forgotten, the oldest quarter
 * only fills the caches and is not counted.
 */
export class RecentRecords {
  readonly #hashes = new Uint32Array(CAPACITY);
  readonly #weights = new Uint32Array(CAPACITY);
  readonly #operations = new Uint8Array(CAPACITY);
  #count = 0;
  /** Reads of all keys when each quarter began. */
  readonly #readsAt = [0, 0, 0, 0];
  /** The records that are not counted. */
  #warmUp = 0;

  get count(): number {
    return this.#count;
  }

  /** @param reads of all keys, in all */
  add(hash: number, operation: number, weight: number, reads: number): void {
    if (this.#count === CAPACITY) this.#forgetQuarter();
    const at = this.#count++;
    if (at % QUARTER === 0) this.#readsAt[at / QUARTER] = reads;
    this.#hashes[at] = hash;
    this.#operations[at] = operation;
    this.#weights[at] = weight;
  }

  /** Reads of all keys that the counted records stand for. */
  readsCounted(reads: number): number {
    return this.#count === 0 ? 0 : reads - this.#readsAt[this.#warmUp / QUARTER]!;
  }

  clear(): void {
    this.#count = 0;
    this.#warmUp = 0;
  }

  /**
   * Replays the records that belong to the sample of a size, beginning with an empty cache.
   * @param bound of the sample; at most that of the records
   */
  replay(shape: SizeShape, bound: number, policy: PolicyChoice): ReplayTally {
    const ratio = ratioOf(bound);
    const capacity = Math.max(1, Math.round(shape.size * ratio));
    const maxEntries = shape.unit === "entries" ? capacity : Math.max(1, Math.ceil(shape.entries * ratio));
    const cache = new SimulatedCache({
      policy,
      capacity,
      unit: shape.unit,
      maxEntries,
      seed: 1,
    });
    const batches = this.#numbered(bound, shape.unit);
    const misses = new Float64Array(GROUPS);
    const uncounted = new Float64Array(GROUPS);
    const counts = noCounts();
    for (const { batch, counted, objects } of batches) {
      cache.coverObjects(objects);
      replayRecords(cache, batch, 0, batch.count, "drop", counts, counted ? misses : uncounted);
    }
    for (let group = 0; group < GROUPS; group++) misses[group]! /= ratio;
    return { ratio, misses };
  }

  #numbered(bound: number, unit: SizeUnit): { batch: NumberedBatch; counted: boolean; objects: number }[] {
    const batches: { batch: NumberedBatch; counted: boolean; objects: number }[] = [];
    const table = new ObjectTable();
    const hash = new Uint32Array(1);
    const none = new Uint32Array(1);
    const number = new Uint32Array(1);
    using nextAccesses = new NextAccesses(new WordsInMemory());
    let open: (typeof batches)[number] | undefined;
    for (let i = 0; i < this.#count; i++) {
      if (samplePosition(this.#hashes[i]!) >= bound) continue;
      const counted = i >= this.#warmUp;
      if (open === undefined || open.batch.isFull || open.counted !== counted) {
        const batch = new NumberedBatch(CHUNK);
        batch.hasOperations = true;
        batch.hasFamilies = true;
        batch.hasNextDistances = true;
        batch.hasSizes = unit === "bytes";
        open = { batch, counted, objects: 0 };
        batches.push(open);
      }
      const { batch } = open;
      hash[0] = this.#hashes[i]!;
      table.number(hash, none, 1, number);
      const at = batch.count++;
      batch.objects[at] = number[0]!;
      batch.operation[at] = this.#operations[i]!;
      batch.size[at] = this.#weights[i]!;
      batch.family[at] = hash[0]! & (GROUPS - 1);
      open.objects = table.objects;
    }
    for (const { batch } of batches) nextAccesses.append(batch);
    nextAccesses.finish(table.objects);
    for (const { batch } of batches) nextAccesses.take(batch.nextDistance, batch.count);
    return batches;
  }

  #forgetQuarter(): void {
    for (const column of [this.#hashes, this.#weights, this.#operations]) column.copyWithin(0, QUARTER);
    this.#count -= QUARTER;
    this.#readsAt.shift();
    this.#readsAt.push(0);
    this.#warmUp = QUARTER;
  }
}

/** The policy that knows the future, and is the best or close to it. */
export function optimumFor(unit: SizeUnit): PolicyChoice {
  return parsePolicy(unit === "bytes" ? "belady-size" : "belady");
}
