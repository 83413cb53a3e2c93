import type { ReplyWriter } from "../protocol/protocol.ts";
import { ReplyError, type ReplyValue } from "../protocol/reply-value.ts";
import type { ProxyContext } from "./context.ts";
import { askOrigin } from "./origin-question.ts";
import { findOriginClient } from "./redirection.ts";

/**
 * Executes CLIENT UNBLOCK for a client of this thread. The client waits at the origin, over its own connection, so
 * the origin is asked to unblock it. As in Redis, a client that CLIENT PAUSE makes wait is not blocked.
 */
export function unblock(context: ProxyContext, client: number, reason: string, reply: ReplyWriter): void {
  const { proxy } = context;
  const dedicated = findOriginClient(proxy, client)?.dedicated;
  const originId = dedicated?.blockedOriginId;
  if (dedicated === undefined || originId === undefined) {
    reply.integer(0);
    return;
  }
  const answer = context.answerLater();
  const show = (result: ReplyValue): void =>
    answer((writer) => {
      if (result instanceof ReplyError) writer.error(result.message);
      else writer.integer(result === 1 ? 1 : 0);
    });
  const { node } = dedicated;
  askOrigin(proxy, ["CLIENT", "UNBLOCK", String(originId), reason], show, { node });
}
