import { mix32 } from "../../src/lib/hash.ts";
import { NumberedBatch } from "../../src/replay/numbered-batch.ts";
import { DELETE, EXPIRE } from "../../src/replay/records.ts";
import type { Conditions } from "./conditions.ts";
import type { Requests } from "./requests.ts";

/** Returns when a request comes, in milliseconds after the first one. */
export function clockMs({ batch, hasTimes }: Requests, { rate }: Conditions, index: number): number {
  return hasTimes ? batch.timeMs[index]! : (index * 1000) / rate;
}

/**
 * Returns the requests with the times and times to live that these conditions give them. Each request's share of
 * jitter follows from its number, so all caches and all steps back see the same.
 */
export function timed(requests: Requests, conditions: Conditions): Requests {
  const { batch, hasTimes, count } = requests;
  const { ttlMs, jitter, rate } = conditions;
  // Without a time to live nobody looks at the clock.
  if (ttlMs === 0 && (!batch.hasOperations || hasTimes)) return requests;
  const times = hasTimes ? batch.timeMs : Float64Array.from({ length: count }, (_, i) => (i * 1000) / rate);
  const lives = batch.hasOperations ? batch.ttlMs.slice(0, count) : new Float64Array(count);
  for (let i = 0; ttlMs > 0 && i < count; i++) {
    const kind = batch.hasOperations ? batch.operation[i] : 0;
    if (lives[i] === 0 && kind !== DELETE && kind !== EXPIRE) {
      lives[i] = Math.max(1, ttlMs * (1 - jitter * chance(JITTER, i)));
    }
  }
  const own = { timeMs: times, ttlMs: lives, hasOperations: true };
  return { ...requests, batch: Object.assign(new NumberedBatch(0), batch, own) };
}

const JITTER = 0x6a177e12;

/** A number from 0 to below 1 that follows from a request's number. */
export function chance(seed: number, index: number): number {
  return mix32(mix32(index + 1) ^ seed) / 2 ** 32;
}
