import { type Command, command } from "../../commands/command.ts";
import { wrongSubcommandArguments } from "../../commands/command-errors.ts";
import { containerCommand } from "../../commands/container-command.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64 } from "../arguments.ts";
import type { ServerContext } from "../context.ts";

const DEFAULT_COUNT = 10n;

/** SLOWLOG: shows slow commands. */
export const slowlogCommand: Command<ServerContext> = containerCommand<ServerContext>({
  name: "slowlog",
  summary: "A container for slow log commands.",
  subcommands: [
    command("slowlog|get", "Returns the slow log's entries.", get),
    command("slowlog|len", "Returns the number of entries in the slow log.", ({ host }, _request, reply) =>
      reply.integer(host.slowlog.length),
    ),
    command("slowlog|reset", "Clears all entries from the slow log.", ({ host }, _request, reply) => {
      host.slowlog.clear();
      reply.ok();
    }),
  ],
  help: [
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
  ],
});

function get({ host }: ServerContext, request: Request, reply: ReplyWriter) {
  if (request.count > 3) return reply.error(wrongSubcommandArguments("slowlog", request));
  const count = request.count === 2 ? DEFAULT_COUNT : int64(request, 2);
  if (count === undefined || count < -1n) {
    return reply.error("ERR count should be greater than or equal to -1");
  }
  const { length } = host.slowlog;
  const entries = host.slowlog.newest(count < 0n ? length : Math.min(Number(count), length));
  reply.array(entries.length);
  for (const entry of entries) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.endedAt);
    reply.integer(entry.micros);
    reply.array(entry.arguments.length);
    for (const argument of entry.arguments) reply.bulk(argument);
    reply.bulkText(entry.clientAddress);
    reply.bulkText(entry.clientName);
  }
}
