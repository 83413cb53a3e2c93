import { fromUtf8 } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../protocol/reply-types.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";

/** An origin's error reply, and its meaning. */
export type ErrorReply = ErrorMeaning & {
  /** The error as it was sent, including its code word. */
  readonly text: string;
};

type ErrorMeaning =
  /**
   * The origin is in a passing state in which it gives every request this answer. Such a request fails with
   * `failure`.
   */
  | { readonly kind: "passing"; readonly failure: UpstreamError }
  /** The origin asks for credentials, or refuses the ones it got. */
  | { readonly kind: "credentials" }
  /** The key holds a value of another type than the command needs. */
  | { readonly kind: "wrong-type" }
  | { readonly kind: "other" };

/** What a Redis says to one client more than its `maxclients`, unasked, before it closes the connection. */
const FULL = "ERR max number of clients reached";
const CREDENTIALS = /^(WRONGPASS|NOAUTH)|invalid username-password|invalid password/i;

export function isErrorReply({ type }: ReplyReader): boolean {
  return type === ERROR || type === BULK_ERROR;
}

/** Returns the error that the reader has just found in `bytes`; undefined if the reply is not an error. */
export function readErrorReply(bytes: Uint8Array, reader: ReplyReader): ErrorReply | undefined {
  if (!isErrorReply(reader)) return undefined;
  const text = fromUtf8(bytes.subarray(reader.valueStart, reader.valueEnd));
  return { ...meaningOf(text), text };
}

function meaningOf(text: string): ErrorMeaning {
  if (text === FULL) {
    return {
      kind: "passing",
      failure: new UpstreamError("ORIGINDOWN", `the origin refused the connection: ${text}`, false),
    };
  }
  const [code = ""] = text.split(" ", 1);
  if (isPassingCode(code)) {
    return { kind: "passing", failure: new UpstreamError(code, text.slice(code.length + 1), false) };
  }
  if (code === "WRONGTYPE") return { kind: "wrong-type" };
  return { kind: CREDENTIALS.test(text) ? "credentials" : "other" };
}
