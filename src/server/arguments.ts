import { parseInt64 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";

/** How commands read their arguments; the same as in Redis. */

/** Reads a signed 64-bit integer; undefined when the argument is none. */
export function int64(request: Request, index: number): bigint | undefined {
  return parseInt64(request.bytes, request.starts[index]!, request.ends[index]!);
}

/** Whether an argument is this option, in upper or lower case. @param name in lower case */
export function isOption(request: Request, index: number, name: string): boolean {
  const { bytes } = request;
  const start = request.starts[index]!;
  if (request.ends[index]! - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether two arguments have the same bytes. */
export function isSame(request: Request, a: number, b: number): boolean {
  const { bytes, starts, ends } = request;
  if (ends[a]! - starts[a]! !== ends[b]! - starts[b]!) return false;
  for (let i = starts[a]!, j = starts[b]!; i < ends[a]!; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
