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
 * Choices: every request counts in the sketch, a hit in the window too. The sketch has 16 counters of four bits for
 * each entry, in blocks of a cache line, no doorkeeper, and is halved after 10 requests for each entry that the cache
 * holds, with the first miss that comes then. As in the paper, and unlike in Caffeine, requests count for that when all
 * their counters are full, too; else what was popular fades too slowly where popularity moves (of
 * hotspot(n=20000,every=20000,requests=400000) 14.7 % miss then with 10,000 entries, and 6.7 % this way). What leaves the
 * window while there is room goes to probation. The window's share is one unit of weight at least, and its oldest
 * entry may be partly over it, so that whatever weighs more than the window competes as others do (next to nothing
 * would compete otherwise: of zipf(n=100k,size=50,requests=2m) at 10 % of the bytes 22.4 % miss then, as with SLRU, and
 * 21.6 % this way). With different weights every eviction is one contest, between two entries; when the window is below
 * its share, the main segments give way.
 *
 * libCacheSim (October 2024) chooses otherwise, and its miss ratios differ from these by −1.8 to +0.9 percentage points
 * on the traces of `reference.test.ts`. Put into a copy of it one after the other, these are the causes:
 * - Its two main segments, each rounded down, hold one entry less together than the main cache. So every promotion
 *   evicts one, and the next entry of the window comes in without a contest. (web12, 137 entries: misses 63.1 % with,
 *   67.3 % without; orm-busy, 7,634 entries: 11.7 and 12.0 %.)
 * - Every contest counts as a request for the window's entry. (orm-busy, 7,634: 12.0 % with, 12.4 % without.)
 * - Hits in the window are not counted. (web12, 137: 67.2 % without, 66.4 % with them; orm-busy, 7,634: 12.4 and 13.8 %.)
 * - The sketch is halved after 32 hits per entry rather than 10 requests, and its counters have no limit. (web12,
 *   137: 66.4 and 65.0 %; orm-busy, 7,634: 13.8 and 13.6 %.) With 763 entries on orm-busy the others cancel out, and
 *   what is left is that requests with full counters count here: 39.8 % miss, 40.5 % where they do not count, and 40.7 %
 *   in libCacheSim.
 */
export const wTinyLfu: PolicyType = {
  name: "w-tinylfu",
  wordsPerSlot: LINK_WORDS,
  sums: WindowTinyLfu.sums,
  parameters: { window: 0.01, protected: 0.8 },
  ranges: { window: { least: 0, most: 1 }, protected: { least: 0, most: 1 } },
  stateWords: (maxEntries) => WindowTinyLfu.words(maxEntries),
  create: (memory, parameters) =>
    new WindowTinyLfu(memory, parameters["window"]!, parameters["protected"]!, false),
};
