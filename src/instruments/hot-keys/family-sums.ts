import { Histogram } from "../histogram.ts";

/** What is summed up of a family. The first two follow requests, the others what happens to sampled entries. */
export const REQUESTS = 0;
export const HITS = 1;
export const FILLS = 2;
export const FILLED_BYTES = 3;
/** Fills with a time to live, and the sum of these times. */
export const TTL_FILLS = 4;
export const TTL_MS = 5;
/** Fills of entries that had expired shortly before. */
export const REFILLS = 6;
/** Entries that left, their bytes, and the bytes of those that were never read. */
export const LEFT = 7;
export const LEFT_BYTES = 8;
export const UNREAD_BYTES = 9;
const FIELDS = 10;

/** With less than so much of one value left, a histogram says nothing. */
const LEAST_COUNT = 0.1;

/** The sums of each family, and the times from fill to last read. Rows are numbers from 0 on. */
export class FamilySums {
  readonly #rows: number;
  readonly #sums: Float64Array;
  readonly #lastReads: (Histogram | undefined)[];

  constructor(rows: number) {
    this.#rows = rows;
    this.#sums = new Float64Array(rows * FIELDS);
    this.#lastReads = new Array<Histogram | undefined>(rows).fill(undefined);
  }

  add(row: number, field: number, amount: number): void {
    if (amount > 0) this.#sums[row * FIELDS + field]! += amount;
  }

  get(row: number, field: number): number {
    return this.#sums[row * FIELDS + field]!;
  }

  /** An entry's last read came so long after its fill. */
  recordLastRead(row: number, afterMs: number): void {
    if (!(afterMs >= 0)) return;
    let histogram = this.#lastReads[row];
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#lastReads[row] = histogram;
    }
    histogram.record(afterMs);
  }

  lastReads(row: number): Histogram | undefined {
    return this.#lastReads[row];
  }

  /** Adds a row to another one. */
  copy(from: number, to: number, source: FamilySums = this): void {
    for (let field = 0; field < FIELDS; field++) this.add(to, field, source.get(from, field));
    const histogram = source.lastReads(from);
    if (histogram === undefined || histogram.count === 0) return;
    const target = this.#lastReads[to] ?? new Histogram();
    target.add(histogram);
    this.#lastReads[to] = target;
  }

  clear(row: number): void {
    this.#sums.fill(0, row * FIELDS, (row + 1) * FIELDS);
    const histogram = this.#lastReads[row];
    if (histogram !== undefined && histogram.count > 0) histogram.reset();
  }

  /** Multiplies the sums of requests. */
  scaleRequests(factor: number): void {
    this.#scale(REQUESTS, HITS, factor);
  }

  /** Multiplies the sums of entries. */
  scaleEntries(factor: number): void {
    this.#scale(FILLS, UNREAD_BYTES, factor);
  }

  /** Makes the times recorded so far count half, and forgets them when little is left. */
  halveLastReads(): void {
    for (const histogram of this.#lastReads) {
      if (histogram === undefined || histogram.count === 0) continue;
      if (histogram.count < LEAST_COUNT) histogram.reset();
      else histogram.scale(0.5);
    }
  }

  #scale(first: number, last: number, factor: number): void {
    for (let row = 0; row < this.#rows; row++) {
      for (let field = first; field <= last; field++) this.#sums[row * FIELDS + field]! *= factor;
    }
  }
}
