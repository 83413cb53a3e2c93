/** The secret key of a key hash: 64 bits, as two unsigned 32-bit integers. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/**
 * Computes HalfSipHash-1-3 of bytes[start, end). It is the member of the SipHash family (J.-P. Aumasson, D. J.
 * Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012; HalfSipHash is in the reference implementation,
 * veorq/SipHash) that works on words of 32 bits. Without the key, colliding inputs can only be found by trying. Use
 * it for hash tables only, which compare the keys themselves.
 * @param keyLow half of a `HashKey`; the halves are separate arguments because this is called for every request
 * @returns an unsigned 32-bit integer
 */
export function halfSipHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  keyLow: number,
  keyHigh: number,
): number {
  let v0 = keyLow | 0;
  let v1 = keyHigh | 0;
  let v2 = keyLow ^ 0x6c79_6765;
  let v3 = keyHigh ^ 0x7465_6462;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let tail = (end - start) << 24;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift;
  v3 ^= tail;
  // One round for the last word, three to finish. The round is written twice: a function for it would need four
  // results.
  for (let round = 0; ; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= tail;
      v2 ^= 0xff;
    } else if (round === 3) return (v1 ^ v3) >>> 0;
  }
}

/**
 * Computes HalfSipHash-2-4 of bytes[start, end) with 64 bits: twice the rounds of `halfSipHash`, for keys that are
 * compared by hash alone. Writes the halves to `low[at]` and `high[at]`.
 */
export function halfSipHash64(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: HashKey,
  low: Uint32Array,
  high: Uint32Array,
  at: number,
): void {
  let v0 = key.low | 0;
  let v1 = key.high ^ 0xee;
  let v2 = key.low ^ 0x6c79_6765;
  let v3 = key.high ^ 0x7465_6462;
  let from = start;
  for (const last = end - 3; from < last; from += 4) {
    const word = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    v3 ^= word;
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  let tail = (end - start) << 24;
  for (let shift = 0; from < end; from++, shift += 8) tail |= bytes[from]! << shift;
  v3 ^= tail;
  // Two rounds for the last word, four for each half of the result.
  for (let round = 1; ; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 2) {
      v0 ^= tail;
      v2 ^= 0xee;
    } else if (round === 6) {
      low[at] = v1 ^ v3;
      v1 ^= 0xdd;
    } else if (round === 10) {
      high[at] = v1 ^ v3;
      return;
    }
  }
}
