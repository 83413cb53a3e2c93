import { assert } from "../lib/assert.ts";
import {
  FRAME_HEADER_BYTES,
  FRAMES_AT,
  frameIndex,
  frameOperationBytes,
  frameSynchronized,
  TAG_BYTES,
  type UseHeader,
  wholeFrameEnd,
} from "./journal-format.ts";

/** An unreadable stretch of a use, with a whole frame behind it. */
interface Hole {
  readonly start: number;
  readonly end: number;
  /** How many frames it held. */
  readonly frames: number;
}

/** The readable parts of one use of a journal file. */
export interface ScannedUse {
  readonly name: string;
  readonly header: UseHeader;
  readonly bytes: Buffer;
  /** Offsets of its whole frames, in order. */
  readonly starts: readonly number[];
  readonly holes: readonly Hole[];
  /** Where the whole frames before the first hole end. */
  readonly wholeEnd: number;
  /** How many frames lie before the first hole. */
  readonly wholeFrames: number;
  /** Where the last whole frame ends. */
  readonly lastEnd: number;
  /** Where the last frame with a readable beginning would end, at most the end of the file. */
  readonly begunEnd: number;
  /** The highest position that a whole frame says was on disk; 0 when there is no frame. */
  readonly synchronized: number;
}

/**
 * Finds the whole frames of a use. After an unreadable frame it searches for the next one by the tag, so a damaged
 * length hides no frame.
 */
export function scanUse(name: string, header: UseHeader, bytes: Buffer): ScannedUse {
  const starts: number[] = [];
  const holes: Hole[] = [];
  let at = FRAMES_AT;
  let frames = 0;
  let synchronized = 0;
  while (true) {
    let start = at;
    let end = wholeFrameEnd(bytes, start, header);
    if (end < 0) {
      start = findFrame(bytes, at, header);
      if (start < 0) break;
      end = wholeFrameEnd(bytes, start, header);
      holes.push({ start: at, end: start, frames: frameIndex(bytes, start) - frames });
    }
    starts.push(start);
    synchronized = Math.max(synchronized, frameSynchronized(bytes, start));
    frames = frameIndex(bytes, start) + 1;
    at = end;
  }
  const wholeEnd = holes[0]?.start ?? at;
  const wholeFrames = holes.length === 0 ? starts.length : starts.filter((start) => start < wholeEnd).length;
  const begunEnd = findBegunEnd(bytes, at, header.tag);
  assert(FRAMES_AT <= wholeEnd && wholeEnd <= at && at <= begunEnd, "frames lie in order");
  return { name, header, bytes, starts, holes, wholeEnd, wholeFrames, lastEnd: at, begunEnd, synchronized };
}

/** Returns where the first whole frame behind `at` begins; -1 when there is none. */
function findFrame(bytes: Buffer, at: number, header: UseHeader): number {
  for (let found = bytes.indexOf(header.tag, at); found >= 0; found = bytes.indexOf(header.tag, found + 1)) {
    if (wholeFrameEnd(bytes, found, header) >= 0) return found;
  }
  return -1;
}

/** Returns the end of the last frame from `at` on whose beginning can be read; `at` when there is none. */
function findBegunEnd(bytes: Buffer, at: number, tag: Uint8Array): number {
  if (at + TAG_BYTES > bytes.length) return at;
  let last = bytes.lastIndexOf(tag);
  if (last < at) {
    // A mostly matching tag belongs to a frame whose first bytes are damaged.
    let right = 0;
    for (let i = 0; i < TAG_BYTES; i++) if (bytes[at + i] === tag[i]) right++;
    if (right < TAG_BYTES / 2) return at;
    last = at;
  }
  if (last + FRAME_HEADER_BYTES > bytes.length) return bytes.length;
  return Math.min(last + FRAME_HEADER_BYTES + frameOperationBytes(bytes, last), bytes.length);
}
