import { fromUtf8 } from "../lib/bytes.ts";
import { ConnectionLostError } from "./errors.ts";
import type { ReconnectingLink } from "./reconnecting-link.ts";

export interface DumpOptions {
  /** The type of keys and values: text, decoded as UTF-8 (the default), or bytes. */
  readonly as?: "text" | "bytes";
  /** Number of keys per step. 256 by default. */
  readonly batch?: number;
  /** Time limit of each step; 0: no limit. The client's by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

type Entry<T> = [key: T, value: T];

/**
 * Uses SCAN and MGET. It is at most one batch ahead of the consumer: while the consumer takes one batch, nothing else
 * is read. A cursor is valid only on its own connection.
 */
export async function* dumpEntries(
  link: ReconnectingLink,
  options: DumpOptions,
): AsyncGenerator<Entry<string | Uint8Array>, void, void> {
  const { as = "text", batch = 256, ...callOptions } = options;
  if (!(Number.isSafeInteger(batch) && batch >= 1)) {
    throw new RangeError(`batch: ${batch} is not a whole number from 1`);
  }
  const readOptions = { ...callOptions, as: "bytes" } as const;
  const scan = async (cursor: string): Promise<[string, Uint8Array[]]> => {
    const { reply } = await link.request(["SCAN", cursor, "COUNT", batch], readOptions);
    const [next, keys] = reply as [Uint8Array, Uint8Array[]];
    return [fromUtf8(next), keys];
  };
  const read = async (keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> => {
    if (keys.length === 0) return [];
    const { reply } = await link.request(["MGET", ...keys], readOptions);
    return reply as (Uint8Array | null)[];
  };
  let [cursor, keys] = await scan("0");
  const first = link.connectionCount;
  for (;;) {
    const isLast = cursor === "0";
    // The next keys are read together with the values of these.
    const [values, following] = await Promise.all([read(keys), isLast ? undefined : scan(cursor)]);
    if (link.connectionCount !== first)
      throw new ConnectionLostError("the connection was lost during the dump");
    for (const [index, key] of keys.entries()) {
      const value = values[index];
      // Removed since the scan, or not a string.
      if (value === null || value === undefined) continue;
      yield as === "bytes" ? [key, value] : [fromUtf8(key), fromUtf8(value)];
    }
    if (following === undefined) return;
    [cursor, keys] = following;
  }
}
