import type { DemoPhase } from "./demo-phases.ts";

/** Replies that the demo's clients have seen, by source. */
export interface LoadCounts {
  hits: number;
  misses: number;
  failures: number;
}

export interface LoadPhase extends Pick<DemoPhase, "name" | "mark"> {
  /** Infinity: as many as the clients can make. */
  readonly readsPerSecond: number;
  readonly durationMs: number;
}

/** Messages to the load's thread. */
export type ToLoad = "fill" | { readonly proxyPort: number } | LoadPhase;

/** Messages from the load's thread. */
export interface FromLoad {
  /** Keys written so far. */
  readonly written?: number;
  readonly filled?: true;
  /** The address of a connection to the proxy. */
  readonly address?: string;
  /** The address of a connection to the server. */
  readonly serverAddress?: string;
  readonly connected?: true;
  readonly counts?: Readonly<LoadCounts>;
  readonly failure?: string;
}
