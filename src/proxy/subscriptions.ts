import { parseDecimal } from "../lib/bytes.ts";
import type { ClientFacts } from "../net/client-facts.ts";

/**
 * Counts a client's subscriptions by the origin's confirmations, such as `subscribe channel 3`. The number is that of
 * channels and patterns together, or that of shard channels.
 */
export function countSubscriptions(client: ClientFacts, bytes: Uint8Array, start: number, end: number): void {
  // `*3` or `>3`, then the length of the kind: 9 to 12 for confirmations, 7 and 8 for published messages.
  const isConfirmation =
    bytes[start + 1] === DIGIT_3 && (bytes[start + 5] === DIGIT_9 || bytes[start + 5] === DIGIT_1);
  if (!isConfirmation) return;
  const kind = kindOf(bytes, start + 4, end);
  if (kind === undefined) return;
  const colon = bytes.lastIndexOf(COLON, end - 1);
  const count = parseDecimal(bytes, colon + 1, end - 2);
  if (count === undefined) return;
  if (kind === "ssubscribe" || kind === "sunsubscribe") client.shardChannels = count;
  else if (kind === "psubscribe" || kind === "punsubscribe")
    client.patterns = Math.max(0, count - client.channels);
  else if (kind === "subscribe" || kind === "unsubscribe")
    client.channels = Math.max(0, count - client.patterns);
}

const DIGIT_1 = 0x31;
const DIGIT_3 = 0x33;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const DOLLAR = 0x24;
const CR = 0x0d;

/** Returns the byte string at an offset, with which a message begins. */
function kindOf(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (bytes[at] !== DOLLAR) return undefined;
  const lineEnd = bytes.indexOf(CR, at);
  const length = lineEnd < 0 ? undefined : parseDecimal(bytes, at + 1, lineEnd);
  if (length === undefined || lineEnd + 2 + length > end) return undefined;
  return Buffer.from(bytes.subarray(lineEnd + 2, lineEnd + 2 + length)).toString("latin1");
}
