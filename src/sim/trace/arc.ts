import { READ, type RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { addRecord, digits, quoted } from "./record-fields.ts";
import type { TraceFormat } from "./trace-format.ts";

const SPACE = 0x20;
/** A line that requests more blocks than this counts as broken: 512 GiB in blocks of 512 bytes. */
const BLOCK_LIMIT = 2 ** 30;
const FOUR_NUMBERS = /^\s*[0-9]+\s+[0-9]+\s+[0-9]+\s+[0-9]+\s*$/;

/**
 * The traces published with ARC (N. Megiddo, D. S. Modha: "ARC: a self-tuning, low overhead replacement cache", FAST
 * 2003): first block, number of blocks, an unused column, number of the request. Each block is a read.
 */
export const arc: TraceFormat = {
  name: "arc",
  description: "ARC's .lis: first block, number of blocks, ignored, request number; a read of each block",
  hasSizes: () => false,
  // With the format's extension, one such line is enough; any others are broken lines, not another format.
  matches: ({ fileName, isText, lines, hasColumns }) =>
    isText &&
    !hasColumns &&
    (fileName.endsWith(".lis")
      ? lines.some((line) => FOUR_NUMBERS.test(line))
      : lines.every((line) => line.trim() === "" || FOUR_NUMBERS.test(line)) && countsRequests(lines)),
  open: ({ faults }) => new ArcLines(faults),
};

/** Whether the last column grows by one from line to line. */
function countsRequests(lines: readonly string[]): boolean {
  const numbers = lines
    .filter((line) => line.trim() !== "")
    .map((line) => Number(/([0-9]+)\s*$/.exec(line)?.[1]));
  return numbers.length > 0 && numbers.every((number, i) => i === 0 || number === numbers[i - 1]! + 1);
}

class ArcLines extends LineParser {
  /** The current request: its next block, and the number of blocks left. */
  #block = 0;
  #left = 0;

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    const [first, firstEnd] = numberAt(bytes, start, end);
    const [count] = numberAt(bytes, firstEnd, end);
    if (first < 0 || count < 1 || count > BLOCK_LIMIT) {
      this.bad(`${quoted(bytes, start, end)} is not a first block and a number of blocks`);
      return;
    }
    this.#block = first;
    this.#left = count;
    this.resume(batch);
  }

  protected override resume(batch: RecordBatch): void {
    while (this.#left > 0 && !batch.isFull) {
      const block = this.#block++;
      addRecord(batch, block >>> 0, Math.floor(block / 2 ** 32), 1, 0, READ, 0);
      this.#left--;
    }
  }
}

/** Reads a number of up to 15 digits after white space, -1 if there is none, and returns where it ends. */
function numberAt(bytes: Uint8Array, start: number, end: number): readonly [value: number, end: number] {
  let at = start;
  while (at < end && bytes[at]! <= SPACE) at++;
  const first = at;
  while (at < end && bytes[at]! > SPACE) at++;
  return [at - first > 15 ? -1 : digits(bytes, first, at), at];
}
