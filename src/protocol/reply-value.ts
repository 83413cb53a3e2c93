import { fromUtf8, parseDecimal } from "../lib/bytes.ts";
import { CR } from "./encoding.ts";
import { ProtocolError } from "./protocol.ts";
import { parseBigNumber, parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";
import * as form from "./reply-types.ts";

/**
 * A reply as a JavaScript value. A status and a verbatim text are strings. A byte string is a `Uint8Array`. An integer
 * is a number, or a bigint beyond ±2^53. A big number is always a bigint.
 */
export type ReplyValue =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Push
  | Attributed
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>;

/** An error reply. It is a value: decoding never throws it. */
export class ReplyError extends Error {
  override name = "ReplyError";
  /** The first word of the message, such as `ERR` or `WRONGTYPE`. */
  readonly code: string;

  /** @param message as received, including its code word */
  constructor(message: string) {
    super(message);
    const space = message.indexOf(" ");
    this.code = space < 0 ? message : message.slice(0, space);
  }
}

/** A push, such as an invalidation. It replies to no request. */
export class Push {
  readonly kind: string;
  readonly items: ReplyValue[];

  constructor(kind: string, items: ReplyValue[]) {
    this.kind = kind;
    this.items = items;
  }
}

/** A reply with its attributes. */
export class Attributed {
  readonly value: ReplyValue;
  readonly attributes: Map<ReplyValue, ReplyValue>;

  constructor(value: ReplyValue, attributes: Map<ReplyValue, ReplyValue>) {
    this.value = value;
    this.attributes = attributes;
  }
}

export interface DecodeOptions {
  /** Whether attributes, at any depth, are left out (the default) or kept in an `Attributed` around the value. */
  attributes?: "skip" | "attach";
  /** Whether byte strings become strings, read as UTF-8. */
  text?: boolean;
}

/**
 * Decodes one reply, bytes[start, end), that a `ReplyReader` has found complete; `start` is the reply's start or its
 * `replyStart`. The value does not refer to `bytes`.
 * @throws ProtocolError if the bytes are not exactly one reply
 */
export function decodeReply(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: DecodeOptions = {},
): ReplyValue {
  const decoder = new ReplyDecoder(bytes, start, end, options);
  const value = decoder.decode();
  if (decoder.at !== end) throw new ProtocolError("bytes behind a reply");
  return value;
}

class ReplyDecoder {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #attach: boolean;
  readonly #text: boolean;

  constructor(bytes: Uint8Array, start: number, end: number, options: DecodeOptions) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
    this.#attach = options.attributes === "attach";
    this.#text = options.text ?? false;
  }

  decode(): ReplyValue {
    const bytes = this.#bytes;
    const type = bytes[this.at];
    const start = this.at + 1;
    const end = this.#lineEnd(start);
    this.at = end + 2;
    switch (type) {
      case form.STATUS:
        return fromUtf8(bytes.subarray(start, end));
      case form.ERROR:
        return new ReplyError(fromUtf8(bytes.subarray(start, end)));
      case form.INTEGER:
        return valid(parseInteger(bytes, start, end));
      case form.BOOLEAN:
        return valid(parseBoolean(bytes, start, end));
      case form.DOUBLE:
        return valid(parseDouble(bytes, start, end));
      case form.BIG_NUMBER:
        // A script can return any text here; Redis does not check it.
        return parseBigNumber(bytes, start, end) ?? fromUtf8(bytes.subarray(start, end));
      case form.NULL:
        return null;
    }
    const length = valid(parseDecimal(bytes, start, end));
    if (length < 0) return null;
    switch (type) {
      case form.BULK:
        return this.#text ? fromUtf8(this.#take(length)) : ownBytes(this.#take(length));
      case form.BULK_ERROR:
        return new ReplyError(fromUtf8(this.#take(length)));
      case form.VERBATIM:
        return fromUtf8(this.#take(length).subarray(4));
      case form.ARRAY:
        return this.#items(length);
      case form.SET:
        return new Set(this.#items(length));
      case form.MAP:
        return this.#pairs(length);
      case form.PUSH:
        return this.#push(length);
      case form.ATTRIBUTE: {
        const attributes = this.#pairs(length);
        const value = this.decode();
        return this.#attach ? new Attributed(value, attributes) : value;
      }
      default:
        throw new ProtocolError("not a reply");
    }
  }

  #items(count: number): ReplyValue[] {
    const items: ReplyValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.decode());
    return items;
  }

  #pairs(count: number): Map<ReplyValue, ReplyValue> {
    const pairs = new Map<ReplyValue, ReplyValue>();
    for (let i = 0; i < count; i++) {
      const key = this.decode();
      pairs.set(key, this.decode());
    }
    return pairs;
  }

  #push(count: number): Push {
    const [kind, ...items] = this.#items(count);
    if (kind instanceof Uint8Array) return new Push(fromUtf8(kind), items);
    return new Push(typeof kind === "string" ? kind : "", items);
  }

  /** A view of a string's bytes. Moves behind its CR LF. */
  #take(length: number): Uint8Array {
    const start = this.at;
    this.at = start + length + 2;
    if (this.at > this.#end) throw new ProtocolError("reply that breaks off");
    return this.#bytes.subarray(start, start + length);
  }

  #lineEnd(start: number): number {
    const bytes = this.#bytes;
    const last = this.#end - 1;
    let at = start;
    while (at < last && bytes[at] !== CR) at++;
    if (at >= last) throw new ProtocolError("reply that breaks off");
    return at;
  }
}

/** A copy that is a plain `Uint8Array`, also of a `Buffer`. */
function ownBytes(view: Uint8Array): Uint8Array {
  return new Uint8Array(view);
}

function valid<T>(value: T | undefined): T {
  if (value === undefined) throw new ProtocolError("reply with an invalid number");
  return value;
}
