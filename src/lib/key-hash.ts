import { type HashKey, halfSipHash64 } from "./sip-hash.ts";

/**
 * The bytes "GLASSREC". It is no secret, and cannot be one: recordings of different proxies and days are compared, and
 * the simulator gives the same result for the same trace. So whoever wants to find two keys with one hash can compute
 * as many as he likes, and finds a pair among 2^32 of them; a function of 64 bits allows no better. What must not be
 * is a family, in which one pair makes any number of others. Keys make one where their hashes agree before the last
 * step already. With MurmurHash3 that takes no search at all. With HalfSipHash-2-4, whose state has 128 bits, no way is
 * known that would not have to try far more than 2^32 keys. With one round to a word, as in memory, it could be
 * reckoned out by somebody who knows the key: hence the two.
 */
const PUBLIC_KEY: HashKey = { low: 0x5341_4c47, high: 0x4345_5253 };

/**
 * Writes the 64-bit hash that stands for a key in recordings and in simulations to `low[at]` and `high[at]`: the same
 * everywhere and always, for recordings keep it (version 2 of docs/RECORDING.md).
 */
export function writeKeyHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  low: Uint32Array,
  high: Uint32Array,
  at: number,
): void {
  halfSipHash64(bytes, start, end, PUBLIC_KEY, low, high, at);
}
