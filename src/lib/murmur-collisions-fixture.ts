/**
 * Makes keys with the same MurmurHash3 (32 bit) under every seed. It processes a key four bytes at a time. It mixes
 * each word by itself, without the seed, and then computes
 *
 *     state = rotate(state ^ mixed, 13) * 5 + constant
 *
 * Flip bit 18 of a mixed word: the rotation moves the flip to bit 31 of the state. Multiplication and addition keep
 * it there, because carries beyond bit 31 are lost. Flip bit 31 of the next mixed word too: the state is again what
 * it was. So each pair of words has two forms with equal hashes, and n pairs in a row have 2^n.
 */

const FLIPPED_FIRST = 1 << 18;
const FLIPPED_SECOND = 1 << 31;

/**
 * Returns `count` different keys with one hash, of 8 bytes for each bit of `count`: 36,000 keys have 128 bytes. They
 * can be part of any text.
 */
export function murmurCollisions(count: number): Uint8Array[] {
  const pairs = Math.ceil(Math.log2(count));
  const first = separableForms(FLIPPED_FIRST);
  const second = separableForms(FLIPPED_SECOND);
  return Array.from({ length: count }, (_, number) => {
    const key = new Uint8Array(pairs * 8);
    const view = new DataView(key.buffer);
    for (let pair = 0; pair < pairs; pair++) {
      const form = (number >>> pair) & 1;
      view.setUint32(pair * 8, first[form]!, true);
      view.setUint32(pair * 8 + 4, second[form]!, true);
    }
    return key;
  });
}

/** Returns two words whose mixed forms differ in `flipped`. */
function separableForms(flipped: number): readonly [number, number] {
  for (let mixed = 0; ; mixed++) {
    const forms = [unmixWord(mixed), unmixWord(mixed ^ flipped)] as const;
    if (forms.every(isSeparable)) return forms;
  }
}

/** Whether no byte of a word is white space, a separator or a quote in any format of traces. */
function isSeparable(word: number): boolean {
  return [0, 8, 16, 24].every((shift) => {
    const byte = (word >>> shift) & 255;
    return byte > 0xa0 || /[0-9A-Za-z]/.test(String.fromCharCode(byte));
  });
}

/** Returns the word whose mixed form is given. */
function unmixWord(mixed: number): number {
  const rotated = Math.imul(mixed, inverse(0x1b87_3593));
  return Math.imul((rotated << 17) | (rotated >>> 15), inverse(0xcc9e_2d51));
}

/** Returns the multiplicative inverse of an odd number modulo 2^32, by Newton's iteration. */
function inverse(odd: number): number {
  let result = odd;
  for (let step = 0; step < 5; step++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}
