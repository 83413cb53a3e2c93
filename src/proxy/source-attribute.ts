import type { Source } from "../coherence/waiter.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";

/**
 * Writes the attribute that a RESP3 client with GLASS.SOURCE ON gets in front of each cached read's reply: three
 * pairs. Both times are in milliseconds; a time to live of -1 means none.
 */
export function writeSource(reply: ReplyWriter, source: Source, ageMs: number, remainingMs: number): void {
  reply.attribute(3);
  reply.bulkText("source");
  reply.bulkText(source);
  reply.bulkText("age-ms");
  reply.integer(ageMs);
  reply.bulkText("ttl-ms");
  reply.integer(remainingMs);
}
