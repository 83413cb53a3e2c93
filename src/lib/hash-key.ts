import type { HashKey } from "./sip-hash.ts";

/** A new secret, from the runtime's cryptographic generator: what `lib/random.ts` draws can be predicted. */
export function drawHashKey(): HashKey {
  const halves = crypto.getRandomValues(new Uint32Array(2));
  return { low: halves[0]!, high: halves[1]! };
}
