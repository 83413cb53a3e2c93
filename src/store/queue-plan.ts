import type { PolicyQueue } from "../policy/policy-queue.ts";
import type { Shard } from "./shard.ts";

/** What of a shard's queues is read. */
export interface QueuePlan {
  /** The most members to walk by, of all queues together. */
  readonly visits: number;
  /** How many of those next to leave are told of each queue, in any case. */
  readonly nearest: number;
  /** Returns the position of a hash in samples. */
  positionOf(hash: number): number;
  /** Returns the bound below which the positions of the members told lie, of those that were walked by. */
  boundFor(kind: PolicyQueue["kind"], walked: number): number;
}

/** Acts under the shard's lock. @returns undefined if the policy was changed */
export type UnderLock = <Result>(act: (shard: Shard) => Result) => Result | undefined;
