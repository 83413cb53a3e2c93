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
 * each entry, in blocks of a cache line, no doorkeeper, and is halved after 10 counted requests for each entry that
 * the cache holds. What leaves the window while there is room goes to probation. The window holds one unit of
 * weight at least; an entry too heavy for it goes to probation at once. With different weights every eviction is
 * one contest, between two entries.
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
