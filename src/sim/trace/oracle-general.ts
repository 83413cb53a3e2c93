import type { RecordBatch } from "../records.ts";
import type { Faults } from "./faults.ts";
import { FixedParser } from "./fixed-parser.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";

export const ORACLE_RECORD_BYTES = 24;
const RECORD_WORDS = ORACLE_RECORD_BYTES / 4;
const PROBED_RECORDS = 64;

/**
 * libCacheSim's oracleGeneral: little-endian records of 24 bytes, which are u32 seconds, u64 object, u32 size, i64
 * number of the object's next request. The last is left alone: it is found out anew where a policy needs it. Records
 * of size 0 are broken; passed over, what is left is what libCacheSim replays.
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
    const { keyLow, keyHigh, size, timeMs, capacity } = batch;
    const words = wordsOf(bytes, start, last + ORACLE_RECORD_BYTES);
    const end = words.length;
    let count = batch.count;
    let at = 0;
    for (; at < end && count < capacity; at += RECORD_WORDS) {
      const bytesOfObject = words[at + 3]!;
      if (bytesOfObject === 0) {
        this.bad(4 * at, "the size is 0");
        continue;
      }
      // The other columns hold zeros, which is READ and no time to live.
      timeMs[count] = words[at]! * 1000;
      keyLow[count] = words[at + 1]!;
      keyHigh[count] = words[at + 2]!;
      size[count] = bytesOfObject;
      count++;
    }
    batch.count = count;
    batch.holdsReadsAlone = true;
    return start + 4 * at;
  }
}

/**
 * Whole records as words of 32 bits, in the byte order of the file and of every processor that the runtime knows:
 * reading them takes a third of the time that a `DataView` takes until it has been compiled.
 */
function wordsOf(bytes: Uint8Array, start: number, end: number): Uint32Array {
  const whole = end - ((end - start) % ORACLE_RECORD_BYTES);
  const records = bytes.subarray(start, whole);
  // Not `slice`: of a `Buffer` that would be a view.
  const { buffer, byteOffset } = records.byteOffset % 4 === 0 ? records : new Uint8Array(records);
  return new Uint32Array(buffer, byteOffset, (whole - start) / 4);
}

/** Time does not go back, and the next request comes later than this one, or never, or is not known. */
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
