import { encodeBlock, RecordingBlock, recordingHeader } from "../instruments/recording.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { DELETE, EXPIRE, READ, type RecordBatch, type RecordSource, WRITE } from "../replay/records.ts";
import { ORACLE_RECORD_BYTES } from "./trace/oracle-general.ts";
import type { WrittenFormat } from "./written-format.ts";

/** Takes a trace's bytes. They are valid until the call returns, or its promise is fulfilled. */
export type TraceSink = (bytes: Uint8Array) => void | Promise<void>;

export interface Written {
  readonly records: number;
  /** Records with operations that the format does not have. */
  readonly leftOut: number;
}

/** Turns records into bytes. */
interface TraceEncoder {
  readonly header: Uint8Array;
  /** The last operation that it has, in the order of READ, WRITE, DELETE and EXPIRE. */
  readonly lastOperation: number;
  /** Appends the batch's records. */
  encode(batch: RecordBatch, out: ByteBuffer): void;
}

/**
 * Writes the records of a source as a trace. Keys are written as the 64-bit numbers that they are in simulations.
 * @throws TraceError from the source
 * @throws RangeError for a record that the format cannot hold
 */
export async function writeTrace(
  source: RecordSource,
  format: WrittenFormat,
  sink: TraceSink,
): Promise<Written> {
  const encoder = encoderFor(format);
  let records = 0;
  let leftOut = 0;
  const out = new ByteBuffer(64 * 1024);
  out.append(encoder.header);
  await source.read(async (batch) => {
    const held = countHeld(batch, encoder.lastOperation);
    records += held;
    leftOut += batch.count - held;
    encoder.encode(batch, out);
    await sink(out.view());
    out.clear();
    return true;
  });
  return { records, leftOut };
}

function encoderFor(format: WrittenFormat): TraceEncoder {
  switch (format) {
    case "oracleGeneral":
      return { header: NOTHING, lastOperation: READ, encode: encodeOracleGeneral };
    case "keys":
      return { header: NOTHING, lastOperation: READ, encode: encodeKeys };
    case "csv":
      return {
        header: Buffer.from("time_ms,key,size,op,ttl_ms\n"),
        lastOperation: EXPIRE,
        encode: encodeCsv,
      };
    case "recording":
      return { header: recordingHeader(false), lastOperation: DELETE, encode: encodeRecording };
  }
}

const NOTHING = new Uint8Array(0);

function countHeld({ operation, count }: RecordBatch, lastOperation: number): number {
  let held = 0;
  for (let i = 0; i < count; i++) if (operation[i]! <= lastOperation) held++;
  return held;
}

/** The next access is written as unknown. */
const NOT_KNOWN = -2n;

function encodeOracleGeneral(batch: RecordBatch, out: ByteBuffer): void {
  out.reserve(batch.count * ORACLE_RECORD_BYTES);
  const view = new DataView(out.bytes.buffer, out.bytes.byteOffset);
  for (let i = 0; i < batch.count; i++) {
    if (batch.operation[i] !== READ) continue;
    const seconds = Math.floor(batch.timeMs[i]! / 1000);
    const at = out.length;
    view.setUint32(at, inUint32(seconds, "time of so many seconds"), true);
    view.setUint32(at + 4, batch.keyLow[i]!, true);
    view.setUint32(at + 8, batch.keyHigh[i]!, true);
    view.setUint32(at + 12, inUint32(Math.round(batch.size[i]!), "size of so many bytes"), true);
    view.setBigInt64(at + 16, NOT_KNOWN, true);
    out.length += ORACLE_RECORD_BYTES;
  }
}

function inUint32(value: number, what: string): number {
  if (value < 2 ** 32) return value;
  throw new RangeError(`oracleGeneral cannot hold a ${what}: ${value}`);
}

function encodeKeys(batch: RecordBatch, out: ByteBuffer): void {
  let text = "";
  for (let i = 0; i < batch.count; i++) if (batch.operation[i] === READ) text += `${keyOf(batch, i)}\n`;
  out.append(Buffer.from(text));
}

const OPERATIONS: Readonly<Record<number, string>> = {
  [READ]: "read",
  [WRITE]: "write",
  [DELETE]: "delete",
  [EXPIRE]: "expire",
};

function encodeCsv(batch: RecordBatch, out: ByteBuffer): void {
  let text = "";
  for (let i = 0; i < batch.count; i++) {
    const operation = OPERATIONS[batch.operation[i]!];
    const { timeMs, size, ttlMs } = batch;
    text += `${timeMs[i]},${keyOf(batch, i)},${size[i]},${operation},${ttlMs[i]}\n`;
  }
  out.append(Buffer.from(text));
}

/** Returns the key as a decimal number. */
function keyOf({ keyLow, keyHigh }: RecordBatch, i: number): string {
  const high = keyHigh[i]!;
  if (high < 2 ** 21) return String(high * 2 ** 32 + keyLow[i]!);
  return String((BigInt(high) << 32n) | BigInt(keyLow[i]!));
}

function encodeRecording(batch: RecordBatch, out: ByteBuffer): void {
  const block = new RecordingBlock(batch.count);
  for (let i = 0; i < batch.count; i++) {
    const { operation, timeMs, keyLow, keyHigh, size, ttlMs } = batch;
    if (operation[i]! > DELETE) continue;
    block.add(operation[i]!, timeMs[i]!, keyLow[i]!, keyHigh[i]!, Math.round(size[i]!), ttlMs[i]!);
  }
  encodeBlock(block, 0, 0, out);
}
