import type { PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";
import { WindowTinyLfu } from "../window-tiny-lfu.ts";

/**
 * W-TinyLFU with a window that grows and shrinks by hill climbing: large for workloads that favour recency, small for
 * workloads that favour frequency. Otherwise the same as `w-tinylfu`.
 *
 * G. Einziger, O. Eytan, R. Friedman, B. Manes, "Adaptive software cache management", Middleware 2018.
 *
 * Choices: those of Caffeine's library as of 8 August 2026 (commit ccef955, 3.2.4 and 250 commits: `WindowClimber`,
 * `FrequencySketch`, `BoundedLocalCache`), as if its buffers were drained after each request. With entries of equal
 * weight every decision is the same (`caffeine.test.ts`), apart from the hash function:
 * - Up to a capacity of 4,096 the window climbs by the hit ratio (`window-search.ts`), above that by the hit
 *   densities of window and main segments (`density-search.ts`). As in Caffeine, the capacity is in units of weight:
 *   a capacity in bytes always uses the densities.
 * - A larger window takes from the protected segment's share, and entries move with the shares, 1,000 at a time.
 * - The sketch is made for at least 256 entries and halved after 10 additions per entry (not rounded up, unlike the
 *   sketch of `w-tinylfu`). Nothing is counted before the cache is half full.
 *
 * `window` is the share to start from.
 */
export const wTinyLfuClimb: PolicyType = {
  name: "w-tinylfu-climb",
  wordsPerSlot: LINK_WORDS,
  sums: WindowTinyLfu.climbingSums,
  parameters: { window: 0.01, protected: 0.8 },
  ranges: { window: { least: 0, most: 1 }, protected: { least: 0, most: 1 } },
  stateWords: (maxEntries) => WindowTinyLfu.words(maxEntries, true),
  create: (memory, parameters) =>
    new WindowTinyLfu(memory, parameters["window"]!, parameters["protected"]!, true),
};
