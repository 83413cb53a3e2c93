import type { PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";
import { WindowTinyLfu } from "../window-tiny-lfu.ts";

/**
 * W-TinyLFU with a window of fixed size: a small LRU window, and behind it a segmented LRU into which an entry comes
 * only if it was asked for more often of late than the one it displaces.
 *
 * G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on
 * Storage 13(4), 2017.
 *
 * Choices: those of Caffeine's simulator, policy `sketch.WindowTinyLfu`, as of 8 August 2026 (commit ccef955, 3.2.4 and
 * 250 commits). With entries of equal weight every decision is the same (`caffeine.test.ts`) but for the hash function:
 * - The window's share is the capacity less ⌊0.99 · capacity⌋.
 * - The sketch has 16 counters of four bits for each entry, rounded up to a power of two of entries, and is halved after
 *   10 additions for each of these. An addition that finds all its counters full does not count. What halving rounds
 *   off is taken from the count. Every request is an addition, a hit in the window too.
 * - A challenger that loses is let in with a chance of 1 in 128 if its frequency is 6 or more: else one could lock a
 *   key out for ever whose hash collides with a popular one.
 * - The challenger is the window's oldest entry. When the window is full it goes to probation first, so it is its own
 *   victim when probation is empty.
 *
 * Different from Caffeine: the counters of a key lie in one cache line, as in Caffeine's library but not in its simulator.
 * An entry heavier than the window has its contest with the next eviction, as only what is resident can be evicted; in
 * Caffeine it has it at once. The sketch has room for as many entries as there may be, while that of Caffeine grows with
 * their number, and forgets everything then.
 *
 * libCacheSim (October 2024) chooses otherwise: promotions evict where the main segments are full, so the next entry of
 * the window comes in without a contest; every contest counts as a request for the challenger; hits in the window do
 * not count; the sketch is halved after 32 hits an entry, and its counters have no limit. Its miss ratios on the traces
 * of `reference.test.ts` differ by −1.8 to +0.3 percentage points.
 */
export const wTinyLfu: PolicyType = {
  name: "w-tinylfu",
  wordsPerSlot: LINK_WORDS,
  sums: WindowTinyLfu.sums,
  parameters: { window: 0.01, protected: 0.8 },
  ranges: { window: { least: 0, most: 1 }, protected: { least: 0, most: 1 } },
  stateWords: (maxEntries) => WindowTinyLfu.words(maxEntries, false),
  create: (memory, parameters) =>
    new WindowTinyLfu(memory, parameters["window"]!, parameters["protected"]!, false),
};
