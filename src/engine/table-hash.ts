import { type HashKey, halfSipHash } from "../lib/sip-hash.ts";
import { readHash, writeHash } from "./record.ts";

/**
 * The hash by which the database orders the key bytes[start, end): 32 bits, unsigned. Its secret is drawn when the
 * database is made and kept in it, so nobody else can find keys that lie at one hash.
 */
export function tableHash(bytes: Uint8Array, start: number, end: number, hashKey: HashKey): number {
  return halfSipHash(bytes, start, end, hashKey.low, hashKey.high);
}

/** A secret as it is stored: 8 bytes. */
export function hashKeyBytes({ low, high }: HashKey): Uint8Array {
  const stored = new Uint8Array(8);
  writeHash(stored, 0, high);
  writeHash(stored, 4, low);
  return stored;
}

export function readHashKey(stored: Uint8Array): HashKey {
  return { low: readHash(stored, 4), high: readHash(stored, 0) };
}
