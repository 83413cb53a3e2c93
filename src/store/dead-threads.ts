import { leaveShard, tryHoldShard } from "./hold.ts";
import { dropHolder } from "./pins.ts";
import { clearShard, type Shard } from "./shard.ts";

/** What is to be done with a shard as soon as its lock can be had. */
interface Chore {
  readonly shards: Set<Shard>;
  readonly act: (shard: Shard) => void;
}

/** What threads that have died leave to be done. Their locks may be held for ever, so nothing here waits for one. */
export class DeadThreads {
  #chores: Chore[] = [];

  /** Lets go of what this thread was reading and writing little by little. */
  add(holder: number, shards: readonly Shard[]): void {
    this.#chores.push({ shards: new Set(shards), act: (shard) => dropHolder(shard, holder) });
  }

  /** Removes everything. */
  clear(shards: readonly Shard[]): void {
    this.#chores.push({ shards: new Set(shards), act: clearShard });
  }

  /**
   * Does what is left. A shard whose lock is held, perhaps by another of the dead, comes next time.
   * @param by which thread does this
   * @returns whether nothing is left for next time
   */
  finish(by: number): boolean {
    for (const { shards, act } of this.#chores) {
      for (const shard of shards) {
        if (!tryHoldShard(shard, by)) continue;
        act(shard);
        leaveShard(shard);
        shards.delete(shard);
      }
    }
    this.#chores = this.#chores.filter(({ shards }) => shards.size > 0);
    return this.#chores.length === 0;
  }
}
