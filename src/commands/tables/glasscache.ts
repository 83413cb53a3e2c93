import type { FactsRow } from "../facts.ts";

/** The proxy's own. They are never passed on, and read nothing of the origin. */
export const GLASSCACHE_FACTS: readonly FactsRow[] = [
  ["glass.explain", 2, "readonly fast", "", "map", "0.1.0"],
  ["glass.health", 1, "fast", "", "status", "0.1.0"],
  ["glass.source", 2, "fast", "", "status", "0.1.0"],
];
