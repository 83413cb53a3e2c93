import { randomFillSync } from "node:crypto";
import type { HashKey } from "./sip-hash.ts";

/** A new secret, drawn from the operating system's random numbers: those of `lib/random.ts` can be predicted. */
export function drawHashKey(): HashKey {
  const [low, high] = randomFillSync(new Uint32Array(2)) as unknown as [number, number];
  return { low, high };
}
