import type { RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import type { TraceParser } from "./trace-format.ts";

/** Takes apart what has records of one length. */
export abstract class FixedParser implements TraceParser {
  protected readonly faults: Faults;
  protected readonly recordBytes: number;
  /** Before the first record. */
  readonly #headerBytes: number;
  /** Records before the one at hand. */
  #records = 0;

  constructor(faults: Faults, recordBytes: number, headerBytes = 0) {
    this.faults = faults;
    this.recordBytes = recordBytes;
    this.#headerBytes = headerBytes;
  }

  /**
   * Adds the records that begin at `start` until the batch is full.
   * @param last where the last whole one begins
   * @returns where the first one begins that was not read
   */
  protected abstract records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number;

  /** The record at `distanceBytes` from where the records handed over begin is broken. */
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
