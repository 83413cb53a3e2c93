import { lock, tryLock, unlock } from "./lock.ts";
import { refreshPolicy, type Shard } from "./shard.ts";
import { LOCK, POLICY_VERSION } from "./shard-memory.ts";

/** Takes a shard's lock. @param holder the thread that takes it */
export function lockShard(shard: Shard, holder: number): void {
  const { words } = shard.memory;
  lock(words, LOCK, holder);
  if (shard.current.version !== words[POLICY_VERSION]) refresh(shard);
}

/** Takes the lock, unless it has been held for too long. @returns whether it was taken */
export function tryLockShard(shard: Shard, holder: number): boolean {
  const { words } = shard.memory;
  if (!tryLock(words, LOCK, holder)) return false;
  if (shard.current.version !== words[POLICY_VERSION]) refresh(shard);
  return true;
}

/** Releases the lock, then reports the entries that were evicted or expired meanwhile. */
export function unlockShard(shard: Shard): void {
  unlock(shard.memory.words, LOCK);
  if (shard.removals.pending) shard.removals.deliver();
}

/** Notices a policy change that another thread has begun. */
function refresh(shard: Shard): void {
  try {
    refreshPolicy(shard);
  } catch (error) {
    unlock(shard.memory.words, LOCK);
    throw error;
  }
}
