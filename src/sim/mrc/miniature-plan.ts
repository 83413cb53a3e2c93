import type { PolicyChoice } from "../../policy/registry.ts";
import type { WordStorage } from "../../replay/next-access.ts";
import type { RecordSource } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import type { ResolvedSize } from "../cache-size.ts";
import type { Pass } from "../pass.ts";
import type { TraceExtent } from "./exact-lru.ts";

/** What is to be simulated in miniature. */
export interface MiniaturePlan {
  readonly source: RecordSource;
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  readonly warmupRecords: number;
  /** What share of the keys is looked at, at least. */
  readonly rate: number;
  readonly seed: number;
  /** What is known of the whole trace. */
  readonly extent: TraceExtent;
  readonly jobs: readonly MiniatureJob[];
  /** Where it is kept when each object is asked for next. */
  openWords(): WordStorage;
  readonly progress: ((pass: Pass, done: number) => void) | undefined;
}

/** A cache to be estimated. */
export interface MiniatureJob {
  readonly policy: PolicyChoice;
  readonly size: Pick<ResolvedSize, "capacity" | "unit">;
}
