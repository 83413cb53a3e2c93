import { fromUtf8 } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../protocol/reply-types.ts";
import { isPassingCode, UpstreamError } from "./upstream-error.ts";

/** An error that an origin has answered with, and what it means. */
export type ErrorReply = ErrorMeaning & {
  /** As it was sent, its code word included. */
  readonly text: string;
};

type ErrorMeaning =
  /** The origin is in a state that passes, in which it answers anything so: the same question fails with `failure`. */
  | { readonly kind: "passing"; readonly failure: UpstreamError }
  /** The origin asks for credentials, or refuses those that it was given. */
  | { readonly kind: "credentials" }
  /** The key holds a value of another type than the command is for. */
  | { readonly kind: "wrong-type" }
  | { readonly kind: "other" };

const CREDENTIALS = /^(WRONGPASS|NOAUTH)|invalid username-password|invalid password/i;

export function isErrorReply({ type }: ReplyReader): boolean {
  return type === ERROR || type === BULK_ERROR;
}

/** The error that the reader has just found in `bytes`; undefined where the reply is none. */
export function readErrorReply(bytes: Uint8Array, reader: ReplyReader): ErrorReply | undefined {
  if (!isErrorReply(reader)) return undefined;
  const text = fromUtf8(bytes.subarray(reader.valueStart, reader.valueEnd));
  return { ...meaningOf(text), text };
}

function meaningOf(text: string): ErrorMeaning {
  const [code = ""] = text.split(" ", 1);
  if (isPassingCode(code)) {
    return { kind: "passing", failure: new UpstreamError(code, text.slice(code.length + 1), false) };
  }
  if (code === "WRONGTYPE") return { kind: "wrong-type" };
  return { kind: CREDENTIALS.test(text) ? "credentials" : "other" };
}
