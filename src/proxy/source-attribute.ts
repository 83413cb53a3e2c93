import type { Source } from "../coherence/waiter.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";

/**
 * What a RESP3 client that has sent GLASS.SOURCE ON sees before each cached read's reply: an attribute of three
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
