import { type HashKey, halfSipHash } from "../lib/sip-hash.ts";
import { readHash, writeHash } from "./record.ts";

/**
 * Hashes the key bytes[start, end) to the unsigned 32 bits by which the database orders keys. The secret is drawn
 * when the database is made and kept in it, so that clients cannot find keys with equal hashes.
 */
export function tableHash(bytes: Uint8Array, start: number, end: number, hashKey: HashKey): number {
  return halfSipHash(bytes, start, end, hashKey.low, hashKey.high);
}

/** Returns a secret in its stored form: 8 bytes. */
export function hashKeyBytes({ low, high }: HashKey): Uint8Array {
  const stored = new Uint8Array(8);
  writeHash(stored, 0, high);
  writeHash(stored, 4, low);
  return stored;
}

export function readHashKey(stored: Uint8Array): HashKey {
  return { low: readHash(stored, 4), high: readHash(stored, 0) };
}
