import type { RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import type { TraceParser } from "./trace-format.ts";

/** Parses records of fixed length. */
export abstract class FixedParser implements TraceParser {
  protected readonly faults: Faults;
  protected readonly recordBytes: number;
  /** Bytes before the first record. */
  readonly #headerBytes: number;
  /** Number of records before the current one. */
  #records = 0;

  constructor(faults: Faults, recordBytes: number, headerBytes = 0) {
    this.faults = faults;
    this.recordBytes = recordBytes;
    this.#headerBytes = headerBytes;
  }

  /**
   * Adds the records that begin at `start` until the batch is full.
   * @param last start of the last whole record
   * @returns start of the first record that was not read
   */
  protected abstract records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number;

  /** Reports that the record `distanceBytes` after the start of the given records is broken. */
  protected bad(distanceBytes: number, problem: string): void {
    const record = this.#records + distanceBytes / this.recordBytes;
    const byte = this.#headerBytes + record * this.recordBytes;
    this.faults.report(`record ${record + 1} (byte ${byte})`, problem);
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    const { recordBytes } = this;
    const last = bytes.length - recordBytes;
    const at = start <= last ? this.records(bytes, start, last, batch) : start;
    this.#records += (at - start) / recordBytes;
    if (!isLast || at <= last || at === bytes.length) return at;
    this.bad(0, `the trace ends within the record, after ${bytes.length - at} of ${recordBytes} bytes`);
    return bytes.length;
  }
}
