import type { Reading } from "../live/sections.ts";

interface ViewName {
  /** The anchor. */
  readonly id: string;
  readonly title: string;
  /** Which services have it. */
  readonly services: readonly Reading["service"][];
}

/** The page's parts, in their order. */
export const VIEWS: readonly ViewName[] = [
  { id: "now", title: "Now", services: ["proxy", "server"] },
  { id: "what-if", title: "What if", services: ["proxy"] },
  { id: "inside", title: "Inside", services: ["proxy"] },
  { id: "keys", title: "Keys", services: ["proxy"] },
  { id: "time", title: "Time", services: ["proxy", "server"] },
  { id: "coherence", title: "Coherence", services: ["proxy"] },
];
