import { type HashKey, halfSipHash64 } from "./sip-hash.ts";

/**
 * The bytes "GLASSREC". The key cannot be secret: recordings of different proxies and days are compared, and the
 * simulator gives the same result for the same trace. So anyone can search for two keys with one hash, and finds a
 * pair among 2^32 keys. No function of 64 bits prevents that. It must prevent families: a pair from which any number
 * of others follow. Keys form a family when their hashes agree before the last step already. In MurmurHash3 a family
 * is found without any search. In HalfSipHash-2-4, with its state of 128 bits, every known way takes far more than
 * 2^32 trials. With one round per word, as in memory, the known key would make families computable; therefore there
 * are two rounds.
 */
const PUBLIC_KEY: HashKey = { low: 0x5341_4c47, high: 0x4345_5253 };

/**
 * Writes the 64-bit hash that stands for a key in recordings and simulations to `low[at]` and `high[at]`. It must
 * never change, because recordings contain it (version 2 of docs/RECORDING.md).
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
