import { formatSize } from "../lib/quantity.ts";
import { beginChange, checkRoom } from "./policy-change.ts";
import { askedBytes, checkPolicy } from "./shard-policy.ts";
import type { Shards } from "./shards.ts";
import { leastBudgetBytes, shardBytesOf } from "./store-memory.ts";

/** See `Store.setBudget`. */
export function changeBudget(shards: Shards, budgetBytes: number): void {
  const { control } = shards;
  const { mostBudgetBytes, shardCount } = control;
  if (budgetBytes > mostBudgetBytes) {
    throw new RangeError(
      `${formatSize(budgetBytes)} is more than the ${formatSize(mostBudgetBytes)} that were reserved at the start`,
    );
  }
  const leastBytes = leastBudgetBytes(shardCount);
  if (!(budgetBytes >= leastBytes)) {
    throw new RangeError(
      `${formatSize(budgetBytes)} is too little for ${shardCount} shards: the least is ${formatSize(leastBytes)}`,
    );
  }
  const shardBytes = shardBytesOf(control, budgetBytes);
  shards.underLock(0, ({ memory, current }) => checkPolicy(memory, current.choice, shardBytes));
  if (!control.evicts) {
    shards.underEachLock((shard) => checkRoom(shard, shard.current.choice, shardBytes));
  }
  control.budgetBytes = budgetBytes;
  shards.underEachLock((shard) => {
    // Read again under the lock: if two threads set the budget at once, the last one's holds in every shard.
    const bytes = shardBytesOf(control, control.budgetBytes);
    if (askedBytes(shard.memory) !== bytes) beginChange(shard, shard.current.choice, bytes);
  });
}
