import { type Command, command } from "../../commands/command.ts";
import { SYNTAX_ERROR } from "../../commands/command-errors.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { isOption } from "../arguments.ts";
import type { ServerContext, ServerHost } from "../context.ts";

const IN_MEMORY_ONLY =
  "ERR this server keeps its data in memory alone (--engine memory): there is nothing to save it to";
const FAILED = "MISCONF storage failed: writes are refused, and what is on disk may not be all";

/**
 * Commands about snapshots, and ROLE. The journal already has every write, on disk or on its way there. So SAVE has
 * nothing to do, a background save ends as it begins, and the last save is always a moment ago.
 */
export const savingCommands: readonly Command<ServerContext>[] = [
  command("save", "Synchronously saves the database(s) to disk.", ({ host }, _request, reply) =>
    save(host, reply, () => reply.ok()),
  ),
  command("bgsave", "Asynchronously saves the database(s) to disk.", bgsave),
  command(
    "lastsave",
    "Returns the Unix timestamp of the last successful save to disk.",
    ({ host }, _request, reply) => reply.integer(lastSaveSeconds(host)),
  ),
  command("role", "Returns the replication role.", (_context, _request, reply) => {
    reply.array(3);
    reply.bulkText("master");
    reply.integer(0);
    reply.array(0);
  }),
];

function bgsave({ host }: ServerContext, request: Request, reply: ReplyWriter) {
  const isScheduled = request.count === 2 && isOption(request, 1, "schedule");
  if (request.count > 1 && !isScheduled) return reply.error(SYNTAX_ERROR);
  save(host, reply, () => reply.status("Background saving started"));
}

function save(host: ServerHost, reply: ReplyWriter, answer: () => void): void {
  if (host.engine.name === "memory") reply.error(IN_MEMORY_ONLY);
  else if (host.hasStorageFailed) reply.error(FAILED);
  else answer();
}

/**
 * Returns when everything was last on disk, in Unix seconds. A server that saves nothing returns its start time, as
 * Redis does.
 */
export function lastSaveSeconds({ engine, clock, hasStorageFailed, startedAtMs }: ServerHost): number {
  const isDurable = engine.name === "lmdb" && !hasStorageFailed;
  return Math.floor((isDurable ? clock.wallMs() : startedAtMs) / 1000);
}
