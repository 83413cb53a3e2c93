import type { NumberedBatch } from "../replay/numbered-batch.ts";
import { READ } from "../replay/records.ts";
import { SLOT_LIMIT } from "../replay/simulated-cache.ts";

/** The working set of a trace, measured in a pass over it. */
export interface WorkingSet {
  /** Number of different keys. */
  readonly objects: number;
  /** Total size of the objects, each at its largest. */
  readonly bytes: number;
  /** Number of all records. */
  readonly records: number;
  /** Number of reads among them. */
  readonly reads: number;
  /** Whether any size is other than 1. */
  readonly hasSizes: boolean;
  /** The most objects that can be resident at once in this many bytes. */
  entriesWithin(bytes: number): number;
}

/** Measures the working set of a trace. Takes 16 bytes per object if sizes differ, else no memory. */
export class WorkingSetMeter {
  #objects = 0;
  #records = 0;
  #reads = 0;
  /** By object, once a size other than 1 has occurred. */
  #smallest: Float64Array | undefined;
  #largest: Float64Array | undefined;

  /** @param objects number of objects up to the end of the batch */
  add(batch: NumberedBatch, objects: number): void {
    this.#records += batch.count;
    this.#reads += batch.hasOperations ? countReads(batch) : batch.count;
    if (batch.hasSizes && this.#smallest === undefined) {
      this.#smallest = new Float64Array(objects + 1).fill(1, 1, this.#objects + 1);
      this.#largest = this.#smallest.slice();
    }
    if (this.#smallest !== undefined) {
      this.#smallest = grown(this.#smallest, objects);
      this.#largest = grown(this.#largest!, objects);
      noteSizes(batch, this.#smallest, this.#largest);
    }
    this.#objects = objects;
  }

  finish(): WorkingSet {
    const objects = this.#objects;
    const smallest = this.#smallest?.subarray(1, objects + 1).sort();
    let bytes = objects;
    if (this.#largest !== undefined) {
      bytes = 0;
      for (let object = 1; object <= objects; object++) bytes += this.#largest[object]!;
    }
    return {
      objects,
      bytes,
      records: this.#records,
      reads: this.#reads,
      hasSizes: smallest !== undefined,
      entriesWithin: (room) => {
        if (smallest === undefined) return Math.min(objects, Math.floor(room), SLOT_LIMIT);
        let entries = 0;
        for (let taken = 0; entries < objects; entries++) {
          taken += smallest[entries]!;
          if (taken > room) break;
        }
        return Math.min(entries, SLOT_LIMIT);
      },
    };
  }
}

function countReads({ operation, count }: NumberedBatch): number {
  let reads = 0;
  for (let i = 0; i < count; i++) if (operation[i] === READ) reads++;
  return reads;
}

function noteSizes(batch: NumberedBatch, smallest: Float64Array, largest: Float64Array): void {
  const { objects, size, hasSizes } = batch;
  for (let i = 0; i < batch.count; i++) {
    const object = objects[i]!;
    const bytes = hasSizes ? size[i]! : 1;
    const before = smallest[object]!;
    if (before === 0 || bytes < before) smallest[object] = bytes;
    if (bytes > largest[object]!) largest[object] = bytes;
  }
}

function grown(array: Float64Array, objects: number): Float64Array {
  if (objects < array.length) return array;
  const larger = new Float64Array(Math.max(objects + 1, 2 * array.length));
  larger.set(array);
  return larger;
}
