import { latin1 } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { ARRAY, MAP } from "../protocol/reply-types.ts";

/** A server's description of itself in its answer to HELLO. */
export interface Greeting {
  /** `redis`, `valkey` or another name; empty if unknown. */
  readonly server: string;
  /** Such as `7.0.15`; empty if unknown. */
  readonly version: string;
  /** `standalone`, `cluster` or `sentinel`; empty if unknown. */
  readonly mode: string;
  /** `master` or `replica`; empty if unknown. */
  readonly role: string;
}

/** Reads the answer to HELLO: a map, or an array of names and values. */
export function readGreeting(bytes: Uint8Array, reader: ReplyReader): Greeting {
  const isTold = reader.type === MAP || reader.type === ARRAY;
  const text = isTold ? latin1(bytes, reader.valueStart, reader.valueEnd) : "";
  const field = (name: string): string =>
    new RegExp(`\\$${name.length}\r\n${name}\r\n[$=]?[0-9]*(?:\r\n|\\+)([^\r\n]*)\r\n`).exec(text)?.[1] ?? "";
  return { server: field("server"), version: field("version"), mode: field("mode"), role: field("role") };
}

/**
 * Whether the server writes the invalidations of a client's own writes between replies. Redis before 6.2.7 writes
 * them wherever it happens to be, even within an array, so the proxy asks it for NOLOOP. There NOLOOP is about the
 * writer: a key that the server evicts or forgets while a client's command runs is still reported to that client.
 * From 6.2.8 and 7.0.5 on, NOLOOP leaves out every change while the client's command runs, and evictions would go
 * unreported (`trackingInvalidateKey` in tracking.c of these versions).
 */
export function putsInvalidationsBetweenReplies({ server, version }: Greeting): boolean {
  if (server !== "redis") return true;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  // 6.9 is the version of release candidates of 7.0.
  if (major !== 6) return !(major < 6);
  return minor === 2 && patch >= 7;
}
