import type { ReplyWriter } from "../protocol/protocol.ts";
import { ReplyError } from "../protocol/reply-value.ts";
import type { ProxyContext } from "./context.ts";
import { askOrigin } from "./origin-question.ts";
import { findOriginClient } from "./redirection.ts";

/**
 * Executes CLIENT UNBLOCK for a client of this thread. The client waits at the origin, over its own connection, so
 * the origin is asked to unblock it. As in Redis, a client that CLIENT PAUSE makes wait is not blocked.
 */
export function unblock(context: ProxyContext, client: number, reason: string, reply: ReplyWriter): void {
  const { proxy } = context;
  const originId = findOriginClient(proxy, client)?.dedicated?.blockedOriginId;
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
