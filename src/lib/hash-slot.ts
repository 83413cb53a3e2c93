/** The number of hash slots of a cluster. */
export const HASH_SLOTS = 16_384;

const OPENING = 0x7b;
const CLOSING = 0x7d;
/** CRC-16/XMODEM: polynomial 0x1021, most significant bit first, begins with 0. */
const POLYNOMIAL = 0x1021;

/** What a byte leaves behind. */
const TABLE: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc;
});
/** What it leaves behind if one, two or three more bytes of zeros follow. */
const TABLE_1: Uint16Array = TABLE.map(withZeros);
const TABLE_2: Uint16Array = TABLE_1.map(withZeros);
const TABLE_3: Uint16Array = TABLE_2.map(withZeros);

function withZeros(crc: number): number {
  return ((crc << 8) & 0xffff) ^ TABLE[crc >>> 8]!;
}

/**
 * Returns the hash slot of the key bytes[start, end), from 0 to 16,383, as Redis Cluster assigns it: the CRC16 of its
 * hash tag, or of the whole key if it has none. The hash tag is what stands between the first `{` and the next `}`,
 * unless nothing does (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
 */
export function hashSlotOf(bytes: Uint8Array, start: number, end: number): number {
  // One pass over most keys, four bytes at a time, because each step waits for the one before. A hit in a cluster's
  // cache computes this.
  let crc = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const third = bytes[at + 2]!;
    const fourth = bytes[at + 3]!;
    if (first === OPENING || second === OPENING || third === OPENING || fourth === OPENING) {
      return slotOfTagged(bytes, start, end);
    }
    crc = TABLE_3[(crc >>> 8) ^ first]! ^ TABLE_2[(crc & 0xff) ^ second]! ^ TABLE_1[third]! ^ TABLE[fourth]!;
  }
  for (; at < end; at++) {
    if (bytes[at] === OPENING) return slotOfTagged(bytes, start, end);
    crc = withByte(crc, bytes[at]!);
  }
  return crc & (HASH_SLOTS - 1);
}

/** The hash slot of a key with a `{`. */
function slotOfTagged(bytes: Uint8Array, start: number, end: number): number {
  const opening = bytes.indexOf(OPENING, start);
  let close = opening + 1;
  while (close < end && bytes[close] !== CLOSING) close++;
  const hasTag = close < end && close > opening + 1;
  let crc = 0;
  for (let at = hasTag ? opening + 1 : start; at < (hasTag ? close : end); at++)
    crc = withByte(crc, bytes[at]!);
  return crc & (HASH_SLOTS - 1);
}

function withByte(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ byte]!;
}
