import { type Control, EPOCH } from "./control.ts";
import { Departures } from "./departures.ts";
import { leaveShard } from "./hold.ts";
import { lock, unlock } from "./lock.ts";
import { continuePolicyChange } from "./policy-change.ts";
import { Shard, seatAgain } from "./shard.ts";
import { LOCK, POLICY_VERSION } from "./shard-memory.ts";
import type { StoreMemory } from "./store-memory.ts";

/** Steps of a policy change that every use of a shard takes, as long as it lasts. */
const CHANGE_STEPS_PER_HOLD = 16;

/** One thread's hold on all shards of a store: which one a hash belongs to, and their locks. */
export class Shards {
  readonly control: Control;
  /** This thread's number, as which it takes locks. */
  readonly holder: number;
  readonly all: readonly Shard[];
  readonly departures: Departures = new Departures();
  readonly #shift: number;
  readonly #mask: number;

  constructor({ control, shards }: StoreMemory, holder: number) {
    this.control = control;
    this.holder = holder;
    this.all = shards.map((memory) => {
      // The policy may be changed by another thread meanwhile.
      lock(memory.words, LOCK, holder);
      try {
        return new Shard(memory, control.evicts, this.departures, control.seed);
      } finally {
        unlock(memory.words, LOCK);
      }
    });
    this.#shift = 32 - Math.log2(shards.length);
    this.#mask = shards.length - 1;
  }

  get epoch(): number {
    return Atomics.load(this.control.words, EPOCH);
  }

  /** Which shard a hash belongs to. */
  indexOf(hash: number): number {
    return (hash >>> this.#shift) & this.#mask;
  }

  /** Takes the lock of a hash's shard; `leaveShard` gives it back. */
  enter(hash: number): Shard {
    // As `lock` does: a call less deep, the runtime compiles all of a hit as one.
    const shard = this.all[(hash >>> this.#shift) & this.#mask]!;
    const { words } = shard.memory;
    lock(words, LOCK, this.holder);
    if (shard.seated.settledVersion !== words[POLICY_VERSION]) this.#takePart(shard);
    return shard;
  }

  /** Takes a shard's lock, and takes part in a change of its policy. */
  lock(index: number): Shard {
    const shard = this.all[index]!;
    const { words } = shard.memory;
    lock(words, LOCK, this.holder);
    if (shard.seated.settledVersion !== words[POLICY_VERSION]) this.#takePart(shard);
    return shard;
  }

  #takePart(shard: Shard): void {
    try {
      if (shard.seated.version !== shard.memory.words[POLICY_VERSION]) seatAgain(shard);
      continuePolicyChange(shard, this.epoch, CHANGE_STEPS_PER_HOLD);
    } catch (error) {
      unlock(shard.memory.words, LOCK);
      throw error;
    }
  }

  underLock<Result>(index: number, act: (shard: Shard) => Result): Result {
    const shard = this.lock(index);
    try {
      return act(shard);
    } finally {
      leaveShard(shard);
    }
  }

  /** For what is not done often: one shard after the other. */
  underEachLock(act: (shard: Shard, index: number) => void): void {
    for (let index = 0; index < this.all.length; index++) this.underLock(index, (shard) => act(shard, index));
  }
}
