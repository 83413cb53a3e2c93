import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { hashBytes } from "../../lib/hash.ts";

/**
 * The file of `--warm`: which keys were cached, and in which order. All numbers are little-endian.
 *
 * | part    | content |
 * | ------- | --- |
 * | header  | magic (8 bytes); version (4); length of the text (4); text in JSON (`WarmOrigin`); checksum of all this (4) |
 * | blocks  | length of the records (4); their number (4); ranks of the first and the last one (8 and 8, floats); checksum of the block's other bytes (4); records: length of the key (2), reads (1), key |
 * | trailer | 0 in place of a length (4); number of blocks (4); number of records (8, float); checksum of this (4) |
 *
 * Reads are how often the entry had been read, 255 at most. A rank is an entry's place in the order of eviction of its part of the cache: 0 is the next victim, 1 the last one.
 * A block's records have rising ranks, evenly spread. Blocks of several parts of the cache follow each other: by their
 * ranks they are put in one order. A file without its trailer was cut short.
 */

export const WARM_MAGIC = "GLASWARM";
export const WARM_VERSION = 1;
/** Magic, version and the length of the text. */
export const PREFIX_BYTES = 16;
export const BLOCK_HEADER_BYTES = 28;
const TRAILER_BYTES = 20;
const CHECKSUM_BYTES = 4;
/** A text longer than that is not ours. */
const TEXT_LIMIT_BYTES = 65_536;
/** A block is closed when it has so many bytes of records. */
const BLOCK_BYTES = 32_768;
const KEY_LIMIT_BYTES = 65_535;
const RECORD_HEADER_BYTES = 3;
const BLOCK_LIMIT_BYTES = BLOCK_BYTES + KEY_LIMIT_BYTES + RECORD_HEADER_BYTES;
const MOST_READS = 255;

/** A key that was cached. */
export interface WarmKey {
  readonly key: Uint8Array;
  /** How often its entry had been read, `MOST_READS` at most. */
  readonly reads: number;
}

/** Whose keys they are. */
export interface WarmOrigin {
  /** The origin's address, without a password. */
  readonly origin: string;
  readonly database: number;
}

/** Why a file cannot be used: the end of a sentence that begins with its name. */
export class WarmFormatError extends Error {
  override name = "WarmFormatError";
  /** Whether it was never a file of warm keys. */
  readonly isForeign: boolean;

  constructor(message: string, isForeign = false) {
    super(message);
    this.isForeign = isForeign;
  }
}

const CUT_SHORT = "was cut short";
const DAMAGED = "is damaged";

// ---- writing

export function warmHeader(origin: WarmOrigin): Uint8Array {
  const text = utf8(JSON.stringify(origin));
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8(WARM_MAGIC));
  view.setUint32(8, WARM_VERSION, true);
  view.setUint32(12, text.length, true);
  bytes.set(text, PREFIX_BYTES);
  const end = PREFIX_BYTES + text.length;
  view.setUint32(end, hashBytes(bytes, 0, end, WARM_VERSION), true);
  return bytes;
}

/** Collects keys in blocks. */
export class WarmBlocks {
  #keys = 0;
  #blocks = 0;
  #inBlock = 0;
  #firstRank = 0;
  readonly #records = new ByteBuffer(BLOCK_BYTES);

  /** How many keys were added. */
  get keys(): number {
    return this.#keys;
  }

