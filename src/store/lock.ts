/**
 * A mutual exclusion lock in one word of shared memory (after U. Drepper, "Futexes Are Tricky", 2011): an
 * uncontended lock and unlock are one atomic instruction each, and only an unlock that somebody may wait for wakes
 * anybody. Not reentrant. The word tells who holds the lock, so that the locks of a thread that died can be found.
 */
const FREE = 0;
/** The lowest bit: somebody may be waiting. The bits above are the holder. */
const CONTENDED = 1;

/** Tries before a thread goes to sleep: about as long as the longest usual critical section takes. */
const SPIN_LIMIT = 200;
/** Tries before a lock counts as held for long. */
const PATIENCE = 100_000;

/**
 * Takes the lock at `words[at]`; waits as long as it takes.
 * @param holder who takes it, a whole number from 1 to 2^30
 */
export function lock(words: Int32Array, at: number, holder: number): void {
  if (Atomics.compareExchange(words, at, FREE, holder << 1) !== FREE) lockContended(words, at, holder);
}

/** Takes the lock unless it is held for longer than usual, as by a thread that has died. @returns whether it was taken */
export function tryLock(words: Int32Array, at: number, holder: number): boolean {
  for (let tries = 0; tries < PATIENCE; tries++) {
    if (Atomics.compareExchange(words, at, FREE, holder << 1) === FREE) return true;
  }
  return false;
}

/** Gives the lock back. Only for the thread that holds it. */
export function unlock(words: Int32Array, at: number): void {
  if ((Atomics.exchange(words, at, FREE) & CONTENDED) !== 0) Atomics.notify(words, at, 1);
}

/** Who holds the lock at the moment; 0: nobody. */
export function holderOf(words: Int32Array, at: number): number {
  return Atomics.load(words, at) >> 1;
}

function lockContended(words: Int32Array, at: number, holder: number): void {
  const taken = holder << 1;
  for (let tries = 0; tries < SPIN_LIMIT; tries++) {
    if (Atomics.load(words, at) === FREE && Atomics.compareExchange(words, at, FREE, taken) === FREE) return;
  }
  // From here on the lock is taken as contended: this thread cannot know whether others wait as well.
  for (;;) {
    const now = Atomics.load(words, at);
    if (now === FREE) {
      if (Atomics.compareExchange(words, at, FREE, taken | CONTENDED) === FREE) return;
    } else if ((now & CONTENDED) !== 0 || Atomics.compareExchange(words, at, now, now | CONTENDED) === now) {
      Atomics.wait(words, at, now | CONTENDED);
    }
  }
}
