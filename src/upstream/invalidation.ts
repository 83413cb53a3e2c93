import { parseDecimal } from "../lib/bytes.ts";
import { ProtocolError } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { ARRAY, BULK, NULL } from "../protocol/reply-types.ts";

const CR = 0x0d;
const INVALIDATE = "invalidate";

/**
 * Reads a push message `invalidate` with its array of keys, or null for all keys
 * (https://redis.io/docs/latest/develop/reference/client-side-caching/). The reader has just found the message.
 * @returns false if it is another kind of push message
 * @throws ProtocolError
 */
export function readInvalidation(
  bytes: Uint8Array,
  reader: ReplyReader,
  onKey: (bytes: Uint8Array, start: number, end: number) => void,
  onAll: () => void,
): boolean {
  let at = reader.valueStart;
  if (reader.count < 1 || bytes[at] !== BULK) return false;
  const kind = stringAt(bytes, at);
  if (kind.end - kind.start !== INVALIDATE.length) return false;
  for (let i = 0; i < INVALIDATE.length; i++) {
    if (bytes[kind.start + i] !== INVALIDATE.charCodeAt(i)) return false;
  }
  if (reader.count !== 2) throw new ProtocolError("malformed invalidation");
  at = kind.end + 2;
  const type = bytes[at];
  const header = lineAt(bytes, at);
  if (type === ARRAY && header.value >= 0) {
    at = header.next;
    for (let i = 0; i < header.value; i++) {
      const key = stringAt(bytes, at);
      onKey(bytes, key.start, key.end);
      at = key.end + 2;
    }
  } else if (type === NULL || header.value === -1) {
    onAll();
  } else {
    throw new ProtocolError("malformed invalidation");
  }
  return true;
}

function lineAt(bytes: Uint8Array, at: number): { value: number; next: number } {
  let end = at + 1;
  while (bytes[end] !== CR) end++;
  return { value: parseDecimal(bytes, at + 1, end) ?? -1, next: end + 2 };
}

function stringAt(bytes: Uint8Array, at: number): { start: number; end: number } {
  const header = lineAt(bytes, at);
  if (bytes[at] !== BULK || header.value < 0) throw new ProtocolError("malformed invalidation");
  return { start: header.next, end: header.next + header.value };
}
