import { latin1 } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { ARRAY, MAP } from "../protocol/reply-types.ts";

/** What a server says of itself in answer to HELLO. */
export interface Greeting {
  /** `redis`, `valkey` and their like; empty where it does not say. */
  readonly server: string;
  /** Such as `7.0.15`; empty where it does not say. */
  readonly version: string;
  /** `standalone`, `cluster` or `sentinel`; empty where it does not say. */
  readonly mode: string;
  /** `master` or `replica`; empty where it does not say. */
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
 * Whether invalidations of a client's own writes are put between replies. Redis before 6.2.7 writes them where it
 * happens to be, within an array, too; it is asked for NOLOOP, which it takes to be about the writer: what it evicts or
 * forgets while a client's command runs is told to that client all the same. From 6.2.8 and 7.0.5 on NOLOOP means the
 * client whose command runs, whatever changes the key, and evictions would go untold (`trackingInvalidateKey` in
 * tracking.c of these versions).
 */
export function putsInvalidationsBetweenReplies({ server, version }: Greeting): boolean {
  if (server !== "redis") return true;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  // 6.9 is how candidates of 7.0 call themselves.
  if (major !== 6) return !(major < 6);
  return minor === 2 && patch >= 7;
}
