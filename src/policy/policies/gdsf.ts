import { GREEDY_DUAL_SUMS, GREEDY_DUAL_WORDS, GreedyDual } from "../greedy-dual.ts";
import type { PolicyType } from "../policy.ts";
import { PriorityHeap } from "../priority-heap.ts";

/**
 * GDSF, greedy dual size frequency: the priority of an entry is its number of requests divided by its weight, plus
 * the priority of the last victim at the time of the calculation. Small popular entries stay longest.
 *
 * L. Cherkasova, "Improving WWW proxies performance with greedy-dual-size-frequency caching policy", HP Laboratories
 * Technical Report HPL-98-69R1, 1998.
 *
 * Choice: every miss costs the same, so the policy aims at the most hits, not at the most bytes hit.
 */
export const gdsf: PolicyType = {
  name: "gdsf",
  wordsPerSlot: GREEDY_DUAL_WORDS,
  sums: GREEDY_DUAL_SUMS,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries) => PriorityHeap.words(maxEntries),
  create: (memory) => new GreedyDual(memory, true),
};
