import { leaveShard, tryHoldShard } from "./hold.ts";
import { dropHolder } from "./pins.ts";
import type { Shard } from "./shard.ts";

/** Threads that have died and may still hold pins. */
export class DeadThreads {
  #holders: number[] = [];

  add(holder: number): void {
    this.#holders.push(holder);
  }

  /**
   * Lets go of what they were reading and writing little by little. A shard whose lock is held, perhaps by another of
   * the dead, comes next time.
   * @param by which thread does this
   * @returns whether nothing is left for next time
   */
  drop(shards: readonly Shard[], by: number): boolean {
    this.#holders = this.#holders.filter((holder) => {
      let isDone = true;
      for (const shard of shards) {
        if (!tryHoldShard(shard, by)) {
          isDone = false;
          continue;
        }
        dropHolder(shard, holder);
        leaveShard(shard);
      }
      return !isDone;
    });
    return this.#holders.length === 0;
  }
}