  /** @param rank at least that of the key before, or less if another part of the cache begins: see `close` */
  add(key: Uint8Array, reads: number, rank: number): void {
    if (this.#inBlock === 0) this.#firstRank = rank;
    const records = this.#records;
    records.reserve(key.length + RECORD_HEADER_BYTES);
    records.bytes[records.length++] = key.length & 0xff;
    records.bytes[records.length++] = key.length >>> 8;
    records.bytes[records.length++] = Math.min(MOST_READS, reads);
    records.append(key);
    this.#inBlock++;
    this.#keys++;
  }

  /** Whether the block should be closed. */
  get isFull(): boolean {
    return this.#records.length >= BLOCK_BYTES;
  }

  /**
   * Ends the block: the next key begins another one.
   * @param rank of its last key
   * @returns its bytes, a copy; undefined: it has no keys
   */
  close(rank: number): Uint8Array | undefined {
    if (this.#inBlock === 0) return undefined;
    const records = this.#records;
    const bytes = new Uint8Array(BLOCK_HEADER_BYTES + records.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, records.length, true);
    view.setUint32(4, this.#inBlock, true);
    view.setFloat64(8, this.#firstRank, true);
    view.setFloat64(16, rank, true);
    bytes.set(records.view(), BLOCK_HEADER_BYTES);
    view.setUint32(24, blockChecksum(bytes), true);
    records.clear(BLOCK_LIMIT_BYTES);
    this.#inBlock = 0;
    this.#blocks++;
    return bytes;
  }

  /** Returns the last bytes of a file. */
  trailer(): Uint8Array {
    const bytes = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, this.#blocks, true);
    view.setFloat64(8, this.#keys, true);
    view.setUint32(16, hashBytes(bytes, 0, 16, WARM_VERSION), true);
    return bytes;
  }
}

function blockChecksum(bytes: Uint8Array): number {
  const head = hashBytes(bytes, 0, BLOCK_HEADER_BYTES - CHECKSUM_BYTES, WARM_VERSION);
  return hashBytes(bytes, BLOCK_HEADER_BYTES, bytes.length, head);
}

// ---- reading

/** Reads the first bytes of a file. @returns the length of the whole header @throws WarmFormatError */
export function headerBytes(prefix: Uint8Array): number {
  const magic = utf8(WARM_MAGIC);
  const compared = Math.min(prefix.length, magic.length);
  if (!magic.subarray(0, compared).every((byte, i) => prefix[i] === byte)) {
    throw new WarmFormatError("is not a file of warm keys", true);
  }
  if (prefix.length < PREFIX_BYTES) throw new WarmFormatError(CUT_SHORT);
  const view = viewOf(prefix);
  const version = view.getUint32(8, true);
  if (version !== WARM_VERSION) {
    throw new WarmFormatError(
      `has version ${version} of its format, and this program reads version ${WARM_VERSION}`,
    );
  }
  const length = view.getUint32(12, true);
  if (length > TEXT_LIMIT_BYTES) throw new WarmFormatError(DAMAGED);
  return PREFIX_BYTES + length + CHECKSUM_BYTES;
}

/** @throws WarmFormatError */
export function readHeader(bytes: Uint8Array): WarmOrigin {
  const end = headerBytes(bytes) - CHECKSUM_BYTES;
  if (bytes.length < end + CHECKSUM_BYTES) throw new WarmFormatError(CUT_SHORT);
  if (viewOf(bytes).getUint32(end, true) !== hashBytes(bytes, 0, end, WARM_VERSION)) {
    throw new WarmFormatError(DAMAGED);
  }
  return JSON.parse(fromUtf8(bytes.subarray(PREFIX_BYTES, end))) as WarmOrigin;
}

/** What the beginning of a block or the trailer says comes next. */
export interface BlockHead {
  /** Of the records; 0: it is the trailer. */
  readonly bytes: number;
  /** Of the whole block, or of the trailer. */
  readonly totalBytes: number;
  readonly keys: number;
  readonly firstRank: number;
  readonly lastRank: number;
}

/** @param bytes from the beginning of a block on, `TRAILER_BYTES` at least @throws WarmFormatError */
export function readBlockHead(bytes: Uint8Array): BlockHead {
  if (bytes.length < TRAILER_BYTES) throw new WarmFormatError(CUT_SHORT);
  const view = viewOf(bytes);
  const length = view.getUint32(0, true);
  if (length === 0) return { bytes: 0, totalBytes: TRAILER_BYTES, keys: 0, firstRank: 0, lastRank: 0 };
  if (length > BLOCK_LIMIT_BYTES) throw new WarmFormatError(DAMAGED);
  if (bytes.length < BLOCK_HEADER_BYTES) throw new WarmFormatError(CUT_SHORT);
  return {
    bytes: length,
    totalBytes: BLOCK_HEADER_BYTES + length,
    keys: view.getUint32(4, true),
    firstRank: view.getFloat64(8, true),
    lastRank: view.getFloat64(16, true),
  };
}

/** @throws WarmFormatError */
export function checkBlock(bytes: Uint8Array): void {
  if (viewOf(bytes).getUint32(24, true) !== blockChecksum(bytes)) throw new WarmFormatError(DAMAGED);
}

/** Returns the keys of a block, views of its bytes. @throws WarmFormatError */
export function readBlock(bytes: Uint8Array): WarmKey[] {
  checkBlock(bytes);
  const view = viewOf(bytes);
  const keys: WarmKey[] = [];
  for (let at = BLOCK_HEADER_BYTES; at < bytes.length; ) {
    const keyAt = at + RECORD_HEADER_BYTES;
    const end = keyAt + view.getUint16(at, true);
    keys.push({ key: bytes.subarray(keyAt, end), reads: bytes[at + 2]! });
    at = end;
  }
  return keys;
}

/** Compares a trailer with what was read before it. @throws WarmFormatError */
export function checkTrailer(bytes: Uint8Array, blocks: number, keys: number): void {
  const view = viewOf(bytes);
  const isWhole = view.getUint32(16, true) === hashBytes(bytes, 0, 16, WARM_VERSION);
  if (!isWhole || view.getUint32(4, true) !== blocks || view.getFloat64(8, true) !== keys) {
    throw new WarmFormatError(DAMAGED);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
