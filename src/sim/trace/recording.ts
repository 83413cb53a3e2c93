import {
  BLOCK_HEADER_BYTES,
  BLOCK_LIMIT_BYTES,
  BLOCK_MAGIC,
  EARLIER_RECORDING_VERSION,
  HAS_TTL,
  HOLDS_KEYS,
  OPERATION_MASK,
  RECORDING_HEADER_BYTES,
  RECORDING_MAGIC,
  RECORDING_VERSION,
} from "../../instruments/recording.ts";
import { hashBytes } from "../../lib/hash.ts";
import { DELETE, READ, type RecordBatch } from "../../replay/records.ts";
import { addKey, addRecord, textOf } from "./record-fields.ts";
import { SizeMemory } from "./size-memory.ts";
import type { ParserContext, TraceFormat, TraceParser } from "./trace-format.ts";

/** The output of `glasscache proxy --record`; docs/RECORDING.md describes the format. */
export const recording: TraceFormat = {
  name: "recording",
  description: "what glasscache proxy --record writes",
  hasSizes: () => true,
  matches: ({ bytes }) =>
    textOf(bytes, 0, Math.min(bytes.length, RECORDING_MAGIC.length)) === RECORDING_MAGIC,
  open: (context) => new Recording(context),
};

class Recording implements TraceParser {
  readonly #faults: ParserContext["faults"];
  readonly #families: ParserContext["families"];
  readonly #sizes = new SizeMemory();
  #hasHeader = false;
  #holdsKeys = false;
  /** Bytes of the file before those given to `parse`. */
  #offset = 0;
  /** The current block: number of records left, and their bytes. */
  #recordsLeft = 0;
  #bytesLeft = 0;
  #timeMs = 0;
  /** Whether the parser is looking for the next block after a broken one. */
  #isSearching = false;
  /** Offset of the next byte to read. */
  #at = 0;

  constructor({ faults, families }: ParserContext) {
    this.#faults = faults;
    this.#families = families;
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    this.#at = start;
    if (!this.#hasHeader && !this.#readHeader(bytes, start, isLast)) return start;
    while (!batch.isFull) {
      if (this.#recordsLeft === 0 && !this.#openBlock(bytes, start, isLast)) break;
      this.#readRecords(bytes, start, batch);
    }
    this.#offset += this.#at - start;
    return this.#at;
  }

  /** @returns false if the header is not complete yet */
  #readHeader(bytes: Uint8Array, start: number, isLast: boolean): boolean {
    if (bytes.length - start < RECORDING_HEADER_BYTES) {
      if (isLast) this.#faults.fail("this is not a recording: it ends within its header");
      return false;
    }
    if (textOf(bytes, start, start + RECORDING_MAGIC.length) !== RECORDING_MAGIC) {
      this.#faults.fail(`this is not a recording: it does not begin with ${RECORDING_MAGIC}`);
    }
    const version = bytes[start + 8]!;
    if (version !== RECORDING_VERSION && version !== EARLIER_RECORDING_VERSION) {
      this.#faults.fail(
        `it is a recording of version ${version}; known versions are ${EARLIER_RECORDING_VERSION} and ${RECORDING_VERSION}`,
      );
    }
    this.#holdsKeys = (bytes[start + 9]! & HOLDS_KEYS) !== 0;
    this.#hasHeader = true;
    this.#at = start + RECORDING_HEADER_BYTES;
    return true;
  }

  /** @returns false if there is no further whole block; `#at` is then after the bytes that are of no use */
  #openBlock(bytes: Uint8Array, start: number, isLast: boolean): boolean {
    for (;;) {
      if (this.#isSearching) this.#at = findBlock(bytes, this.#at);
      const rest = bytes.length - this.#at;
      if (rest === 0) return false;
      const view = new DataView(bytes.buffer, bytes.byteOffset + this.#at);
      const header = rest >= BLOCK_HEADER_BYTES;
      const length = header ? view.getUint32(4, true) : 0;
      const isBlock = !header || (view.getUint32(0, true) === BLOCK_MAGIC && length <= BLOCK_LIMIT_BYTES);
      if (isBlock && (!header || rest < BLOCK_HEADER_BYTES + length)) {
        if (!isLast) return false;
        // A file cut off in the middle of a block, as by a crash, is valid up to there.
        this.#faults.ignore("blocks that are not complete");
        this.#at = bytes.length;
        return false;
      }
      const first = this.#at + BLOCK_HEADER_BYTES;
      if (isBlock && hashBytes(bytes, first, first + length, 0) === view.getUint32(12, true)) {
        this.#isSearching = false;
        this.#recordsLeft = view.getUint32(8, true);
        this.#bytesLeft = length;
        this.#timeMs = view.getFloat64(16, true);
        const dropped = view.getUint32(24, true);
        if (dropped > 0) this.#faults.ignore("records that were dropped while recording", dropped);
        this.#at = first;
        if (this.#recordsLeft > 0) return true;
        this.#at += length;
        continue;
      }
      if (!this.#isSearching) {
        const place = `byte ${this.#offset + this.#at - start}`;
        this.#faults.report(place, isBlock ? "the block's checksum is wrong" : "here is no block");
      }
      this.#isSearching = true;
      this.#at++;
    }
  }

  #readRecords(bytes: Uint8Array, start: number, batch: RecordBatch): void {
    const end = this.#at + this.#bytesLeft;
    const first = this.#at;
    for (; this.#recordsLeft > 0 && !batch.isFull; this.#recordsLeft--) {
      const flags = bytes[this.#at++]!;
      const delta = this.#varint(bytes);
      this.#timeMs += delta % 2 === 0 ? delta / 2 : -(delta + 1) / 2;
      const i = batch.count;
      if (this.#holdsKeys) {
        const length = this.#varint(bytes);
        const last = Math.min(end, this.#at + length);
        addKey(batch, bytes, this.#at, last, this.#families);
        this.#at += length;
      } else {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        if (this.#at + 8 <= end) {
          addRecord(batch, view.getUint32(this.#at, true), view.getUint32(this.#at + 4, true), 1, 0, READ, 0);
        }
        this.#at += 8;
      }
      const size = this.#varint(bytes);
      const ttlMs = (flags & HAS_TTL) === 0 ? 0 : this.#varint(bytes);
      const operation = flags & OPERATION_MASK;
      if (this.#at > end || operation > DELETE) {
        batch.count = i;
        this.#faults.report(`byte ${this.#offset + first - start}`, "the block's records are not whole");
        this.#recordsLeft = 0;
        this.#at = end;
        return;
      }
      batch.size[i] = size;
      this.#sizes.complete(batch, i);
      if (operation === DELETE) batch.size[i] = 1;
      batch.operation[i] = operation;
      batch.timeMs[i] = this.#timeMs;
      batch.ttlMs[i] = ttlMs;
    }
    this.#bytesLeft = end - this.#at;
    // Skip anything that a later version may write after the records.
    if (this.#recordsLeft === 0) this.#at = end;
  }

  #varint(bytes: Uint8Array): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128 || scale > 2 ** 49) return value;
    }
  }
}

/** Returns where the next block may begin, which is in the last bytes if they may be the beginning of one. */
function findBlock(bytes: Uint8Array, start: number): number {
  const first = BLOCK_MAGIC & 0xff;
  for (let at = bytes.indexOf(first, start); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + 4 > bytes.length) return at;
    const magic = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    if (magic >>> 0 === BLOCK_MAGIC) return at;
  }
  return bytes.length;
}
