import { VALUE, type Variant } from "../coherence/variant.ts";
import { MISSING, type NoValue } from "../coherence/waiter.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { parseDecimal } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK, INTEGER } from "../protocol/reply-types.ts";
import { prepareCommand, writePrepared } from "../protocol/request-writer.ts";
import { readErrorReply } from "../upstream/error-reply.ts";

/**
 * What a cached read asks about a key: of the cache, as a variant of the key's entries, and of the origin, with what its
 * replies say. Another read becomes cacheable by a question here and a line in `routes.ts`.
 */
export interface Question extends Variant {
  /** What is kept: the bytes of a byte string, or a whole reply in RESP3. */
  readonly form: "bytes" | "reply";
  /** The same question, to be kept: with bytes of its own if it has any. */
  kept(): Question;
  /** It is answered by so many replies; the last one has the value. */
  readonly replies: number;
  write(out: ByteBuffer, key: Uint8Array, start: number, end: number): void;
  /** What a reply before the last one says of the time to live, as PTTL does; undefined: nothing. */
  remainingMs(bytes: Uint8Array, reader: ReplyReader): number | undefined;
  /** Why the last reply, bytes[start, end), is no value; undefined where the reader's value is one. */
  withoutValue(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): NoValue | undefined;
}

const PTTL = prepareCommand("PTTL");
const GET = prepareCommand("GET");

/**
 * The remaining time to live first, and the value second: what changes the key in between causes an invalidation, which
 * arrives before the value and makes the lease void. So a value is never kept with a time to live that is not its own.
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
    // An error is told by the second reply, too.
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
