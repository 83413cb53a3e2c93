import { type Command, command } from "../../commands/command.ts";
import { SUBCOMMAND_FACTS } from "../../commands/command-facts.ts";
import { containerCommand } from "../../commands/container-command.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { isOption } from "../arguments.ts";
import type { ServerContext } from "../context.ts";
import { notServed } from "../not-served.ts";

const container = containerCommand<ServerContext>({
  name: "function",
  summary: "A container for function commands.",
  subcommands: [command("function|flush", "Deletes all libraries and functions.", flush)],
  help: ["FLUSH [ASYNC|SYNC]", "    Delete all the libraries: there are none here."],
});

/** FUNCTION. This server has no libraries, so there are none to delete. */
export const functionCommand: Command<ServerContext> = {
  ...container,
  run(context, request, reply) {
    const name = request.text(1).toLowerCase();
    const isServed = container.subcommands!.some((row) => row.name === name);
    if (isServed || SUBCOMMAND_FACTS.get("function")?.has(name) !== true)
      container.run(context, request, reply);
    else reply.error(notServed(request)!);
  },
};

function flush(_context: ServerContext, request: Request, reply: ReplyWriter) {
  const hasMode = request.count === 3 && (isOption(request, 2, "sync") || isOption(request, 2, "async"));
  if (request.count === 2 || hasMode) reply.ok();
  else reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
}
