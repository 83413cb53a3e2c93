import { hashBytes } from "../lib/hash.ts";

/**
 * Keys of eight bytes that all have one hash under a seed. The hash mixes each four bytes into its state by steps
 * that can be undone, so for any first half there is a second one that leads to a state that was chosen.
 */
export function collidingKeys(seed: number, count: number): Uint8Array[] {
  const target = 0x1234_5678;
  const keys: Uint8Array[] = [];
  for (let first = 0; first < count; first++) {
    const afterFirst = mixState(seed, mixWord(first));
    const key = new Uint8Array(8);
    const view = new DataView(key.buffer);
    view.setUint32(0, first, true);
    view.setUint32(4, unmixWord(afterFirst ^ unmixState(target)), true);
    keys.push(key);
  }
  const hash = hashBytes(keys[0]!, 0, 8, seed);
  for (const key of keys) if (hashBytes(key, 0, 8, seed) !== hash) throw new Error("the hash has changed");
  return keys;
}

function mixWord(word: number): number {
  return Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function unmixWord(mixed: number): number {
  return Math.imul(rotate(Math.imul(mixed, inverse(0x1b873593)), 17), inverse(0xcc9e2d51));
}

function mixState(state: number, mixed: number): number {
  return (Math.imul(rotate(state ^ mixed, 13), 5) + 0xe6546b64) | 0;
}

/** The state before mixing, with the word already taken in. */
function unmixState(state: number): number {
  return rotate(Math.imul(state - 0xe6546b64, inverse(5)), 19);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The multiplicative inverse of an odd number modulo 2^32, by Newton's iteration. */
function inverse(odd: number): number {
  let result = odd;
  for (let step = 0; step < 5; step++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}
