import { crc32 } from "node:zlib";

/** A frame of version 1 of the journal, which is no longer written: the put of one key. */
export function version1Frame(key: Uint8Array, record: Uint8Array): Uint8Array {
  const operations = new Uint8Array(9 + key.length + record.length);
  const view = new DataView(operations.buffer);
  view.setUint8(0, 1);
  view.setUint32(1, key.length, true);
  view.setUint32(5, record.length, true);
  operations.set(key, 9);
  operations.set(record, 9 + key.length);
  const frame = new Uint8Array(8 + operations.length);
  const header = new DataView(frame.buffer);
  header.setUint32(0, operations.length, true);
  header.setUint32(4, crc32(operations), true);
  frame.set(operations, 8);
  return frame;
}
