import { dropHolder } from "./pins.ts";
import { clearShard, type Shard } from "./shard.ts";
import { tryLockShard, unlockShard } from "./shard-lock.ts";

/** Work on a shard that waits for its lock. */
interface Chore {
  readonly shards: Set<Shard>;
  readonly act: (shard: Shard) => void;
}

/** The cleaning up after dead threads. A dead thread's lock may be held for ever, so nothing here waits for one. */
export class DeadThreads {
  #chores: Chore[] = [];

  /** Schedules the unpinning of everything that this thread had pinned. */
  add(holder: number, shards: readonly Shard[]): void {
    this.#chores.push({ shards: new Set(shards), act: (shard) => dropHolder(shard, holder) });
  }

  /** Schedules the removal of everything. */
  clear(shards: readonly Shard[]): void {
    this.#chores.push({ shards: new Set(shards), act: clearShard });
  }

  /**
   * Does the scheduled work. Work on a shard whose lock is held, perhaps by another dead thread, stays scheduled.
   * @param by the thread that does the work
   * @returns whether all work is done
   */
  finish(by: number): boolean {
    for (const { shards, act } of this.#chores) {
      for (const shard of shards) {
        if (!tryLockShard(shard, by)) continue;
        act(shard);
        unlockShard(shard);
        shards.delete(shard);
      }
    }
    this.#chores = this.#chores.filter(({ shards }) => shards.size > 0);
    return this.#chores.length === 0;
  }
}
