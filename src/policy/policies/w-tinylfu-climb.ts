import type { PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";
import { WindowTinyLfu } from "../window-tiny-lfu.ts";

/**
 * W-TinyLFU whose window grows and shrinks by hill climbing: large for workloads that favour what is recent, small
 * for those that favour what is frequent. Else as `w-tinylfu`.
 *
 * G. Einziger, O. Eytan, R. Friedman, B. Manes, "Adaptive software cache management", Middleware 2018.
 *
 * Choices, as in Caffeine: a sample is 10 requests for each entry that the cache holds; the first step makes the
 * window smaller by 6.25 % of the capacity, each further one is 2 % shorter, until the hit ratio changes by 5
 * percentage points and they start anew. The window takes from the protected segment's share and gives back to it,
 * and entries move with the shares. Samples end on a miss. `window` is the share to start from.
 */
export const wTinyLfuClimb: PolicyType = {
  name: "w-tinylfu-climb",
  wordsPerSlot: LINK_WORDS,
  sums: WindowTinyLfu.sums,
  parameters: { window: 0.01, protected: 0.8 },
  ranges: { window: { least: 0, most: 1 }, protected: { least: 0, most: 1 } },
  stateWords: (maxEntries) => WindowTinyLfu.words(maxEntries),
  create: (memory, parameters) =>
    new WindowTinyLfu(memory, parameters["window"]!, parameters["protected"]!, true),
};
