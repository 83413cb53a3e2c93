import type { PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";
import { WindowTinyLfu } from "../window-tiny-lfu.ts";

/**
 * W-TinyLFU with a window of fixed size: a small LRU window in front of a segmented LRU. The segmented LRU admits an
 * entry only if it was requested more often recently than the entry it displaces.
 *
 * G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on
 * Storage 13(4), 2017.
 *
 * Choices: those of Caffeine's simulator, policy `sketch.WindowTinyLfu`, as of 8 August 2026 (commit ccef955, 3.2.4
 * and 250 commits). With entries of equal weight every decision is the same (`caffeine.test.ts`), apart from the hash
 * function:
 * - The window's share is the capacity minus ⌊0.99 · capacity⌋.
 * - The sketch has 16 counters of four bits per entry, the entries rounded up to a power of two, and is halved after
 *   10 additions per entry so counted. An addition that finds all its counters full does not count. Halving subtracts
 *   from the count what it rounds off. Every request is an addition, a hit in the window too.
 * - A challenger that loses is admitted with a chance of 1 in 128 if its frequency is 6 or more. Otherwise a client
 *   could lock out a key for ever whose hash collides with a popular one's.
 * - The challenger is the window's oldest entry. When the window is full, it moves to probation first, so it is its
 *   own victim if probation is empty.
 *
 * Different from Caffeine: the counters of a key lie in one cache line, as in Caffeine's library but not in its
 * simulator. An entry heavier than the window competes at the next eviction, because only a resident entry can be
 * evicted; in Caffeine it competes at once. The sketch has room for the largest possible number of entries, while
 * Caffeine's grows with their number, and forgets everything when it does.
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
