import { latin1, parseDecimal } from "../../lib/bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../../protocol/reply-types.ts";

/**
 * How a node of a cluster says that a request is not for it, or not now. It has not executed the request
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
 *
 * - `moved`: another node owns the slot for good.
 * - `ask`: the slot is on its way to another node, which has this key already. The next request may be for this node
 *   again.
 * - `later`: the slot is on its way, and only some of the request's keys have arrived; or the cluster is changing
 *   hands.
 */
export type Redirection =
  | { readonly kind: "moved" | "ask"; readonly slot: number; readonly host: string; readonly port: number }
  | { readonly kind: "later"; readonly code: string; readonly text: string };

/** A replica, or a primary without a majority, says one of these until the cluster is whole again. */
const LATER = ["TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "LOADING"];
/** The longest error that can be a redirection: a host's name has 253 characters at most. */
const LONGEST = 400;

/** Returns the redirection that the reader has just found in `bytes`; undefined if the reply is something else. */
export function readRedirection(bytes: Uint8Array, reader: ReplyReader): Redirection | undefined {
  const { type, valueStart, valueEnd } = reader;
  if ((type !== ERROR && type !== BULK_ERROR) || valueEnd - valueStart > LONGEST) return undefined;
  const space = bytes.indexOf(0x20, valueStart);
  if (space < 0 || space > valueEnd) return undefined;
  const code = latin1(bytes, valueStart, space);
  if (code === "MOVED" || code === "ASK") {
    // Such as MOVED 3999 127.0.0.1:6381. The host may be empty, and an IPv6 address has colons.
    const slotEnd = bytes.indexOf(0x20, space + 1);
    const colon = bytes.lastIndexOf(0x3a, valueEnd - 1);
    if (slotEnd < 0 || colon < slotEnd) return undefined;
    const slot = parseDecimal(bytes, space + 1, slotEnd);
    const port = parseDecimal(bytes, colon + 1, valueEnd);
    if (slot === undefined || port === undefined) return undefined;
    const host = latin1(bytes, slotEnd + 1, colon);
    return { kind: code === "MOVED" ? "moved" : "ask", slot, host: host === "?" ? "" : host, port };
  }
  if (!LATER.includes(code)) return undefined;
  return { kind: "later", code, text: latin1(bytes, space + 1, valueEnd) };
}
