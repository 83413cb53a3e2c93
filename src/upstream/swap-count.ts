import { latin1 } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { ARRAY, MAP } from "../protocol/reply-types.ts";

/**
 * SWAPDB changes every key of two databases, and Redis sends no invalidation for it. But Redis counts the executions
 * of each command, even in scripts and transactions, and this command returns the count (Redis 7, Valkey; while
 * `latency-tracking` is on, as it is by default).
 */
export const COUNT_SWAPS: readonly string[] = ["LATENCY", "HISTOGRAM", "swapdb"];

/** Reads the answer. @returns undefined if the origin does not count, or does not tell */
export function readSwapCount(bytes: Uint8Array, reader: ReplyReader): number | undefined {
  if (reader.type !== MAP && reader.type !== ARRAY) return undefined;
  // Before the first SWAPDB the answer is empty.
  if (reader.count === 0) return 0;
  const calls = /calls\r\n:([0-9]+)\r\n/.exec(latin1(bytes, reader.valueStart, reader.valueEnd))?.[1];
  return calls === undefined ? undefined : Number(calls);
}
