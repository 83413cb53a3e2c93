import type { HashKey } from "./sip-hash.ts";

/**
 * Draws a new secret from the runtime's cryptographic generator, because the numbers of `lib/random.ts` are
 * predictable.
 */
export function drawHashKey(): HashKey {
  const halves = crypto.getRandomValues(new Uint32Array(2));
  return { low: halves[0]!, high: halves[1]! };
}
