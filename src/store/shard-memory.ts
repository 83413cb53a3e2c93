import { assert } from "../lib/assert.ts";
import { type SizeClasses, sizeClasses } from "./size-classes.ts";

/**
 * The memory of one shard, one shared buffer:
 *
 *   control words · sums · size-class table · pin table · index directory · page table · policy state · pages
 *
 * The buffer is as large as the shard may ever become; its untouched part costs nothing. The place of each part
 * follows from the length of the buffer and the page size, so attaching needs nothing else. Control words say how much
 * of it the shard may take at present.
 */

/** Control words, by index. The lock has a cache line to itself. */
export const LOCK = 0;
/** The fills until the latest epoch began, their lowest 32 bits. Written at epochs alone. */
export const FILLS_AT_EPOCH = 1;
export const FREE_PAGES = 16;
export const FREE_PAGE_LIST = 17;
/** The first page that was never used. The pages from here on are free and untouched. */
export const FRESH_PAGE = 18;
export const BUCKET_COUNT = 19;
/** The smallest power of two ≥ the bucket count, minus 1. */
export const BUCKET_MASK = 20;
export const ENTRIES = 21;
/** The number of entries with an expiry. */
export const EXPIRING = 22;
/** Where the sweep continues, as a position in scan order. */
export const SWEEP_POSITION = 23;
/**
 * The count of epochs (`Epochs.count`) when the present round of the sweep began. The round has removed all entries that
 * it has met and that were dead by then.
 */
export const SWEEP_EPOCH = 24;
/** No entry is left that was dead when the count of epochs was this one. */
export const SWEPT_EPOCH = 25;
/** Incremented at every change to the policy, so that other threads notice it. */
export const POLICY_VERSION = 26;
/** The stage of a policy change, and which texts name the running and the next policy. */
export const POLICY_STAGE = 27;
/** Words of the policy's state that have been zeroed for the next policy. */
export const ZEROED_WORDS = 28;
/** Both ends of the list of entries that wait for the next policy. */
export const WAITING_LIST = 29;
/** The most entries allowed, whatever there is room for; 0: no bound. It follows the two words of the list. */
export const MOST_ENTRIES = 31;
/** How many of the old policy's entries wait, and how many the next policy has received. */
export const WAITING_ENTRIES = 54;
export const HANDED_ENTRIES = 55;

/** The number of entries that are variants other than the value. */
export const VARIANTS = 56;

/** The most pages that may be in use: the pages in use plus `FREE_PAGES`. */
export const PAGE_LIMIT = 57;
/** The page size, as a power of two. */
const PAGE_SHIFT = 58;
/** For each text of a policy, the bytes that the shard may take while that policy runs. */
export const TEXT_SHARD_BYTES = 59;

/** Counters, by index in `floats`. But for the last one they end before the words above. */
export const USED_BYTES = 16;
export const PAYLOAD_BYTES = 17;
export const EVICTIONS = 18;
export const EXPIRATIONS = 19;
export const HITS = 20;
export const MISSES = 21;
export const FILLS = 22;
export const REFUSED_FILLS = 23;
export const MOVES = 24;
/** Bytes of the chunks of pinned entries. */
export const PINNED_BYTES = 25;
/** Rows in use in the pin table. */
export const PINS = 26;
/** Bytes of values: `PAYLOAD_BYTES` without keys. It lies behind the words above. */
export const VALUES_BYTES = 31;

const POLICY_TEXTS_AT_BYTE = 256;
const POLICY_TEXTS = 3;
export const POLICY_TEXT_LIMIT_BYTES = 256;
const SUMS_AT_BYTE: number = POLICY_TEXTS_AT_BYTE + POLICY_TEXTS * POLICY_TEXT_LIMIT_BYTES;
export const SUMS_LIMIT = 48;
const CLASS_TABLE_AT_BYTE: number = SUMS_AT_BYTE + SUMS_LIMIT * 8;
const CLASS_LIMIT = 160;
const PIN_TABLE_AT_BYTE = CLASS_TABLE_AT_BYTE + CLASS_LIMIT * 8;
/** Words per row of the pin table, which `pin-table.ts` describes. */
export const PIN_WORDS = 5;
export const PIN_ROWS = 64;
export const PIN_TABLE: number = PIN_TABLE_AT_BYTE / 4;
const DIRECTORY_AT_BYTE = PIN_TABLE_AT_BYTE + PIN_ROWS * PIN_WORDS * 4;

/** Words per row of a size class: its number of free chunks, and the list of its pages with a free chunk. */
export const CLASS_WORDS = 2;
export const CLASS_FREE_CHUNKS = 0;
export const CLASS_ROOMY_PAGES = 1;

/** Words per row of a page. Pages count from 1; 0 means none. */
const PAGE_WORDS = 5;
export const PAGE_CLASS = 0;
export const PAGE_USED_CHUNKS = 1;
export const PAGE_FREE_CHUNK = 2;
export const PAGE_NEXT = 3;
export const PAGE_BEFORE = 4;

/** The value of `PAGE_CLASS` for free pages. */
export const FREE_PAGE_CLASS = -1;
export const INDEX_PAGE_CLASS = -2;

/** The share of a shard set aside for the policy's state. */
const POLICY_SHARE = 1 / 25;
/** The least memory that an entry takes, its place in the index included. */
const LEAST_ENTRY_BYTES = 40;

/**
 * The limit of a shard's size. Beyond 2 GiB indices no longer fit an int32, and JavaScriptCore reads byte arrays at a
 * third of the speed.
 */
export const SHARD_LIMIT_BYTES = 2 ** 31 - 65_536;
export const SHARD_LEAST_BYTES = 128 * 1024;

