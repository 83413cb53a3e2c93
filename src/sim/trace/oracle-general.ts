import type { RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import { FixedParser } from "./fixed-parser.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";

export const ORACLE_RECORD_BYTES = 24;
/** Words of a record; the first is its time. */
const RECORD_WORDS = ORACLE_RECORD_BYTES / 4;
const KEY_LOW = 1;
const KEY_HIGH = 2;
const SIZE = 3;
const PROBED_RECORDS = 64;

/**
 * libCacheSim's oracleGeneral: little-endian records of 24 bytes, which are u32 seconds, u64 object, u32 size, i64
 * number of the object's next request. Ignores the last, and computes it again if a policy needs it. Records of size
 * 0 are broken; the records left when they are skipped are those that libCacheSim replays.
 */
export const oracleGeneral: TraceFormat = {
  name: "oracleGeneral",
  description: "libCacheSim's binary records of time, object, size and next access",
  hasSizes: () => true,
  matches: (head) => head.fileName.includes("oraclegeneral") || (!head.isText && looksLikeRecords(head)),
  open: ({ faults }) => new OracleGeneral(faults),
};

class OracleGeneral extends FixedParser {
  constructor(faults: Faults) {
    super(faults, ORACLE_RECORD_BYTES);
  }

  protected override records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number {
    const words = wordsOf(bytes, start, last + ORACLE_RECORD_BYTES);
    // The other columns hold zeros, which mean READ and no time to live.
    batch.holdsReadsAlone = true;
    let at = 0;
    while (at < words.length && !batch.isFull) {
      const count = takeRecords(words, at, batch);
      batch.count += count;
      at += count * RECORD_WORDS;
      if (at < words.length && words[at + SIZE] === 0) {
        this.bad(4 * at, "the size is 0");
        at += RECORD_WORDS;
      }
    }
    return start + 4 * at;
  }
}

/**
 * Adds the records from `at` on until the batch is full, or up to one of size 0. A separate function, because the
 * loop is compiled during the first call. Code after it that has never run by then would be compiled as never
 * reached, and all of it compiled again later.
 * @returns the number of records
 */
function takeRecords(words: Uint32Array, at: number, batch: RecordBatch): number {
  const { keyLow, keyHigh, size, timeMs, capacity, count } = batch;
  const end = words.length;
  let to = count;
  for (let from = at; from < end && to < capacity; from += RECORD_WORDS, to++) {
    const bytes = words[from + SIZE]!;
    if (bytes === 0) break;
    // A fraction at first, so that this is compiled for floats at once, not for integers until times reach 2^31 ms.
    timeMs[to] = words[from]! * 0.5 * 2000;
    keyLow[to] = words[from + KEY_LOW]!;
    keyHigh[to] = words[from + KEY_HIGH]!;
    size[to] = bytes;
  }
  return to - count;
}

/**
 * Returns whole records as 32-bit words, in the byte order of the file, which is that of every processor that the
 * runtime supports. Reading them takes a third of the time that a `DataView` takes until it has been compiled.
 */
function wordsOf(bytes: Uint8Array, start: number, end: number): Uint32Array {
  const whole = end - ((end - start) % ORACLE_RECORD_BYTES);
  const records = bytes.subarray(start, whole);
  // Not `slice`, which is a view if this is a `Buffer`.
  const { buffer, byteOffset } = records.byteOffset % 4 === 0 ? records : new Uint8Array(records);
  return new Uint32Array(buffer, byteOffset, (whole - start) / 4);
}

/** Checks that time never goes back, and that the next request is later than this one, never, or unknown. */
function looksLikeRecords({ bytes, isWhole }: TraceHead): boolean {
  const { length } = bytes;
  if (length < ORACLE_RECORD_BYTES || (isWhole && length % ORACLE_RECORD_BYTES !== 0)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const records = Math.min(PROBED_RECORDS, Math.floor(length / ORACLE_RECORD_BYTES));
  let timeBefore = 0;
  for (let record = 0; record < records; record++) {
    const at = record * ORACLE_RECORD_BYTES;
    const time = view.getUint32(at, true);
    const next = view.getBigInt64(at + 16, true);
    if (time < timeBefore || next < -2n || (next >= 0n && next <= BigInt(record))) return false;
    timeBefore = time;
  }
  return true;
}
