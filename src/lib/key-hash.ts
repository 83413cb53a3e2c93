import { hashBytes } from "./hash.ts";

const LOW_SEED = 0x51ed_270b;
const HIGH_SEED = 0x2545_f491;

/**
 * The halves of the 64-bit hash that stands for a key in recordings and in simulations: the same everywhere and
 * always, for recordings keep it.
 * @returns unsigned 32 bits
 */
export function keyHashLow(bytes: Uint8Array, start: number, end: number): number {
  return hashBytes(bytes, start, end, LOW_SEED);
}

export function keyHashHigh(bytes: Uint8Array, start: number, end: number): number {
  return hashBytes(bytes, start, end, HIGH_SEED);
}
