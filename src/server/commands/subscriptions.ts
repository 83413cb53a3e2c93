import { type Command, command } from "../../commands/command.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromLatin1 } from "../../lib/bytes.ts";
import type { ReplyWriter } from "../../protocol/protocol.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import type { SubscriptionKind } from "../channels.ts";
import type { ServerContext } from "../context.ts";

/**
 * Commands about channels. Channels carry messages, and invalidations to RESP2 clients that cache, which subscribe to
 * `__redis__:invalidate` (CLIENT TRACKING … REDIRECT). Shard channels are those of a cluster with one node.
 */
export const subscriptionCommands: readonly Command<ServerContext>[] = [
  subscribeCommand("subscribe", "channels", "Listens for messages published to channels."),
  subscribeCommand(
    "psubscribe",
    "patterns",
    "Listens for messages published to channels that match one or more patterns.",
  ),
  subscribeCommand("ssubscribe", "shardChannels", "Listens for messages published to shard channels."),
  unsubscribeCommand("unsubscribe", "channels", "Stops listening to messages posted to channels."),
  unsubscribeCommand(
    "punsubscribe",
    "patterns",
    "Stops listening to messages published to channels that match one or more patterns.",
  ),
  unsubscribeCommand(
    "sunsubscribe",
    "shardChannels",
    "Stops listening to messages posted to shard channels.",
  ),
  command("publish", "Posts a message to a channel.", ({ host }, request, reply) =>
    reply.integer(host.channels.publish(request.view(1), request.view(2))),
  ),
  command("spublish", "Post a message to a shard channel.", ({ host }, request, reply) =>
    reply.integer(host.channels.publishToShard(request.view(1), request.view(2))),
  ),
];

/** Commands allowed to a subscribed RESP2 client. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...["subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"],
  ...["ping", "quit", "reset"],
]);

/** Returns why a subscribed client may not run a command; undefined when it may. */
export function refuseSubscriber({ connection }: ServerContext, name: string): string | undefined {
  if (!connection.isSubscribed || connection.respVersion === 3 || ALLOWED.has(name)) return undefined;
  return `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

function subscribeCommand(name: string, kind: SubscriptionKind, summary: string): Command<ServerContext> {
  return command(name, summary, (context, request, reply) => {
    for (let index = 1; index < request.count; index++) {
      context.host.channels.subscribe(context.connection, kind, request.text(index));
      confirm(context, name, kind, request.copy(index), reply);
    }
  });
}

/** Without names, the command ends all of the client's subscriptions. */
function unsubscribeCommand(name: string, kind: SubscriptionKind, summary: string): Command<ServerContext> {
  return command(name, summary, (context, request, reply) => {
    const { connection, host } = context;
    const given = Array.from({ length: request.count - 1 }, (_, at) => request.text(at + 1));
    const names = given.length > 0 ? given : host.channels[kind].of(connection);
    for (const each of names) {
      host.channels.unsubscribe(connection, kind, each);
      confirm(context, name, kind, fromLatin1(each), reply);
    }
    if (names.length === 0) confirm(context, name, kind, undefined, reply);
  });
}

/**
 * Reports how many subscriptions the client has: to channels and patterns together, or to shard channels. A
 * confirmation is a message: CLIENT REPLY OFF and SKIP suppress replies only.
 */
function confirm(
  { connection }: ServerContext,
  command: string,
  kind: SubscriptionKind,
  name: Uint8Array | undefined,
  reply: ReplyWriter,
): void {
  const count =
    kind === "shardChannels" ? connection.shardChannels : connection.channels + connection.patterns;
  if (connection.replyMode === "on") {
    writeConfirmation(reply, command, name, count);
    return;
  }
  const out = new ByteBuffer((name?.length ?? 0) + 64);
  writeConfirmation(new RespWriter(out, connection.respVersion), command, name, count);
  connection.pushBytes(out.bytes, 0, out.length);
}

function writeConfirmation(
  writer: ReplyWriter,
  command: string,
  name: Uint8Array | undefined,
  count: number,
): void {
  writer.push(3);
  writer.bulkText(command);
  if (name === undefined) writer.null();
  else writer.bulk(name);
  writer.integer(count);
}
