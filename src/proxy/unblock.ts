import type { ReplyWriter } from "../protocol/protocol.ts";
import { ReplyError } from "../protocol/reply-value.ts";
import type { ProxyContext } from "./context.ts";
import { askOrigin } from "./origin-question.ts";
import { findOriginClient } from "./redirection.ts";

/**
 * CLIENT UNBLOCK of a client of this thread: it waits at the origin, over a connection of its own, which the origin is
 * asked to unblock. A client that CLIENT PAUSE holds up is not blocked, as in Redis.
 */
export function unblock(context: ProxyContext, client: number, reason: string, reply: ReplyWriter): void {
  const { proxy } = context;
  const originId = findOriginClient(proxy, client)?.pin?.blockedOriginId;
  if (originId === undefined) {
    reply.integer(0);
    return;
  }
  const answer = context.answerLater();
  askOrigin(proxy, ["CLIENT", "UNBLOCK", String(originId), reason], (result) =>
    answer((writer) => {
      if (result instanceof ReplyError) writer.error(result.message);
      else writer.integer(result === 1 ? 1 : 0);
    }),
  );
}
