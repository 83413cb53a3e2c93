import { VALUE, type Variant } from "../coherence/variant.ts";
import { MISSING, type NoValue } from "../coherence/waiter.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { parseDecimal } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK, INTEGER } from "../protocol/reply-types.ts";
import { prepareCommand, writePrepared } from "../protocol/request-writer.ts";
import { readErrorReply } from "../upstream/error-reply.ts";

/**
 * The question about a key that a cached read asks. To the cache it is a variant of the key's entries; to the origin
 * it is one or more commands, whose replies it understands. To make another read cacheable, add a question here and a
 * line in `routes.ts`.
 */
export interface Question extends Variant {
  /** What is stored: the bytes of a byte string, or a whole reply in RESP3. */
  readonly form: "bytes" | "reply";
  /** Returns the same question with bytes of its own, if it has any, so that it can be kept. */
  kept(): Question;
  /** The number of replies to the question. The last one has the value. */
  readonly replies: number;
  write(out: ByteBuffer, key: Uint8Array, start: number, end: number): void;
  /** Returns the time to live from a reply before the last one, as PTTL does; undefined: the reply has none. */
  remainingMs(bytes: Uint8Array, reader: ReplyReader): number | undefined;
  /** Returns why the last reply, bytes[start, end), is no value; undefined if the reader's value is one. */
  withoutValue(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): NoValue | undefined;
}

const PTTL = prepareCommand("PTTL");
const GET = prepareCommand("GET");

/**
 * Asks for the remaining time to live first, and for the value second. A change of the key in between causes an
 * invalidation that arrives before the value and voids the lease. So no value is stored with another's time to live.
 */
export const GET_QUESTION: Question = {
  ...VALUE,
  form: "bytes",
  kept: () => GET_QUESTION,
  replies: 2,
  write(out, key, start, end) {
    writePrepared(out, PTTL, key, start, end);
    writePrepared(out, GET, key, start, end);
  },
  remainingMs(bytes, { type, valueStart, valueEnd }) {
    // The second reply reports an error, too.
    return type === INTEGER ? parseDecimal(bytes, valueStart, valueEnd) : undefined;
  },
  withoutValue(bytes, start, end, reader) {
    const { type, isNull } = reader;
    if (isNull) return MISSING;
    if (type === BULK) return undefined;
    const error = readErrorReply(bytes, reader);
    if (error === undefined) return { kind: "odd", bytes, start, end };
    return { kind: "refused", message: error.text, isWrongType: error.kind === "wrong-type" };
  },
};
