import { hashBytes } from "../lib/hash.ts";
import type { Random } from "../lib/random.ts";
import { readHash, writeHash } from "./record.ts";

/** What the hash of a directory's keys is seeded with: drawn when its database is made, and kept in it. */
export type TableSecret = number;

/** The hash by which the database orders the key bytes[start, end): 32 bits, unsigned. */
export function tableHash(bytes: Uint8Array, start: number, end: number, secret: TableSecret): number {
  return hashBytes(bytes, start, end, secret);
}

/** Draws a secret, as it is stored. */
export function drawSecret(random: Random): Uint8Array {
  const stored = new Uint8Array(4);
  writeHash(stored, 0, Math.floor(random.next() * 0x1_0000_0000));
  return stored;
}

export function readSecret(stored: Uint8Array): TableSecret {
  return readHash(stored);
}
