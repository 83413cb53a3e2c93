import { crc32 } from "node:zlib";
import {
  beginFrameHeader,
  endFrameHeader,
  FRAME_HEADER_BYTES,
  FRAMES_AT,
  HEADER_BYTES,
  REMOVE_ALL,
  readUseHeader,
  SECOND_HEADER_AT,
  type UseHeader,
  writeUseHeader,
} from "./journal-format.ts";

const OPERATIONS = Buffer.alloc(10, REMOVE_ALL);

/** The length of each frame of `journalFile`. */
export const FRAME_BYTES: number = FRAME_HEADER_BYTES + OPERATIONS.length;

/** Where a frame of `journalFile` begins. */
export function frameAt(index: number): number {
  return FRAMES_AT + index * FRAME_BYTES;
}

interface Use {
  readonly number: number;
  readonly position?: number;
  readonly previousBytes?: number;
  /** Of each frame: up to where it says that the journal was on disk. */
  readonly frames?: readonly number[];
}

/** A file of the journal, as it is on disk: equal frames, and zeros behind them. */
export function journalFile({ number, position = 0, previousBytes = 0, frames = [] }: Use): Buffer {
  const bytes = Buffer.alloc(frameAt(frames.length) + 100);
  const tag = Uint8Array.of(11, 12, 13, 14, 15, 16, 17, number);
  for (const at of [0, SECOND_HEADER_AT]) {
    writeUseHeader(bytes.subarray(at, at + HEADER_BYTES), number, tag, position, previousBytes);
  }
  const header = headerOf(bytes);
  frames.forEach((synchronized, index) => {
    const at = frameAt(index);
    const begun = beginFrameHeader(bytes, at, header, synchronized, index, OPERATIONS.length);
    bytes.set(OPERATIONS, at + FRAME_HEADER_BYTES);
    endFrameHeader(bytes, at, crc32(OPERATIONS, begun));
  });
  return bytes;
}

export function headerOf(bytes: Uint8Array): UseHeader {
  return readUseHeader(bytes, 0)!;
}

/** Makes a frame unreadable, and leaves its header as it is. */
export function breakFrame(bytes: Buffer, index: number): void {
  bytes[frameAt(index) + FRAME_HEADER_BYTES]! ^= 1;
}
