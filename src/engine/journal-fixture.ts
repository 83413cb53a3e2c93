import { crc32 } from "node:zlib";

/** A frame of format 1 of the journal, which is no longer written: the put of one key. */
export function version1Frame(key: Uint8Array, record: Uint8Array): Uint8Array {
  const operations = putOperation(key, record);
  const frame = new Uint8Array(8 + operations.length);
  const header = new DataView(frame.buffer);
  header.setUint32(0, operations.length, true);
  header.setUint32(4, crc32(operations), true);
  frame.set(operations, 8);
  return frame;
}

/** A file of format 2 of the journal, which is no longer written: each frame puts one key. */
export function version2File(
  number: number,
  previousBytes: number,
  puts: readonly (readonly [key: Uint8Array, record: Uint8Array])[],
): Uint8Array {
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xf26a6367, 0);
  header.writeUInt32LE(number, 4);
  header.set(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 12);
  header.writeUInt32LE(previousBytes, 20);
  const seed = crc32(header.subarray(0, 28));
  header.writeUInt32LE(seed, 28);
  const frames = puts.map(([key, record]) => {
    const operations = putOperation(key, record);
    const frame = Buffer.alloc(16 + operations.length);
    frame.writeUInt32LE(number, 0);
    frame.writeUInt32LE(operations.length, 8);
    frame.writeUInt32LE(crc32(operations, seed), 12);
    frame.set(operations, 16);
    return frame;
  });
  return Buffer.concat([header, ...frames]);
}

function putOperation(key: Uint8Array, record: Uint8Array): Uint8Array {
  const operation = new Uint8Array(9 + key.length + record.length);
  const view = new DataView(operation.buffer);
  view.setUint8(0, 1);
  view.setUint32(1, key.length, true);
  view.setUint32(5, record.length, true);
  operation.set(key, 9);
  operation.set(record, 9 + key.length);
  return operation;
}
