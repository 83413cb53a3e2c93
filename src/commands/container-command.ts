import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { type Command, command } from "./command.ts";
import { unknownSubcommand, wrongArity } from "./command-errors.ts";
import { arityFits, CommandTable } from "./command-table.ts";

/** A command with subcommands, such as CLIENT. The first argument chooses one. HELP is added. */
export interface Container<Context> {
  readonly name: string;
  readonly summary: string;
  readonly subcommands: readonly Command<Context>[];
  /** Lines of HELP: each subcommand with its arguments, then its description, indented by four spaces. */
  readonly help: readonly string[];
}

export function containerCommand<Context>(container: Container<Context>): Command<Context> {
  const { name, summary, help } = container;
  const helpCommand = command<Context>(
    `${name}|help`,
    "Returns helpful text about the different subcommands.",
    (_context, _request, reply) => writeHelp(name, help, reply),
  );
  const table = new CommandTable<Context>([...container.subcommands, helpCommand]);
  const run = (context: Context, request: Request, reply: ReplyWriter): void => {
    const subcommand = table.find(request, 1);
    if (subcommand !== undefined && arityFits(subcommand, request.count)) {
      subcommand.run(context, request, reply);
    } else reply.error(refuseSubcommand(name, subcommand, request)!);
  };
  return { ...command<Context>(name, summary, run), subcommands: table.commands };
}

/** Checks the subcommand of a request. @returns an error if it cannot be run */
function refuseSubcommand(
  container: string,
  subcommand: Command<never> | undefined,
  request: Request,
): string | undefined {
  if (subcommand === undefined) return unknownSubcommand(container, request);
  return arityFits(subcommand, request.count) ? undefined : wrongArity(`${container}|${subcommand.name}`);
}

/** Checks the subcommand of a request that MULTI queues. @returns an error if it cannot be run */
export function refuseQueuing(command: Command<never>, request: Request): string | undefined {
  const { name, subcommands } = command;
  if (subcommands === undefined || request.count < 2) return undefined;
  return refuseSubcommand(
    name,
    subcommands.find((row) => row.name === request.text(1).toLowerCase()),
    request,
  );
}

/** Answers HELP of a command with subcommands. @param help as in `Container` */
export function writeHelp(name: string, help: readonly string[], reply: ReplyWriter): void {
  reply.array(help.length + 3);
  reply.status(`${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of help) reply.status(line);
  reply.status("HELP");
  reply.status("    Prints this help.");
}
