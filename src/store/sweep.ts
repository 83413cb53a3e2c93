import { sweepShard } from "./bucket-walk.ts";
import { SWEEP_SHARD } from "./control.ts";
import { BUCKETS_PER_LOCK } from "./key-scan.ts";
import { continuePolicyChange } from "./policy-change.ts";
import { unlockShard } from "./shard-lock.ts";
import type { Shards } from "./shards.ts";

/** See `Store.sweep`. */
export function sweepShards(shards: Shards, nowMs: number, maxSteps: number): number {
  const { words } = shards.control;
  const mask = shards.all.length - 1;
  const progress = { removed: 0, steps: maxSteps };
  for (let left = shards.all.length; left > 0 && progress.steps > 0; left--) {
    const index = Atomics.load(words, SWEEP_SHARD) & mask;
    let isDone = false;
    while (!isDone && progress.steps > 0) {
      const shard = shards.lock(index);
      try {
        const stepsLeft = continuePolicyChange(shard, BUCKETS_PER_LOCK);
        progress.steps -= BUCKETS_PER_LOCK - stepsLeft;
        isDone = sweepShard(shard, nowMs, stepsLeft, progress) && stepsLeft > 0;
      } finally {
        unlockShard(shard);
      }
    }
    if (isDone) Atomics.compareExchange(words, SWEEP_SHARD, index, (index + 1) & mask);
  }
  return progress.removed;
}
