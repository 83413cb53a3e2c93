import { assert } from "../lib/assert.ts";
import { type SizeClasses, sizeClasses } from "./size-classes.ts";

/**
 * The memory of one shard, one shared buffer:
 *
 *   control words · sums · size-class table · pin table · index directory · page table · policy state · pages
 *
 * The buffer is as large as the shard may ever become, and what was never touched of it costs nothing. Where each part
 * begins follows from its length and the pages' size, so attaching needs nothing else. How much the shard may take at
 * the moment is in control words.
 */

/** Control words, by index. The lock has a cache line of its own. */
export const LOCK = 0;
export const FREE_PAGES = 16;
export const FREE_PAGE_LIST = 17;
/** The first page that was never used; those from here on are free and untouched. */
export const FRESH_PAGE = 18;
export const BUCKET_COUNT = 19;
/** The smallest power of two ≥ the bucket count, minus 1. */
export const BUCKET_MASK = 20;
export const ENTRIES = 21;
/** Entries with an expiry. */
export const EXPIRING = 22;
/** Where the sweep goes on, as a position in scan order. */
export const SWEEP_POSITION = 23;
/** The epoch when the running round of the sweep began; every entry it has passed since is at least as young. */
export const SWEEP_EPOCH = 24;
/** No entry of an epoch before this one is left. */
export const SWEPT_EPOCH = 25;
/** Counts what happens to the policy as such, so that other threads notice. */
export const POLICY_VERSION = 26;
/** How far a change of the policy has come, and which of the texts say what runs now and next. */
export const POLICY_STAGE = 27;
/** Words of the policy's state that have been zeroed for the next one. */
export const ZEROED_WORDS = 28;
/** Ends of the list of entries that wait to be handed over to the next policy. */
export const WAITING_LIST = 29;
/** No more entries than this, whatever there is room for; 0: no such bound. Behind the two words of the list. */
export const MOST_ENTRIES = 31;
/** Of the entries that the old policy had, how many wait, and how many the next policy has been given. */
export const WAITING_ENTRIES = 54;
export const HANDED_ENTRIES = 55;

/** Entries that are no values of their keys, but other variants. */
export const VARIANTS = 56;

/** How many pages may be in use: `FREE_PAGES` and those that are. */
export const PAGE_LIMIT = 57;
/** The size of a page, as a power of two. */
const PAGE_SHIFT = 58;
/** For each text of a policy: how many bytes the shard may take while it runs. */
export const TEXT_SHARD_BYTES = 59;

/** Counters, by index in `floats`; they end before the words above. */
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
/** Rows of the pin table in use. */
export const PINS = 26;

const POLICY_TEXTS_AT_BYTE = 256;
const POLICY_TEXTS = 3;
export const POLICY_TEXT_LIMIT_BYTES = 256;
const SUMS_AT_BYTE: number = POLICY_TEXTS_AT_BYTE + POLICY_TEXTS * POLICY_TEXT_LIMIT_BYTES;
export const SUMS_LIMIT = 48;
const CLASS_TABLE_AT_BYTE: number = SUMS_AT_BYTE + SUMS_LIMIT * 8;
const CLASS_LIMIT = 160;
const PIN_TABLE_AT_BYTE = CLASS_TABLE_AT_BYTE + CLASS_LIMIT * 8;
/** Words of a row of the pin table, which `pins.ts` describes. */
export const PIN_WORDS = 5;
export const PIN_ROWS = 64;
export const PIN_TABLE: number = PIN_TABLE_AT_BYTE / 4;
const DIRECTORY_AT_BYTE = PIN_TABLE_AT_BYTE + PIN_ROWS * PIN_WORDS * 4;

/** Words of a class's row: chunks that are free, and the list of its pages that have one. */
export const CLASS_WORDS = 2;
export const CLASS_FREE_CHUNKS = 0;
export const CLASS_ROOMY_PAGES = 1;

/** Words of a page's row. Pages count from 1, so 0 means none. */
const PAGE_WORDS = 5;
export const PAGE_CLASS = 0;
export const PAGE_USED_CHUNKS = 1;
export const PAGE_FREE_CHUNK = 2;
export const PAGE_NEXT = 3;
export const PAGE_BEFORE = 4;

/** In `PAGE_CLASS` of pages that hold no chunks. */
export const FREE_PAGE_CLASS = -1;
export const INDEX_PAGE_CLASS = -2;

/** The share of a shard set aside for the policy's state. */
const POLICY_SHARE = 1 / 25;
/** No entry takes less, its place in the index included. */
const LEAST_ENTRY_BYTES = 40;

/**
 * Byte arrays beyond 2 GiB are read at a third of the speed in JavaScriptCore (indices no longer fit an int32),
 * so shards stay below.
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
  /** As many pages as the buffer holds; how many may be in use is in `PAGE_LIMIT`. */
  readonly reservedPages: number;
  /** Byte where page 0 would begin. */
  readonly pageBase: number;
  readonly classTable: number;
  readonly directory: number;
  /** Word where the row of page 0 would begin. */
  readonly pageTable: number;
  readonly policyState: Int32Array;
  readonly policySums: Float64Array;
  readonly policyTexts: readonly Uint8Array[];
  /** As many entries as could ever be resident. */
  readonly entryLimit: number;

  /** Looks at memory that `create` has taken. */
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
   * Takes the memory of a shard.
   * @param shardBytes what the shard may take at first; the pages' size goes by it
   * @param reservedBytes what it may ever take
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

/** What there is room for in a shard. */
export interface ShardRoom {
  readonly pages: number;
  readonly policyWords: number;
  /** As many as could ever be resident. */
  readonly entries: number;
}

/** What there is room for in a shard of so many bytes, its own tables aside. */
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

/** A row for every index page that as many entries as possible could need. */
function directoryRows(pages: number): number {
  return Math.ceil((pages * 4) / LEAST_ENTRY_BYTES) + 1;
}

/** Bytes of all that comes before the policy's state. */
function tableBytes(pages: number): number {
  return (
    DIRECTORY_AT_BYTE + Math.ceil(directoryRows(pages) / 2) * 8 + Math.ceil((pages * PAGE_WORDS) / 2) * 8
  );
}

/**
 * Larger pages leave less over at their ends and offer finer sizes, but every size class may hold a page that is
 * not full. Measured with entries of 10 bytes to 10 kB, the sum of both is least with 4 KiB up to some megabytes,
 * with 16 KiB from some hundred on.
 */
function pageShiftFor(shardBytes: number): number {
  if (shardBytes < 8 * 2 ** 20) return 12;
  return shardBytes < 256 * 2 ** 20 ? 13 : 14;
}

/** Word where the row of a page begins. */
export function pageRow(memory: ShardMemory, page: number): number {
  return memory.pageTable + page * PAGE_WORDS;
}

/** The page that a slot lies in. */
export function pageOf(memory: ShardMemory, slot: number): number {
  return (slot * 8 - memory.pageBase) >> memory.pageShift;
}

/** The class of the chunk that begins at a slot. */
export function classOf(memory: ShardMemory, slot: number): number {
  return memory.words[pageRow(memory, pageOf(memory, slot)) + PAGE_CLASS]!;
}
