import type { Connection } from "../../net/connection.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { RespWriter } from "../../protocol/resp-writer.ts";
import type { DedicatedConnection } from "../dedicated-connection.ts";
import { ERROR, LOCAL } from "../request-results.ts";

const ALLOWED: ReadonlySet<string> = new Set([
  ...["subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"],
  ...["quit", "reset"],
]);

/**
 * Answers what a RESP2 client with shard channels may not ask, and PING, as a Redis answers them: such a client reads
 * messages alone. @returns how the request counts; undefined if it is executed as any other
 */
export function answerSubscriber(
  { respVersion, shardChannels }: Connection,
  dedicated: DedicatedConnection | undefined,
  request: Request,
  reply: ReplyWriter,
): number | undefined {
  if (respVersion === 3 || shardChannels === 0) return undefined;
  const name = request.text(0).toLowerCase();
  if (ALLOWED.has(name)) return undefined;
  if (name === "ping") {
    // The PING of a client with other channels, too, shows that their messages have arrived.
    if (dedicated?.answersByMessages === true) return undefined;
    writePong(request, reply as RespWriter);
    return LOCAL;
  }
  reply.error(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );
  return ERROR;
}

function writePong(request: Request, reply: RespWriter): void {
  reply.array(2);
  reply.bulkText("pong");
  if (request.count < 2) reply.bulkText("");
  else reply.bulk(request.view(1));
}
