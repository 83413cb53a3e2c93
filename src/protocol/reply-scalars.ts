import { latin1, parseDecimal, parseInt64 } from "../lib/bytes.ts";

/** The numbers of RESP replies; bytes[start, end) is the text between the type byte and the line's end. */

const PLUS = 0x2b;
const LOWER_F = 0x66;
const LOWER_T = 0x74;
const DOUBLE_FORM = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?|inf|nan)$/i;
const BIG_NUMBER_FORM = /^[+-]?[0-9]+$/;

/** A signed 64-bit integer: a number if that is exact, otherwise a bigint. Undefined for any other text. */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const from = bytes[start] === PLUS ? start + 1 : start;
  return parseDecimal(bytes, from, end) ?? parseInt64(bytes, from, end);
}

/** A double of RESP3, including `inf`, `-inf` and `nan`. Undefined for any other text. */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number | undefined {
  const text = latin1(bytes, start, end);
  const form = DOUBLE_FORM.exec(text);
  if (form === null) return undefined;
  const last = text.slice(-3).toLowerCase();
  if (last === "nan") return Number.NaN;
  if (last === "inf") return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

/** A whole number of any size. Undefined for any other text. */
export function parseBigNumber(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const text = latin1(bytes, start, end);
  if (!BIG_NUMBER_FORM.test(text)) return undefined;
  return text.startsWith("+") ? BigInt(text.slice(1)) : BigInt(text);
}

/** `t` or `f`. Undefined for any other text. */
export function parseBoolean(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  if (end - start !== 1) return undefined;
  if (bytes[start] === LOWER_T) return true;
  return bytes[start] === LOWER_F ? false : undefined;
}
