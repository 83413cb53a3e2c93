import { formatSize } from "../../lib/quantity.ts";
import type { RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import type { TraceParser } from "./trace-format.ts";

/** A longer line counts as broken, so that memory is bounded for any file. MONITOR prints whole values. */
export const LINE_LIMIT_BYTES = 64 * 1024 ** 2;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Parses a text line by line; subclasses parse the lines. Ignores empty lines. */
export abstract class LineParser implements TraceParser {
  protected readonly faults: Faults;
  protected lineNumber = 0;
  /** Whether the parser is within a line that is too long. */
  #isSkipping = false;
  /** Bytes of an incomplete line that have been searched for its end. */
  #searched = 0;

  constructor(faults: Faults) {
    this.faults = faults;
  }

  /** Adds the records of one line, bytes[start, end). Keeps some for `resume` if the batch is full. */
  protected abstract line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void;

  /** Adds the records that did not fit into the last batch. */
  protected resume(_batch: RecordBatch): void {}

  /**
   * Reports that the line is broken.
   * @throws TraceError unless broken records are skipped
   */
  protected bad(problem: string): void {
    this.faults.report(`line ${this.lineNumber}`, problem);
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    this.resume(batch);
    const { capacity } = batch;
    const { length } = bytes;
    let at = start;
    while (batch.count < capacity && at < length) {
      let end = at + this.#searched;
      this.#searched = 0;
      while (end < length && bytes[end] !== LINE_FEED) end++;
      if (end === length && !isLast) {
        if (this.#isSkipping) return end;
        if (end - at <= LINE_LIMIT_BYTES) {
          this.#searched = end - at;
          return at;
        }
      }
      const isWhole = end < length || isLast;
      if (this.#isSkipping) this.#isSkipping = !isWhole;
      else {
        this.lineNumber++;
        this.#isSkipping = !isWhole;
        const last = end > at && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
        if (last - at > LINE_LIMIT_BYTES) this.bad(`the line is longer than ${formatSize(LINE_LIMIT_BYTES)}`);
        else if (last > at) this.line(bytes, at, last, batch);
      }
      at = Math.min(length, end + 1);
    }
    return at;
  }
}
