/** Longer than anything takes on a machine that is overloaded, and shorter than the time-out of a test. */
const PATIENCE_MS = 60_000;

/**
 * Asks again and again until something holds.
 * @param what is awaited, as it is told at the end
 * @throws Error that says what was awaited, when it takes too long
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string) = String(condition),
): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`waited ${PATIENCE_MS / 1000} s until ${typeof what === "string" ? what : what()}`);
    }
    await Bun.sleep(1);
  }
}

/**
 * The same promise. Standard error tells what it is when it takes so long that the test is going to fail.
 * @param what undefined where something else is to be told of instead
 */
export function awaited<T>(promise: Promise<T>, what: () => string | undefined): Promise<T> {
  const timer = setTimeout(() => {
    const text = what();
    if (text !== undefined) console.error(`waiting for ${PATIENCE_MS / 1000} s: ${text}`);
  }, PATIENCE_MS);
  timer.unref();
  const stop = () => clearTimeout(timer);
  promise.then(stop, stop);
  return promise;
}
