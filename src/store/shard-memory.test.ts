import { expect, test } from "bun:test";
import * as memory from "./shard-memory.ts";

/** Where the texts of policies begin: words and counters end before. */
const WORDS = 64;

test("no two words and counters of a shard share memory", () => {
  const words = {
    LOCK: memory.LOCK,
    FILLS_AT_EPOCH: memory.FILLS_AT_EPOCH,
    FREE_PAGES: memory.FREE_PAGES,
    FREE_PAGE_LIST: memory.FREE_PAGE_LIST,
    FRESH_PAGE: memory.FRESH_PAGE,
    BUCKET_COUNT: memory.BUCKET_COUNT,
    BUCKET_MASK: memory.BUCKET_MASK,
    ENTRIES: memory.ENTRIES,
    EXPIRING: memory.EXPIRING,
    SWEEP_POSITION: memory.SWEEP_POSITION,
    SWEEP_EPOCH: memory.SWEEP_EPOCH,
    SWEPT_EPOCH: memory.SWEPT_EPOCH,
    POLICY_VERSION: memory.POLICY_VERSION,
    POLICY_STAGE: memory.POLICY_STAGE,
    ZEROED_WORDS: memory.ZEROED_WORDS,
    WAITING_LIST: memory.WAITING_LIST,
    MOST_ENTRIES: memory.MOST_ENTRIES,
    WAITING_ENTRIES: memory.WAITING_ENTRIES,
    HANDED_ENTRIES: memory.HANDED_ENTRIES,
    VARIANTS: memory.VARIANTS,
    PAGE_LIMIT: memory.PAGE_LIMIT,
    TEXT_SHARD_BYTES: memory.TEXT_SHARD_BYTES,
  };
  const counters = {
    USED_BYTES: memory.USED_BYTES,
    PAYLOAD_BYTES: memory.PAYLOAD_BYTES,
    EVICTIONS: memory.EVICTIONS,
    EXPIRATIONS: memory.EXPIRATIONS,
    HITS: memory.HITS,
    MISSES: memory.MISSES,
    FILLS: memory.FILLS,
    REFUSED_FILLS: memory.REFUSED_FILLS,
    MOVES: memory.MOVES,
    PINNED_BYTES: memory.PINNED_BYTES,
    PINS: memory.PINS,
    VALUES_BYTES: memory.VALUES_BYTES,
  };
  const at = new Map<number, string>();
  const take = (name: string, word: number): void => {
    expect([name, word < WORDS, at.get(word)]).toEqual([name, true, undefined]);
    at.set(word, name);
  };
  for (const [name, word] of Object.entries(words)) take(name, word);
  for (const [name, float] of Object.entries(counters)) {
    take(name, 2 * float);
    take(name, 2 * float + 1);
  }
});
