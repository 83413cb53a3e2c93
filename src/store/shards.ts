import type { Control } from "./control.ts";
import type { Epochs } from "./epochs.ts";
import { lock, unlock } from "./lock.ts";
import { continuePolicyChange } from "./policy-change.ts";
import { Removals } from "./removals.ts";
import { refreshPolicy, Shard } from "./shard.ts";
import { unlockShard } from "./shard-lock.ts";
import { LOCK, POLICY_VERSION } from "./shard-memory.ts";
import type { StoreMemory } from "./store-memory.ts";

/** Steps of a policy change that each use of a shard takes while the change lasts. */
const CHANGE_STEPS_PER_LOCK = 16;

/** One thread's view of all shards of a store. Finds the shard of a hash, and takes locks. */
export class Shards {
  readonly control: Control;
  /** This thread's number as a holder of locks. */
  readonly holder: number;
  readonly all: readonly Shard[];
  readonly removals: Removals = new Removals();
  readonly #shift: number;
  readonly #mask: number;

  constructor({ control, shards }: StoreMemory, holder: number) {
    this.control = control;
    this.holder = holder;
    this.all = shards.map((memory) => {
      // Another thread may change the policy meanwhile.
      lock(memory.words, LOCK, holder);
      try {
        return new Shard(memory, control.epochs, control.evicts, this.removals, control.seed);
      } finally {
        unlock(memory.words, LOCK);
      }
    });
    this.#shift = 32 - Math.log2(shards.length);
    this.#mask = shards.length - 1;
  }

  get epochs(): Epochs {
    return this.control.epochs;
  }

  /** Returns the index of a hash's shard. */
  indexOf(hash: number): number {
    return (hash >>> this.#shift) & this.#mask;
  }

  /** Takes the lock of a hash's shard; `unlockShard` releases it. */
  enter(hash: number): Shard {
    // Repeats `lock`: with one call less the runtime compiles the whole hit as one function.
    const shard = this.all[(hash >>> this.#shift) & this.#mask]!;
    const { words } = shard.memory;
    lock(words, LOCK, this.holder);
    if (shard.current.steadyVersion !== words[POLICY_VERSION]) this.#takePart(shard);
    return shard;
  }

  /** Takes a shard's lock, and continues a change of its policy. */
  lock(index: number): Shard {
    const shard = this.all[index]!;
    const { words } = shard.memory;
    lock(words, LOCK, this.holder);
    if (shard.current.steadyVersion !== words[POLICY_VERSION]) this.#takePart(shard);
    return shard;
  }

  #takePart(shard: Shard): void {
    try {
      if (shard.current.version !== shard.memory.words[POLICY_VERSION]) refreshPolicy(shard);
      continuePolicyChange(shard, CHANGE_STEPS_PER_LOCK);
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
      unlockShard(shard);
    }
  }

  /** Acts on one shard after the other, each under its lock. For rare operations. */
  underEachLock(act: (shard: Shard, index: number) => void): void {
    for (let index = 0; index < this.all.length; index++) this.underLock(index, (shard) => act(shard, index));
  }
}
