import { parseInt64 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import { VALUE_BYTES } from "./limits.ts";

export const BIT_OFFSET_ERROR = "ERR bit offset is not an integer or out of range";

const HASH = 0x23;

/**
 * Reads an offset in bits; undefined when the argument is none, or lies beyond the longest value.
 * @param fieldBits width of the fields that the form `#n` counts; 0 when the form is not allowed
 */
export function bitOffset(request: Request, index: number, fieldBits = 0): number | undefined {
  const { bytes } = request;
  const start = request.starts[index]!;
  const countsFields = fieldBits > 0 && start < request.ends[index]! && bytes[start] === HASH;
  const given = parseInt64(bytes, countsFields ? start + 1 : start, request.ends[index]!);
  if (given === undefined) return undefined;
  const offset = countsFields ? given * BigInt(fieldBits) : given;
  return offset < 0n || offset >= BigInt(VALUE_BYTES) * 8n ? undefined : Number(offset);
}

/** Returns bytes that a command may change: the value, or a longer copy of it padded with zeros. */
export function writableBytes(
  value: Uint8Array | undefined,
  lengthBytes: number,
): { readonly bytes: Uint8Array; readonly hasGrown: boolean } {
  if (value !== undefined && value.length >= lengthBytes) return { bytes: value, hasGrown: false };
  const bytes = new Uint8Array(lengthBytes);
  if (value !== undefined) bytes.set(value);
  return { bytes, hasGrown: true };
}
