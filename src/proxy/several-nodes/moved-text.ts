import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { readErrorReply } from "../../upstream/error-reply.ts";

/** A request about keys that no single node has all of. */
export const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";

const MOVED_AT_EXEC =
  "EXECABORT Transaction discarded because its keys are moving to another node; nothing of it was executed";
const MOVED =
  "TRYAGAIN these keys are moving to another node, where this client's transaction or watched keys are not known; begin it again";

/**
 * Returns what a client is told when a node sends on a request that belongs to the client's state at that node:
 * clients of the proxy know nothing of nodes. @returns undefined if the node has said something else
 */
export function textOfMoved(bytes: Uint8Array, reader: ReplyReader, isExec: boolean): string | undefined {
  const error = readErrorReply(bytes, reader);
  if (error === undefined) return undefined;
  if (!/^(MOVED|ASK) /.test(error.text)) return undefined;
  return isExec ? MOVED_AT_EXEC : MOVED;
}
