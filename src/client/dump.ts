import { fromUtf8 } from "../lib/bytes.ts";
import type { Channel } from "./channel.ts";
import { ConnectionLostError } from "./errors.ts";

export interface DumpOptions {
  /** What keys and values become: text, read as UTF-8 (the default), or bytes. */
  readonly as?: "text" | "bytes";
  /** How many keys are asked for at once. 256 by default. */
  readonly batch?: number;
  /** Time each step may take; 0 is no bound. The client's by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

type Entry<T> = [key: T, value: T];

/**
 * SCAN and MGET, one batch ahead of the consumer at most: while it takes one batch, nothing else is read. A cursor
 * means nothing on another connection.
 */
export async function* dumpEntries(
  channel: Channel,
  options: DumpOptions,
): AsyncGenerator<Entry<string | Uint8Array>, void, void> {
  const { as = "text", batch = 256, ...callOptions } = options;
  if (!(Number.isSafeInteger(batch) && batch >= 1)) {
    throw new RangeError(`batch: ${batch} is not a whole number from 1`);
  }
  const readOptions = { ...callOptions, as: "bytes" } as const;
  const scan = async (cursor: string): Promise<[string, Uint8Array[]]> => {
    const { reply } = await channel.request(["SCAN", cursor, "COUNT", batch], readOptions);
    const [next, keys] = reply as [Uint8Array, Uint8Array[]];
    return [fromUtf8(next), keys];
  };
  const read = async (keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> => {
    if (keys.length === 0) return [];
    const { reply } = await channel.request(["MGET", ...keys], readOptions);
    return reply as (Uint8Array | null)[];
  };
  let [cursor, keys] = await scan("0");
  const first = channel.connectionCount;
  for (;;) {
    const isLast = cursor === "0";
    // The next keys travel together with the values of these.
    const [values, following] = await Promise.all([read(keys), isLast ? undefined : scan(cursor)]);
    if (channel.connectionCount !== first)
      throw new ConnectionLostError("the connection was lost during the dump");
    for (const [index, key] of keys.entries()) {
      const value = values[index];
      // Gone since the scan, or not a text.
      if (value === null || value === undefined) continue;
      yield as === "bytes" ? [key, value] : [fromUtf8(key), fromUtf8(value)];
    }
    if (following === undefined) return;
    [cursor, keys] = following;
  }
}
