/**
 * A mutual exclusion lock in one word of shared memory, of three states (U. Drepper, "Futexes Are Tricky", 2011):
 * an uncontended lock and unlock are one atomic instruction each, and only an unlock that somebody may wait for
 * wakes anybody. Not reentrant.
 */
const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** Tries before a thread goes to sleep: about as long as the longest usual critical section takes. */
const SPIN_LIMIT = 200;

/** Takes the lock at `words[at]`; waits as long as it takes. */
export function lock(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, FREE, HELD) !== FREE) lockContended(words, at);
}

/** Gives the lock back. Only for the thread that holds it. */
export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, FREE) === CONTENDED) Atomics.notify(words, at, 1);
}

function lockContended(words: Int32Array, at: number): void {
  for (let tries = 0; tries < SPIN_LIMIT; tries++) {
    if (Atomics.load(words, at) === FREE && Atomics.compareExchange(words, at, FREE, HELD) === FREE) return;
  }
  // From here on the lock is taken as contended: this thread cannot know whether others wait as well.
  while (Atomics.exchange(words, at, CONTENDED) !== FREE) Atomics.wait(words, at, CONTENDED);
}
