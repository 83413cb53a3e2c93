import { DELETE, READ, type RecordBatch, WRITE } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import { FixedParser } from "./fixed-parser.ts";
import { addRecord } from "./record-fields.ts";
import type { ParserContext, TraceFormat, TraceHead, TraceParser } from "./trace-format.ts";

/** At both ends of the header: 0x123456789abcdef0, little-endian. */
const MAGIC = [0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12];
export const LCS_HEADER_BYTES = 8192;
/** The header of the format's first draft, which describes the records. */
const DRAFT_HEADER_BYTES = 1024;
const VERSION_AT = 8;
/** Bytes of a record, by version. From version 3 on the size has 64 bits; later versions append features. */
const RECORD_BYTES = [0, 24, 28, 36, 40, 44, 52, 68, 100] as const;
const LATEST_VERSION = RECORD_BYTES.length - 1;

/** Indexed by libCacheSim's `req_op_e`: none, get, gets, set, add, cas, replace, append, prepend, delete … */
const OPERATIONS: readonly number[] = [
  READ,
  READ,
  READ,
  ...Array<number>(6).fill(WRITE),
  DELETE,
  WRITE,
  WRITE,
  READ,
  WRITE,
  WRITE,
];
/** Numbers that are no operation; they count as reads. */
const NO_OPERATIONS: readonly number[] = [15, 255];

/**
 * libCacheSim's own format, versions 1 to 8: a header of 8,192 bytes, then little-endian records of u32 seconds, u64
 * object, size (u32, from version 3 on i64), from version 2 on u8 operation and u24 tenant, from version 3 on u32
 * time to live in seconds, i64 number of the object's next request, and features. Ignores next requests, tenants and
 * features.
 */
export const lcs: TraceFormat = {
  name: "lcs",
  description: "libCacheSim's binary format with a header, versions 1 to 8",
  hasSizes: () => true,
  matches: ({ bytes }) => beginsWithMagic(bytes, 0),
  describe: ({ bytes }: TraceHead) => `version ${bytes[VERSION_AT]}`,
  open: (context) => new Lcs(context),
};

/** Reads the header first. */
class Lcs implements TraceParser {
  readonly #faults: Faults;
  #parser: LcsRecords | undefined;

  constructor({ faults }: ParserContext) {
    this.#faults = faults;
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    if (this.#parser !== undefined) return this.#parser.parse(bytes, start, isLast, batch);
    if (bytes.length - start < LCS_HEADER_BYTES && !isLast) return start;
    this.#parser = new LcsRecords(this.#faults, this.#version(bytes.subarray(start)));
    return this.#parser.parse(bytes, start + LCS_HEADER_BYTES, isLast, batch);
  }

  #version(bytes: Uint8Array): number {
    if (!beginsWithMagic(bytes, 0))
      this.#faults.fail("this is not an lcs trace: it does not begin with the magic number");
    if (!beginsWithMagic(bytes, LCS_HEADER_BYTES - MAGIC.length)) {
      this.#faults.fail(
        beginsWithMagic(bytes, DRAFT_HEADER_BYTES - MAGIC.length)
          ? "it is of the first draft of lcs, with a header of 1,024 bytes; traceConv of libCacheSim converts it"
          : "its header of 8,192 bytes does not end with the magic number of lcs",
      );
    }
    const version = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(VERSION_AT, true);
    if (version < 1n || version > LATEST_VERSION) {
      this.#faults.fail(
        `it is an lcs trace of version ${version}; known versions are 1 to ${LATEST_VERSION}`,
      );
    }
    return Number(version);
  }
}

class LcsRecords extends FixedParser {
  readonly #version: number;

  constructor(faults: Faults, version: number) {
    super(faults, RECORD_BYTES[version]!, LCS_HEADER_BYTES);
    this.#version = version;
  }

  protected override records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const version = this.#version;
    const isLong = version >= 3;
    let at = start;
    for (; at <= last && !batch.isFull; at += this.recordBytes) {
      const sizeHigh = isLong ? view.getInt32(at + 16, true) : 0;
      const size = view.getUint32(at + 12, true) + sizeHigh * 2 ** 32;
      const code = version === 1 ? READ : view.getUint8(at + (isLong ? 20 : 16));
      const operation = NO_OPERATIONS.includes(code) ? READ : OPERATIONS[code];
      if (operation === undefined) {
        this.bad(at - start, `the operation ${code} is not known`);
        continue;
      }
      if (size < 0 || (size === 0 && operation === READ)) {
        this.bad(at - start, size < 0 ? "the size is less than 0" : "the size is 0");
        continue;
      }
      const timeMs = view.getUint32(at, true) * 1000;
      const ttlMs = isLong ? view.getInt32(at + 24, true) * 1000 : 0;
      addRecord(
        batch,
        view.getUint32(at + 4, true),
        view.getUint32(at + 8, true),
        Math.max(1, size),
        timeMs,
        operation,
        Math.max(0, ttlMs),
      );
    }
    return at;
  }
}

function beginsWithMagic(bytes: Uint8Array, start: number): boolean {
  return MAGIC.every((byte, i) => bytes[start + i] === byte);
}