export class ShardMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly floats: Float64Array;
  readonly sizes: SizeClasses;
  readonly pageShift: number;
  /** The pages that the buffer has room for; `PAGE_LIMIT` says how many may be in use. */
  readonly reservedPages: number;
  /** The byte at which page 0 would begin. */
  readonly pageBase: number;
  readonly classTable: number;
  readonly directory: number;
  /** The word at which the row of page 0 would begin. */
  readonly pageTable: number;
  readonly policyState: Int32Array;
  readonly policySums: Float64Array;
  readonly policyTexts: readonly Uint8Array[];
  /** The most entries that can ever be resident. */
  readonly entryLimit: number;

  /** Attaches to memory that `create` has made. */
  constructor(buffer: SharedArrayBuffer) {
    const reservedBytes = buffer.byteLength;
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, reservedBytes >> 2);
    this.bytes = Buffer.from(buffer as unknown as ArrayBuffer);
    this.floats = new Float64Array(buffer, 0, reservedBytes >> 3);
    this.pageShift = this.words[PAGE_SHIFT]!;
    const pageBytes = 1 << this.pageShift;
    this.sizes = sizeClasses(pageBytes);
    assert(this.sizes.count <= CLASS_LIMIT, "too many size classes");
    const { pages, policyWords, entries } = roomWithin(reservedBytes, this.pageShift);
    const policyBytes = policyWords * 4;
    this.reservedPages = pages;
    this.entryLimit = entries;
    this.classTable = CLASS_TABLE_AT_BYTE / 4;
    this.directory = DIRECTORY_AT_BYTE / 4;
    this.pageTable = this.directory + Math.ceil(directoryRows(pages) / 2) * 2 - PAGE_WORDS;
    const policyAt = tableBytes(pages);
    this.policyState = new Int32Array(buffer, policyAt, policyBytes / 4);
    this.policySums = new Float64Array(buffer, SUMS_AT_BYTE, SUMS_LIMIT);
    this.policyTexts = Array.from({ length: POLICY_TEXTS }, (_, index) => {
      const at = POLICY_TEXTS_AT_BYTE + index * POLICY_TEXT_LIMIT_BYTES;
      return new Uint8Array(buffer, at, POLICY_TEXT_LIMIT_BYTES);
    });
    this.pageBase = policyAt + policyBytes - pageBytes;
  }

  /**
   * Allocates the memory of a shard.
   * @param shardBytes the bytes that the shard may take at first; they decide the page size
   * @param reservedBytes the bytes that it may ever take
   */
  static create(shardBytes: number, reservedBytes: number = shardBytes): ShardMemory {
    assert(
      shardBytes >= SHARD_LEAST_BYTES && shardBytes <= reservedBytes && reservedBytes <= SHARD_LIMIT_BYTES,
      "a shard's size is out of range",
    );
    const buffer = new SharedArrayBuffer(reservedBytes);
    const words = new Int32Array(buffer);
    const pageShift = pageShiftFor(shardBytes);
    words[PAGE_SHIFT] = pageShift;
    words[PAGE_LIMIT] = roomWithin(shardBytes, pageShift).pages;
    words.fill(shardBytes, TEXT_SHARD_BYTES, TEXT_SHARD_BYTES + POLICY_TEXTS);
    return new ShardMemory(buffer);
  }
}

/** The room in a shard. */
export interface ShardRoom {
  readonly pages: number;
  readonly policyWords: number;
  /** The most entries that can ever be resident. */
  readonly entries: number;
}

/** Returns the room in a shard of this size, apart from its own tables. */
export function roomWithin(shardBytes: number, pageShift: number): ShardRoom {
  const pageBytes = 1 << pageShift;
  const policyBytes = Math.floor((shardBytes * POLICY_SHARE) / 8) * 8;
  let pages = Math.floor((shardBytes - policyBytes) / pageBytes);
  while (tableBytes(pages) + policyBytes + pages * pageBytes > shardBytes) pages--;
  return {
    pages,
    policyWords: policyBytes / 4,
    entries: Math.floor((pages * pageBytes) / LEAST_ENTRY_BYTES),
  };
}

/** Returns the rows of the directory: one for every index page that the largest number of entries could need. */
function directoryRows(pages: number): number {
  return Math.ceil((pages * 4) / LEAST_ENTRY_BYTES) + 1;
}

/** Returns the bytes of everything before the policy's state. */
function tableBytes(pages: number): number {
  return (
    DIRECTORY_AT_BYTE + Math.ceil(directoryRows(pages) / 2) * 8 + Math.ceil((pages * PAGE_WORDS) / 2) * 8
  );
}

/**
 * Larger pages waste less at their ends and offer finer sizes, but every size class may hold a page that is not full.
 * Measured with entries of 10 bytes to 10 kB, both together waste least with pages of 4 KiB up to some megabytes, and
 * with pages of 16 KiB from some hundred megabytes on.
 */
function pageShiftFor(shardBytes: number): number {
  if (shardBytes < 8 * 2 ** 20) return 12;
  return shardBytes < 256 * 2 ** 20 ? 13 : 14;
}

/** Returns the word at which the row of a page begins. */
export function pageRow(memory: ShardMemory, page: number): number {
  return memory.pageTable + page * PAGE_WORDS;
}

/** Returns the page that holds a slot. */
export function pageOf(memory: ShardMemory, slot: number): number {
  return (slot * 8 - memory.pageBase) >> memory.pageShift;
}

/** Returns the size class of the chunk at a slot. */
export function classOf(memory: ShardMemory, slot: number): number {
  return memory.words[pageRow(memory, pageOf(memory, slot)) + PAGE_CLASS]!;
}
