/**
 * Computes a checksum of bytes[start, end): MurmurHash3 (x86, 32 bit; Austin Appleby, public domain). Not for keys
 * that clients choose, since some collide under every seed; `sip-hash.ts` has hashes for those.
 * @returns an unsigned 32-bit integer
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let h = seed | 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift;
  tail = Math.imul(tail, 0xcc9e2d51);
  tail = (tail << 15) | (tail >>> 17);
  h ^= Math.imul(tail, 0x1b873593);
  h ^= end - start;
  return mix32(h);
}

/** Spreads every input bit over all output bits (MurmurHash3's finalizer). @returns an unsigned 32-bit integer */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The inverse of `mix32`: returns the number, unsigned, that gives `mixed`. */
export function unmix32(mixed: number): number {
  let h = mixed | 0;
  // The multipliers are the inverses of those above, modulo 2^32.
  h = Math.imul(h ^ (h >>> 16), 0x7ed1b41d);
  h = Math.imul(h ^ (h >>> 13) ^ (h >>> 26), 0xa5cb9243);
  return (h ^ (h >>> 16)) >>> 0;
}
