import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { unknownSubcommand, wrongArity } from "./command-errors.ts";
import { arityFits, type Command, CommandTable } from "./command-table.ts";

/** Everything a command with subcommands says of itself; how it runs follows from the subcommands. */
export interface Container<Context> extends Omit<Command<Context>, "run" | "arity" | "keys" | "subcommands"> {
  /** Rows of their own, with `run`; arity and keys count from the container's name. */
  readonly subcommands: readonly Command<Context>[];
  /** Lines of HELP: each subcommand with its arguments, and what it does indented by four spaces. */
  readonly help: readonly string[];
}

/** A command such as CLIENT, whose first argument chooses what it does. HELP is added to its subcommands. */
export function containerCommand<Context>(container: Container<Context>): Command<Context> {
  const { help, ...row } = container;
  const helpCommand: Command<Context> = {
    name: "help",
    arity: 2,
    flags: ["loading", "stale"],
    group: container.group,
    summary: "Returns helpful text about the different subcommands.",
    since: "5.0.0",
    run: (_context, _request, reply) => writeHelp(container.name, help, reply),
  };
  const table = new CommandTable<Context>([...container.subcommands, helpCommand]);
  return {
    ...row,
    arity: -2,
    subcommands: table.commands,
    run(context: Context, request: Request, reply: ReplyWriter): void {
      const subcommand = table.find(request, 1);
      if (subcommand !== undefined && arityFits(subcommand, request.count)) {
        subcommand.run(context, request, reply);
      } else reply.error(refuseSubcommand(container.name, subcommand, request)!);
    },
  };
}

/** @returns why a subcommand cannot be run with a request, before it is */
function refuseSubcommand(
  container: string,
  subcommand: Command<never> | undefined,
  request: Request,
): string | undefined {
  if (subcommand === undefined) return unknownSubcommand(container, request);
  return arityFits(subcommand, request.count) ? undefined : wrongArity(`${container}|${subcommand.name}`);
}

/** The same of a command that is queued, whether it has subcommands or not. */
export function refuseQueuing(command: Command<never>, request: Request): string | undefined {
  const { name, subcommands } = command;
  if (subcommands === undefined || request.count < 2) return undefined;
  return refuseSubcommand(
    name,
    subcommands.find((row) => row.name === request.text(1).toLowerCase()),
    request,
  );
}

function writeHelp(name: string, help: readonly string[], reply: ReplyWriter): void {
  reply.array(help.length + 3);
  reply.status(`${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of help) reply.status(line);
  reply.status("HELP");
  reply.status("    Prints this help.");
}
