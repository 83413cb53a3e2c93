import type { NumberedBatch } from "./numbered-batch.ts";
import { ObjectTable } from "./object-table.ts";
import { READ, type RecordBatch } from "./records.ts";

/** Turns the records of a trace into numbered ones: keys into object numbers, columns without content left out. */
export class Numbering {
  readonly #table = new ObjectTable();
  readonly #ignoresSizes: boolean;
  readonly #hasFamilies: boolean;
  /** Once there were times to live, the time matters to every record after. */
  #hasOperations = false;

  constructor(ignoresSizes: boolean, hasFamilies: boolean) {
    this.#ignoresSizes = ignoresSizes;
    this.#hasFamilies = hasFamilies;
  }

  /** How many objects there have been; the greatest number. */
  get objects(): number {
    return this.#table.objects;
  }

  /** Fills `target` with the records from `from` on, as many as it holds. @throws RangeError: too many objects */
  number(records: RecordBatch, from: number, target: NumberedBatch): void {
    const to = Math.min(records.count, from + target.capacity);
    const count = to - from;
    const { objects } = target;
    this.#table.number(records.keyLow.subarray(from, to), records.keyHigh.subarray(from, to), count, objects);
    target.count = count;
    target.hasNextDistances = false;
    target.hasSizes = !this.#ignoresSizes && !areAll(records.size, from, to, 1);
    if (target.hasSizes) target.size.set(records.size.subarray(from, to));
    this.#hasOperations ||= !areAllReads(records.operation, from, to) || !areAll(records.ttlMs, from, to, 0);
    target.hasOperations = this.#hasOperations;
    if (target.hasOperations) {
      target.operation.set(records.operation.subarray(from, to));
      target.timeMs.set(records.timeMs.subarray(from, to));
      target.ttlMs.set(records.ttlMs.subarray(from, to));
    }
    target.hasFamilies = this.#hasFamilies;
    if (this.#hasFamilies) target.family.set(records.family.subarray(from, to));
  }
}

/** These two are kept apart so that each is compiled for one kind of array. */
function areAll(column: Float64Array, from: number, to: number, value: number): boolean {
  for (let i = from; i < to; i++) if (column[i] !== value) return false;
  return true;
}

function areAllReads(operation: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (operation[i] !== READ) return false;
  return true;
}
