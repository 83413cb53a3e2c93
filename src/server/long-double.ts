/**
 * Arithmetic of INCRBYFLOAT. Redis calculates in C's `long double`, which on x86-64 is the 80-bit extended format: a
 * significand of 64 bits and exponents of 15 bits. This does the same exactly, with integers: reading (as `strtold`),
 * adding, and printing (as `%.17Lf`) round to nearest, ties to even.
 *
 * A value is significand × 2^exponent. On machines with another format of `long double` (128 bits on ARM), Redis
 * itself answers differently in the last digits.
 */
export interface LongDouble {
  readonly significand: bigint;
  readonly exponent: number;
}

const SIGNIFICAND_BITS = 64;
/** The least exponent of a significand's last bit: numbers below 2^-16382 lose bits. */
const LEAST_EXPONENT = -16_445;
/** A finite value is less than 2^16384. */
const BEHIND_LARGEST_BITS = 16_384;
/** The longest text that Redis takes for a number. */
const TEXT_BYTES = 5 * 1024;
/** A decimal exponent beyond this overflows or underflows, whatever the digits are. */
const EXPONENT_BOUND = 100_000;
const DIGITS_BEHIND_POINT = 17;

const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x(?:([0-9a-f]+)(?:\.([0-9a-f]*))?|\.([0-9a-f]+))(?:p([+-]?\d+))?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/**
 * Reads a number as Redis's `string2ld` does: decimal or hexadecimal, with or without an exponent, without spaces.
 * @returns undefined when it is no number, is too large, or is not zero but too small
 */
export function parseLongDouble(text: string): LongDouble | "infinite" | undefined {
  if (text.length === 0 || text.length >= TEXT_BYTES) return undefined;
  if (INFINITE.test(text)) return "infinite";
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) {
    const fraction = decimal[3] ?? decimal[4] ?? "";
    const digits = BigInt((decimal[2] ?? "") + fraction);
    return scaled(decimal[1]!, digits, decimalExponent(decimal[5]) - fraction.length, false);
  }
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    const fraction = hexadecimal[3] ?? hexadecimal[4] ?? "";
    const digits = BigInt(`0x${hexadecimal[2] ?? ""}${fraction}`);
    return scaled(hexadecimal[1]!, digits, decimalExponent(hexadecimal[5]) - fraction.length * 4, true);
  }
  return undefined;
}

/** Adds two numbers and rounds to the format; undefined when the sum is too large. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum =
    (a.significand << BigInt(a.exponent - exponent)) + (b.significand << BigInt(b.exponent - exponent));
  return rounded(sum, 1n, exponent);
}

/** Formats with 17 digits behind the point, without trailing zeros, and never with an exponent. */
export function formatLongDouble({ significand, exponent }: LongDouble): string {
  const magnitude = (significand < 0n ? -significand : significand) * 10n ** BigInt(DIGITS_BEHIND_POINT);
  const units =
    exponent >= 0 ? magnitude << BigInt(exponent) : divideRounded(magnitude, 1n << BigInt(-exponent));
  const digits = units.toString().padStart(DIGITS_BEHIND_POINT + 1, "0");
  const point = digits.length - DIGITS_BEHIND_POINT;
  const fraction = digits.slice(point).replace(/0+$/, "");
  const whole = digits.slice(0, point);
  if (fraction === "") return significand < 0n && whole !== "0" ? `-${whole}` : whole;
  return `${significand < 0n ? "-" : ""}${whole}.${fraction}`;
}

function decimalExponent(text: string | undefined): number {
  if (text === undefined) return 0;
  return Math.max(-EXPONENT_BOUND, Math.min(Number(text), EXPONENT_BOUND));
}

/** Returns digits × 10^exponent, or × 2^exponent. */
function scaled(sign: string, digits: bigint, exponent: number, binary: boolean): LongDouble | undefined {
  if (digits === 0n) return { significand: 0n, exponent: 0 };
  const signed = sign === "-" ? -digits : digits;
  const beyond = binary ? EXPONENT_BOUND / 2 : EXPONENT_BOUND / 8;
  if (Math.abs(exponent) > beyond) return undefined;
  let value: LongDouble | undefined;
  if (binary) value = rounded(signed, 1n, exponent);
  else if (exponent >= 0) value = rounded(signed * 10n ** BigInt(exponent), 1n, 0);
  else value = rounded(signed, 10n ** BigInt(-exponent), 0);
  return value?.significand === 0n ? undefined : value;
}

/** Returns numerator / denominator × 2^exponent, rounded to the format; undefined when it is too large. */
function rounded(numerator: bigint, denominator: bigint, exponent: number): LongDouble | undefined {
  if (numerator === 0n) return { significand: 0n, exponent: 0 };
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  // The quotient has this many bits or one fewer. The code below corrects a significand that is one bit too long.
  const bits = bitLength(magnitude) - bitLength(denominator) + 1;
  let target = Math.max(bits - SIGNIFICAND_BITS, LEAST_EXPONENT - exponent);
  let significand = shiftedQuotient(magnitude, denominator, target);
  if (bitLength(significand) < SIGNIFICAND_BITS && target > LEAST_EXPONENT - exponent) {
    target--;
    significand = shiftedQuotient(magnitude, denominator, target);
  }
  const result = target + exponent;
  if (bitLength(significand) + result > BEHIND_LARGEST_BITS) return undefined;
  return { significand: negative ? -significand : significand, exponent: result };
}

/** Returns magnitude / denominator / 2^shift, rounded to the nearest integer. */
function shiftedQuotient(magnitude: bigint, denominator: bigint, shift: number): bigint {
  return shift >= 0
    ? divideRounded(magnitude, denominator << BigInt(shift))
    : divideRounded(magnitude << BigInt(-shift), denominator);
}

/** Divides, and rounds to the nearest integer, ties to even. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = (dividend - quotient * divisor) * 2n;
  const up = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  const hexadecimal = value.toString(16);
  return (hexadecimal.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hexadecimal[0]!, 16)));
}
