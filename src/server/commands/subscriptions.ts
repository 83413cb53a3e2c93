import { type Command, command } from "../../commands/command.ts";
import { fromLatin1 } from "../../lib/bytes.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";

/**
 * Channels: enough for messages, and for clients that have a connection to listen on, such as RESP2 caches, whose
 * invalidations go to the subscribers of `__redis__:invalidate` (CLIENT TRACKING … REDIRECT).
 */
export const subscriptionCommands: readonly Command<ServerContext>[] = [
  command("subscribe", "Listens for messages published to channels.", subscribe),
  command("unsubscribe", "Stops listening to messages posted to channels.", unsubscribe),
  command("publish", "Posts a message to a channel.", ({ host }, request, reply) =>
    reply.integer(host.channels.publish(request.view(1), request.view(2))),
  ),
];

/** What a RESP2 client may ask while it is subscribed. */
const ALLOWED: ReadonlySet<string> = new Set(["subscribe", "unsubscribe", "ping", "quit", "reset"]);

/** Why a client that is subscribed may not ask this; undefined where it may. */
export function refuseSubscriber({ connection }: ServerContext, name: string): string | undefined {
  if (connection.channels === 0 || connection.respVersion === 3 || ALLOWED.has(name)) return undefined;
  return `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

function subscribe({ connection, host }: ServerContext, request: Request, reply: ReplyWriter): void {
  for (let index = 1; index < request.count; index++) {
    host.channels.subscribe(connection, request.text(index));
    confirm(reply, "subscribe", request.copy(index), connection.channels);
  }
}

function unsubscribe({ connection, host }: ServerContext, request: Request, reply: ReplyWriter): void {
  const given = Array.from({ length: request.count - 1 }, (_, at) => request.text(at + 1));
  const channels = given.length > 0 ? given : host.channels.channelsOf(connection);
  for (const channel of channels) {
    host.channels.unsubscribe(connection, channel);
    confirm(reply, "unsubscribe", fromLatin1(channel), connection.channels);
  }
  if (channels.length === 0) confirm(reply, "unsubscribe", undefined, 0);
}

function confirm(reply: ReplyWriter, kind: string, channel: Uint8Array | undefined, count: number): void {
  reply.push(3);
  reply.bulkText(kind);
  if (channel === undefined) reply.null();
  else reply.bulk(channel);
  reply.integer(count);
}
