import { GREEDY_DUAL_SUMS, GREEDY_DUAL_WORDS, GreedyDual } from "../greedy-dual.ts";
import type { PolicyType } from "../policy.ts";
import { PriorityHeap } from "../priority-heap.ts";

/**
 * LFU-DA, least frequently used with dynamic aging: the priority of an entry is its number of requests plus the
 * priority of the last victim at the time of the calculation.
 *
 * M. Arlitt, L. Cherkasova, J. Dilley, R. Friedrich, T. Jin, "Evaluating content management techniques for web proxy
 * caches", ACM SIGMETRICS Performance Evaluation Review 27(4), 2000.
 */
export const lfuDa: PolicyType = {
  name: "lfu-da",
  wordsPerSlot: GREEDY_DUAL_WORDS,
  sums: GREEDY_DUAL_SUMS,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries) => PriorityHeap.words(maxEntries),
  create: (memory) => new GreedyDual(memory, false),
};
