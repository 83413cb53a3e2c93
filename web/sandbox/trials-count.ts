/**
 * Small random workloads, which find what the requests of the page need not find: entries that are deleted, misses
 * that are not filled, weights that change. As the suite of all policies does, they drive a policy through all that
 * can happen, drain it at the end, and do it again to see whether it decides the same. The first ones are the
 * smallest, so that what they find can be told in a line.
 */
export const TRIALS = 80;
