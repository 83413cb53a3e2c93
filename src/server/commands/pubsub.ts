import { type Command, command } from "../../commands/command.ts";
import { wrongSubcommandArguments } from "../../commands/command-errors.ts";
import { containerCommand } from "../../commands/container-command.ts";
import { fromLatin1 } from "../../lib/bytes.ts";
import { matchesGlob } from "../../lib/glob.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";
import type { Subscriptions } from "../subscriptions.ts";

/** PUBSUB: lists channels and counts subscribers. */
export const pubsubCommand: Command<ServerContext> = containerCommand<ServerContext>({
  name: "pubsub",
  summary: "A container for Pub/Sub commands.",
  subcommands: [
    command("pubsub|channels", "Returns the active channels.", ({ host }, request, reply) =>
      names(host.channels.channels, request, reply),
    ),
    command(
      "pubsub|numpat",
      "Returns a count of unique pattern subscriptions.",
      ({ host }, _request, reply) => reply.integer(host.channels.patterns.count),
    ),
    command("pubsub|numsub", "Returns a count of subscribers to channels.", ({ host }, request, reply) =>
      subscribers(host.channels.channels, request, reply),
    ),
    command("pubsub|shardchannels", "Returns the active shard channels.", ({ host }, request, reply) =>
      names(host.channels.shardChannels, request, reply),
    ),
    command(
      "pubsub|shardnumsub",
      "Returns the count of subscribers of shard channels.",
      ({ host }, request, reply) => subscribers(host.channels.shardChannels, request, reply),
    ),
  ],
  help: [
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
  ],
});

function names(subscriptions: Subscriptions, request: Request, reply: ReplyWriter) {
  if (request.count > 3) return reply.error(wrongSubcommandArguments("pubsub", request));
  const pattern = request.count === 3 ? request.view(2) : undefined;
  const found = Array.from(subscriptions.names(), fromLatin1).filter(
    (name) => pattern === undefined || matchesGlob(pattern, name),
  );
  reply.array(found.length);
  for (const name of found) reply.bulk(name);
}

function subscribers(subscriptions: Subscriptions, request: Request, reply: ReplyWriter) {
  reply.array((request.count - 2) * 2);
  for (let index = 2; index < request.count; index++) {
    reply.bulk(request.view(index));
    reply.integer(subscriptions.subscribers(request.text(index))?.size ?? 0);
  }
}
