/**
 * A mutex in one word of shared memory (after U. Drepper, "Futexes Are Tricky", 2011). An uncontended lock or unlock
 * is one atomic instruction, and an unlock wakes a thread only if one may be waiting. Not reentrant. The word names
 * the holder, so that the locks of a dead thread can be found.
 */
const FREE = 0;
/** The lowest bit: a thread may be waiting. The bits above it are the holder. */
const CONTENDED = 1;

/** Tries before a thread sleeps, lasting about as long as a typical critical section. */
const SPIN_LIMIT = 200;
/** Tries before a lock counts as held for too long. */
const PATIENCE = 100_000;

/**
 * Takes the lock at `words[at]`, waiting as long as necessary.
 * @param holder the thread that takes it, a whole number from 1 to 2^30
 */
export function lock(words: Int32Array, at: number, holder: number): void {
  if (Atomics.compareExchange(words, at, FREE, holder << 1) !== FREE) lockContended(words, at, holder);
}

/** Takes the lock, unless another thread holds it unusually long (it may be dead). @returns whether it was taken */
export function tryLock(words: Int32Array, at: number, holder: number): boolean {
  for (let tries = 0; tries < PATIENCE; tries++) {
    if (Atomics.compareExchange(words, at, FREE, holder << 1) === FREE) return true;
  }
  return false;
}

/** Releases the lock. Only its holder may call this. */
export function unlock(words: Int32Array, at: number): void {
  if ((Atomics.exchange(words, at, FREE) & CONTENDED) !== 0) Atomics.notify(words, at, 1);
}

/** Returns the present holder of the lock; 0: none. */
export function holderOf(words: Int32Array, at: number): number {
  return Atomics.load(words, at) >> 1;
}

function lockContended(words: Int32Array, at: number, holder: number): void {
  const taken = holder << 1;
  for (let tries = 0; tries < SPIN_LIMIT; tries++) {
    if (Atomics.load(words, at) === FREE && Atomics.compareExchange(words, at, FREE, taken) === FREE) return;
  }
  // From here on this thread marks the lock as contended: it cannot know whether others wait as well.
  for (;;) {
    const now = Atomics.load(words, at);
    if (now === FREE) {
      if (Atomics.compareExchange(words, at, FREE, taken | CONTENDED) === FREE) return;
    } else if ((now & CONTENDED) !== 0 || Atomics.compareExchange(words, at, now, now | CONTENDED) === now) {
      Atomics.wait(words, at, now | CONTENDED);
    }
  }
}
