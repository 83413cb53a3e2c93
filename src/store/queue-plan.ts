import type { Shard } from "./shard.ts";

/** What of a shard's queues is read. */
export interface QueuePlan {
  /** The most members to walk by, of all queues together. */
  readonly visits: number;

/** Acts under the shard's lock. @returns undefined if the policy was changed */
export type UnderLock = <Result>(act: (shard: Shard) => Result) => Result | undefined;
