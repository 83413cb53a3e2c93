const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Encodes a text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decodes UTF-8; invalid bytes become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Decodes as `fromUtf8`; undefined for invalid UTF-8. */
export function fromStrictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The part of `Buffer` that is used here; a browser has none. */
interface NodeBuffer {
  from(buffer: ArrayBufferLike, start: number, length: number): { toString(encoding: "latin1"): string };
  from(text: string, encoding: "latin1"): Uint8Array;
}
const nodeBuffer = (globalThis as { Buffer?: NodeBuffer }).Buffer;

/** Decodes bytes to one character each: a lossless string of any bytes, for use as the key of a `Map`. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (nodeBuffer !== undefined) {
    return nodeBuffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  }
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** Returns the bytes of a string made by `latin1`. */
export function fromLatin1(text: string): Uint8Array {
  if (nodeBuffer !== undefined) return nodeBuffer.from(text, "latin1");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Whether a[aStart, aEnd) and b[bStart, …) are the same bytes. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
): boolean {
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/**
 * Reads a decimal integer within the range of signed 64-bit integers as Redis does: no spaces, no plus sign, no
 * leading zeros.
 * @returns undefined for anything else, and for numbers beyond ±2^53 (see `parseInt64`)
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > 16) return undefined;
  if (bytes[at] === 0x30 && (digits > 1 || negative)) return undefined;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return negative ? -value : value;
}

export const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;

/** Reads a signed 64-bit integer in Redis's strict decimal form; undefined for anything else. */
export function parseInt64(bytes: Uint8Array, start = 0, end: number = bytes.length): bigint | undefined {
  const small = parseDecimal(bytes, start, end);
  if (small !== undefined) return BigInt(small);
  const length = end - start;
  if (length < 16 || length > 20) return undefined;
  const text = latin1(bytes, start, end);
  if (!/^(-?[1-9][0-9]*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > INT64_MAX || value < INT64_MIN ? undefined : value;
}
