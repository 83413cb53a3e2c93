/** What each draw adds to a generator's state. */
export const DRAW_STEP = 0x6d2b_79f5;

/**
 * Draws from a seeded generator whose state is one word, zero at first. Gives the sequence of `SeededRandom(seed)`
 * (lib/random.ts; Mulberry32), with its state in memory that several threads can share.
 * @returns a whole number from 0 to `bound` − 1
 */
export function drawBelow(bound: number, seed: number, state: Int32Array, at: number): number {
  const step = (state[at]! + DRAW_STEP) | 0;
  state[at] = step;
  return drawAt(bound, seed, step);
}

/**
 * The same for callers that draw often and keep the state in a variable meanwhile.
 * @param step the state, to which `DRAW_STEP` has been added already
 */
export function drawAt(bound: number, seed: number, step: number): number {
  const mixed = (seed + step) | 0;
  let t = Math.imul(mixed ^ (mixed >>> 15), 1 | mixed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * bound);
}
