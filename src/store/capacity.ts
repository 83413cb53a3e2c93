import {
  ENTRIES,
  FREE_PAGES,
  MOST_ENTRIES,
  PAGE_LIMIT,
  type ShardMemory,
  USED_BYTES,
} from "./shard-memory.ts";

/** What a store has room for. */
export interface StoreCapacity {
  /** Whether its policy counts entries or bytes. */
  readonly unit: "bytes" | "entries";
  /** Entries, or bytes of the chunks of entries. */
  readonly size: number;
  /** The entries that fit, if they are as large on the average as the present ones. */
  readonly entries: number;
}

/** The bytes of an entry, as long as there are too few to tell. */
const USUAL_ENTRY_BYTES = 256;
const FEW_ENTRIES = 100;

/** Reads the counters without locks. */
export function capacityOf(shards: readonly ShardMemory[]): StoreCapacity {
  let entries = 0;
  let usedBytes = 0;
  let pageBytes = 0;
  let usedPageBytes = 0;
  let mostEntries = 0;
  for (const { words, floats, sizes } of shards) {
    const pages = words[PAGE_LIMIT]!;
    entries += words[ENTRIES]!;
    usedBytes += floats[USED_BYTES]!;
    pageBytes += pages * sizes.pageBytes;
    usedPageBytes += (pages - words[FREE_PAGES]!) * sizes.pageBytes;
    mostEntries += words[MOST_ENTRIES]!;
  }
  const meanBytes = entries < FEW_ENTRIES ? USUAL_ENTRY_BYTES : usedBytes / entries;
  // The index and the ends of pages take a part of the pages in use.
  const share = entries < FEW_ENTRIES ? 1 : usedBytes / usedPageBytes;
  const bytes = pageBytes * share;
  if (mostEntries === 0) return { unit: "bytes", size: bytes, entries: Math.max(1, bytes / meanBytes) };
  return { unit: "entries", size: mostEntries, entries: mostEntries };
}
