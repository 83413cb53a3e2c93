import type { Source } from "../coherence/waiter.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";
import type { ProxyContext } from "./context.ts";
import { OneValue } from "./one-value.ts";
import { GET_QUESTION } from "./question.ts";

/** A GLASS.GET that waits for the origin: like GET, but the reply itself says where the value came from. */
export class DescribedValue extends OneValue {
  protected override announce(reply: ReplyWriter, source: Source, remainingMs: number): void {
    writeDescription(reply, source, 0, remainingMs);
  }

  protected override writeMissing(reply: ReplyWriter): void {
    // PTTL's reply for a missing key.
    writeDescription(reply, "none", 0, -2);
    reply.null();
  }
}

export const NOT_THROUGH_CACHE =
  "ERR GLASS.GET reads through the cache, but this client has a connection of its own to the origin " +
  "(another database, WATCH, a subscription); send GET";

/** Answers from the cache. @returns false if the value is not cached, or not proven */
export function describedHit(session: ProxyContext, key: KeyRef, reply: ReplyWriter): boolean {
  const { readThrough } = session.proxy;
  const nowMs = session.connection.executingSinceMs;
  const times = readThrough.peek(key, GET_QUESTION, nowMs);
  // Another thread may remove the entry in between.
  const value = times && readThrough.get(key, GET_QUESTION, nowMs);
  if (value === undefined) return false;
  const { ageMs, remainingMs } = times!;
  if (value instanceof Uint8Array) {
    writeDescription(reply, "hit", ageMs, remainingMs);
    reply.bulk(value);
    return true;
  }
  const ticket = session.connection.defer();
  writeDescription(ticket.reply, "hit", ageMs, remainingMs);
  ticket.reply.takeLarge!(value);
  ticket.done();
  return true;
}

/**
 * Writes all of the map except the value, which follows. A value that is still arriving can only be the last element.
 */
function writeDescription(
  reply: ReplyWriter,
  source: Source | "none",
  ageMs: number,
  remainingMs: number,
): void {
  reply.map(4);
  reply.bulkText("source");
  reply.bulkText(source);
  reply.bulkText("age-ms");
  reply.integer(ageMs);
  reply.bulkText("ttl-ms");
  reply.integer(remainingMs);
  reply.bulkText("value");
}
