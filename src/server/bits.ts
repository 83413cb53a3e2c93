/**
 * Bits of byte strings, numbered as Redis does: bit 0 is the most significant bit of byte 0. Offsets may exceed 2^31.
 * Bits behind the end read as 0.
 */

/** Returns the index of the byte that holds a bit. */
export function byteOf(bit: number): number {
  return Math.floor(bit / 8);
}

/** Returns a bit: 0 or 1. */
export function bitAt(bytes: Uint8Array, bit: number): number {
  const at = byteOf(bit);
  return at < bytes.length ? (bytes[at]! >> (7 - (bit % 8))) & 1 : 0;
}

/** Sets a bit within the bytes. */
export function setBitAt(bytes: Uint8Array, bit: number, value: number): void {
  const mask = 1 << (7 - (bit % 8));
  const at = byteOf(bit);
  bytes[at] = value === 0 ? bytes[at]! & ~mask : bytes[at]! | mask;
}

/** Returns the bits of byte `at` that lie in bits [first, last]; the others are 0. */
function maskOf(at: number, first: number, last: number): number {
  let mask = 0xff;
  if (first > at * 8) mask &= 0xff >> (first - at * 8);
  if (last < at * 8 + 7) mask &= 0xff << (at * 8 + 7 - last);
  return mask;
}

/** Counts the bits of [first, last] that are 1. @param last within the bytes */
export function countBits(bytes: Uint8Array, first: number, last: number): number {
  let count = 0;
  const from = byteOf(first);
  const to = byteOf(last);
  for (let at = from; at <= to; at++) {
    let byte = bytes[at]!;
    if (at === from || at === to) byte &= maskOf(at, first, last);
    byte -= (byte >> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    count += (byte + (byte >> 4)) & 0x0f;
  }
  return count;
}

/** Finds the first bit of [first, last] with a value; -1 when there is none. @param last within the bytes */
export function findBit(bytes: Uint8Array, first: number, last: number, value: number): number {
  const flip = value === 1 ? 0 : 0xff;
  const from = byteOf(first);
  const to = byteOf(last);
  for (let at = from; at <= to; at++) {
    let byte = bytes[at]! ^ flip;
    if (at === from || at === to) byte &= maskOf(at, first, last);
    if (byte !== 0) return at * 8 + Math.clz32(byte) - 24;
  }
  return -1;
}

/** The type of a number within a byte string: `i1` to `i64`, `u1` to `u63`. */
export interface FieldType {
  readonly isSigned: boolean;
  readonly bits: number;
}

/** Reads the number whose most significant bit is at `offset`. */
export function readField(bytes: Uint8Array, offset: number, { isSigned, bits }: FieldType): bigint {
  const last = offset + bits - 1;
  let value = 0n;
  for (let at = byteOf(offset); at <= byteOf(last); at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  value >>= BigInt(7 - (last % 8));
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Writes a number. All its bits must lie within the bytes. */
export function writeField(bytes: Uint8Array, offset: number, { bits }: FieldType, value: bigint): void {
  const last = offset + bits - 1;
  const shift = BigInt(7 - (last % 8));
  let rest = BigInt.asUintN(bits, value) << shift;
  for (let at = byteOf(last); at >= byteOf(offset); at--) {
    const mask = maskOf(at, offset, last);
    bytes[at] = (bytes[at]! & ~mask) | (Number(rest & 0xffn) & mask);
    rest >>= 8n;
  }
}

/**
 * What happens to a sum that does not fit its field: `wrap` keeps its low bits, `sat` takes the nearest number that
 * fits, `fail` writes nothing.
 */
export type Overflow = "wrap" | "sat" | "fail";

/**
 * Adds an increment to a number as a field holds it.
 * @param value may lie outside the field's range
 * @returns undefined when the sum does not fit and `overflow` is `fail`
 */
export function addToField(
  value: bigint,
  increment: bigint,
  { isSigned, bits }: FieldType,
  overflow: Overflow,
): bigint | undefined {
  const width = BigInt(isSigned ? bits - 1 : bits);
  const most = (1n << width) - 1n;
  const least = isSigned ? -most - 1n : 0n;
  const sum = value + increment;
  // Redis subtracts in 64 bits: a value 2^63 or more below a signed field's largest number counts as above it.
  const isAbove = sum > most || (isSigned && bits < 64 && BigInt.asIntN(64, most - value) < increment);
  if (!isAbove && sum >= least) return sum;
  if (overflow === "fail") return undefined;
  if (overflow === "sat") return isAbove ? most : least;
  return isSigned ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum);
}
