import { READ, type RecordBatch } from "../../replay/records.ts";

/** Counts the requests of a whole trace, even if only a sample is simulated. */
export class RequestCount {
  readonly #ignoresSizes: boolean;
  #countedFrom: number;
  records = 0;
  /** The smallest of all sizes. */
  smallestBytes = Number.POSITIVE_INFINITY;
  /** Whether any size is other than 1. */
  hasSizes = false;
  /** Reads after the warm-up, and the bytes that they request. */
  requests = 0;
  bytes = 0;

  constructor(ignoresSizes: boolean, warmupRecords: number) {
    this.#ignoresSizes = ignoresSizes;
    this.#countedFrom = warmupRecords;
  }

  /** @returns the first of these records that is counted */
  add({ operation, size, count }: RecordBatch): number {
    const countedFrom = Math.max(0, this.#countedFrom - this.records);
    this.records += count;
    for (let i = 0; i < count; i++) {
      const bytes = this.#ignoresSizes ? 1 : size[i]!;
      if (bytes < this.smallestBytes) this.smallestBytes = bytes;
      if (bytes !== 1) this.hasSizes = true;
      if (operation[i] !== READ || i < countedFrom) continue;
      this.requests++;
      this.bytes += bytes;
    }
    return countedFrom;
  }
}
