import type { PageName } from "../admin/page.ts";
import { SCANNED, WRITTEN_PAST } from "./demo-keys.ts";

type PhaseName = "warm-up" | "scan" | "move" | "herd" | "writes";

export interface DemoPhase {
  readonly name: PhaseName;
  readonly title: string;
  /** What the load does. */
  readonly what: string;
  /** What to look for in the dashboard, a line for each of its views. */
  readonly look: readonly string[];
  /** The page of the lesson that explains it. */
  readonly lesson: PageName;
  /** The mark in the history. */
  readonly mark: string;
}

/** The phases of the load, in their order; then they come round again. */
export const PHASES: readonly DemoPhase[] = [
  {
    name: "warm-up",
    title: "Warm-up",
    what: "the cache is empty, and keeps what the clients read.",
    look: [
      "Now: the hit ratio climbs.",
      "What if: caches of other sizes and policies, simulated on these reads.",
    ],
    lesson: "lesson-cold-start",
    mark: "demo: usual reads",
  },
  {
    name: "scan",
    title: "A scan",
    what: `${SCANNED.count.toLocaleString("en")} products, each read once, beside the usual reads.`,
    look: [
      "Now: misses rise, and fall when it ends.",
      "Inside: strangers pass through the small queue; the main queue stays.",
    ],
    lesson: "lesson-scan",
    mark: `demo: a scan of ${SCANNED.count.toLocaleString("en")} products`,
  },
  {
    name: "move",
    title: "Popularity moves",
    what: "other keys are the popular ones from now on.",
    look: ["Now: the hit ratio falls, then climbs as they come in.", "Keys: new hot keys."],
    lesson: "lesson-popularity",
    mark: "demo: other keys become popular",
  },
  {
    name: "herd",
    title: "A herd",
    what: "a popular page is written, and all clients ask for it at once, again and again.",
    look: ["Now: one request reaches the origin, the others wait for its answer (coalesced)."],
    lesson: "lesson-cold-key",
    mark: "demo: herds on one cold key",
  },
  {
    name: "writes",
    title: "Writes past the proxy",
    what: `${WRITTEN_PAST.name} change at the server, which tells the proxy at once.`,
    look: ["Coherence: pushes.", `Keys: the story of ${WRITTEN_PAST.key(1)}.`],
    lesson: "lesson-write-race",
    mark: "demo: writes past the proxy",
  },
];
