import type { PolicyChoice } from "../../policy/registry.ts";
import type { WordStorage } from "../../replay/next-access.ts";
import type { RecordSource } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import type { ResolvedSize } from "../cache-size.ts";
import type { Pass } from "../pass.ts";
import type { TraceExtent } from "./exact-lru.ts";

/** Which caches to simulate in miniature, over which trace. */
export interface MiniaturePlan {
  readonly source: RecordSource;
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  readonly warmupRecords: number;
  /** The least share of the keys to sample. */
  readonly rate: number;
  readonly seed: number;
  /** The extent of the whole trace. */
  readonly extent: TraceExtent;
  readonly jobs: readonly MiniatureJob[];
  /** Opens a storage for the next access to each object. */
  openWords(): WordStorage;
  readonly progress: ((pass: Pass, done: number) => void) | undefined;
}

/** A cache to estimate. */
export interface MiniatureJob {
  readonly policy: PolicyChoice;
  readonly size: Pick<ResolvedSize, "capacity" | "unit">;
}
