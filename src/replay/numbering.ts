import type { NumberedBatch } from "./numbered-batch.ts";
import { ObjectTable } from "./object-table.ts";
import { READ, type RecordBatch } from "./records.ts";

/**
 * Turns the records of a trace into numbered ones: replaces keys by object numbers, and omits columns without
 * content.
 */
export class Numbering {
  readonly #table = new ObjectTable();
  readonly #ignoresSizes: boolean;
  readonly #hasFamilies: boolean;
  /** Stays true: after the first time to live, every record's time matters. */
  #hasOperations = false;

  constructor(ignoresSizes: boolean, hasFamilies: boolean) {
    this.#ignoresSizes = ignoresSizes;
    this.#hasFamilies = hasFamilies;
  }

  /** The number of objects so far, which is the greatest object number. */
  get objects(): number {
    return this.#table.objects;
  }

  /**
   * Fills `target` with as many of the records from `from` on as it holds.
   * @throws RangeError if there are too many objects
   */
  number(records: RecordBatch, from: number, target: NumberedBatch): void {
    target.count = 0;
    this.append(records, from, target);
  }

  /**
   * Adds as many of the records from `from` on to `target` as it holds.
   * @returns how many it took; 0 if it is full, or if its present records lack columns that these need
   * @throws RangeError if there are too many objects
   */
  append(records: RecordBatch, from: number, target: NumberedBatch): number {
    const at = target.count;
    const count = Math.min(records.count - from, target.capacity - at);
    const to = from + count;
    const hasSizes = !this.#ignoresSizes && !areAll(records.size, from, to, 1);
    this.#hasOperations ||=
      !records.holdsReadsAlone &&
      !(areAllReads(records.operation, from, to) && areAll(records.ttlMs, from, to, 0));
    if (at === 0) {
      target.hasSizes = hasSizes;
      target.hasOperations = this.#hasOperations;
      target.hasFamilies = this.#hasFamilies;
      target.hasNextDistances = false;
    } else if ((hasSizes && !target.hasSizes) || this.#hasOperations !== target.hasOperations) {
      return 0;
    }
    this.#table.number(
      records.keyLow.subarray(from, to),
      records.keyHigh.subarray(from, to),
      count,
      target.objects.subarray(at, at + count),
    );
    if (target.hasSizes) target.size.set(records.size.subarray(from, to), at);
    if (target.hasOperations) {
      target.operation.set(records.operation.subarray(from, to), at);
      target.timeMs.set(records.timeMs.subarray(from, to), at);
      target.ttlMs.set(records.ttlMs.subarray(from, to), at);
    }
    if (this.#hasFamilies) target.family.set(records.family.subarray(from, to), at);
    target.count = at + count;
    return count;
  }
}

/** Two functions, so that each is compiled for one kind of array. */
function areAll(column: Float64Array, from: number, to: number, value: number): boolean {
  for (let i = from; i < to; i++) if (column[i] !== value) return false;
  return true;
}

function areAllReads(operation: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (operation[i] !== READ) return false;
  return true;
}
