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
  for (let at = start; at < end; at++) {
    if (bytes[at] !== OPENING) continue;
    let close = at + 1;
    while (close < end && bytes[close] !== CLOSING) close++;
    if (close < end && close > at + 1) return crc16(bytes, at + 1, close) & (HASH_SLOTS - 1);
    break;
  }
  return crc16(bytes, start, end) & (HASH_SLOTS - 1);
}

/** Four bytes at a time, because each step waits for the one before. A hit in a cluster's cache computes this. */
function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    crc =
      TABLE_3[(crc >>> 8) ^ bytes[at]!]! ^
      TABLE_2[(crc & 0xff) ^ bytes[at + 1]!]! ^
      TABLE_1[bytes[at + 2]!]! ^
      TABLE[bytes[at + 3]!]!;
  }
  for (; at < end; at++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ bytes[at]!]!;
  return crc;
}
