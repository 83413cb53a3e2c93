import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import { type ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ClientContext } from "./client-context.ts";
import { SYNTAX_ERROR } from "./command-errors.ts";
import { keyArgument, keyCount } from "./command-keys.ts";
import { arityFits, type Command, type CommandFlag } from "./command-table.ts";
import { containerCommand } from "./container-command.ts";

type Row = Command<never>;

const FLAGS: readonly CommandFlag[] = ["loading", "stale"];

const commandContainer = containerCommand<ClientContext>({
  name: "command",
  flags: FLAGS,
  group: "server",
  summary: "Returns detailed information about all commands.",
  since: "2.8.13",
  subcommands: [
    {
      name: "count",
      arity: 2,
      flags: FLAGS,
      group: "server",
      summary: "Returns a count of commands.",
      since: "2.8.13",
      run: ({ host }, _request, reply) => reply.integer(host.commands.commands.length),
    },
    {
      name: "info",
      arity: -2,
      flags: FLAGS,
      group: "server",
      summary: "Returns information about one, multiple or all commands.",
      since: "2.8.13",
      run: info,
    },
    {
      name: "docs",
      arity: -2,
      flags: FLAGS,
      group: "server",
      summary: "Returns documentary information about one, multiple or all commands.",
      since: "7.0.0",
      run: docs,
    },
    {
      name: "list",
      arity: -2,
      flags: FLAGS,
      group: "server",
      summary: "Returns a list of command names.",
      since: "7.0.0",
      run: list,
    },
    {
      name: "getkeys",
      arity: -4,
      flags: FLAGS,
      group: "server",
      summary: "Extracts the key names from an arbitrary command.",
      since: "2.8.13",
      run: getKeys,
    },
  ],
  help: [
    "(no subcommand)",
    "    Return details about all commands.",
    "COUNT",
    "    Return the total number of commands in this server.",
    "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
    "    Return a list of all commands in this server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple commands.",
    "    If no command names are given, details for all commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full command.",
  ],
});

/** COMMAND, which tells of the service's commands what their rows say; alone, it describes all of them. */
export const commandCommand: Command<ClientContext> = {
  ...commandContainer,
  arity: -1,
  run(context, request, reply) {
    if (request.count > 1) {
      commandContainer.run(context, request, reply);
      return;
    }
    const { commands } = context.host.commands;
    reply.array(commands.length);
    for (const command of commands) writeInfo(command, command.name, reply);
  },
};

/** The ACL categories of a command, with their `@`, as they follow from its flags and group. */
export function aclCategories(command: Row): string[] {
  const { flags, group } = command;
  const categories: string[] = [];
  if (group === "generic") categories.push("@keyspace");
  if (flags.includes("readonly")) categories.push("@read");
  if (flags.includes("write")) categories.push("@write");
  if (group === "string") categories.push("@string");
  if (flags.includes("admin")) categories.push("@admin");
  categories.push(flags.includes("fast") ? "@fast" : "@slow");
  if (flags.includes("admin")) categories.push("@dangerous");
  if (group === "connection") categories.push("@connection");
  if (group === "transactions") categories.push("@transaction");
  return categories;
}

function info({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const { commands } = host.commands;
  if (request.count === 2) {
    reply.array(commands.length);
    for (const command of commands) writeInfo(command, command.name, reply);
    return;
  }
  reply.array(request.count - 2);
  for (let index = 2; index < request.count; index++) {
    const name = request.text(index).toLowerCase();
    const command = findByName(commands, name);
    if (command === undefined) reply.null();
    else writeInfo(command, name, reply);
  }
}

function docs({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const { commands } = host.commands;
  const chosen: [name: string, command: Row][] = [];
  if (request.count === 2) {
    for (const command of commands) chosen.push([command.name, command]);
  }
  for (let index = 2; index < request.count; index++) {
    const name = request.text(index).toLowerCase();
    const command = findByName(commands, name);
    if (command !== undefined) chosen.push([name, command]);
  }
  reply.map(chosen.length);
  for (const [name, command] of chosen) writeDocs(command, name, reply);
}

function list({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const wanted = listFilter(request);
  if (wanted === undefined) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const names: string[] = [];
  for (const command of host.commands.commands) {
    if (wanted(command.name, command)) names.push(command.name);
    for (const subcommand of command.subcommands ?? []) {
      const name = `${command.name}|${subcommand.name}`;
      if (wanted(name, subcommand)) names.push(name);
    }
  }
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

/** @returns what COMMAND LIST's filter lets through; undefined when there is no such filter */
function listFilter(request: Request): ((name: string, command: Row) => boolean) | undefined {
  if (request.count === 2) return () => true;
  if (request.count !== 5 || request.text(2).toLowerCase() !== "filterby") return undefined;
  const value = request.copy(4);
  switch (request.text(3).toLowerCase()) {
    case "module":
      return () => false;
    case "aclcat": {
      const category = `@${latin1(value).toLowerCase()}`;
      return (_name, command) => aclCategories(command).includes(category);
    }
    case "pattern":
      return (name) => matchesGlob(value, fromLatin1(name), true);
    default:
      return undefined;
  }
}

function getKeys({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const container = host.commands.find(request, 2);
  if (container === undefined) {
    reply.error("ERR Invalid command specified");
    return;
  }
  const inner = tail(request, 2);
  const subcommand =
    inner.count > 1 ? findByName(container.subcommands ?? [], inner.text(1).toLowerCase()) : undefined;
  const command = subcommand ?? container;
  if (command.keys === undefined) {
    reply.error("ERR The command has no key arguments");
    return;
  }
  if (!arityFits(command, inner.count)) {
    reply.error("ERR Invalid number of arguments specified for command");
    return;
  }
  const count = keyCount(command, inner);
  reply.array(count);
  for (let ordinal = 0; ordinal < count; ordinal++) reply.bulk(inner.view(keyArgument(command, ordinal)));
}

/** The same request without its first `from` arguments. */
function tail(request: Request, from: number): Request {
  const rest = new Request();
  rest.reset(request.bytes);
  for (let index = from; index < request.count; index++)
    rest.add(request.starts[index]!, request.ends[index]!);
  return rest;
}

/** @param name in lower case; a subcommand as `client|list` */
function findByName(commands: readonly Row[], name: string): Row | undefined {
  const bar = name.indexOf("|");
  const command = commands.find((row) => row.name === (bar < 0 ? name : name.slice(0, bar)));
  return bar < 0 ? command : command?.subcommands?.find((row) => row.name === name.slice(bar + 1));
}

/** One element of COMMAND INFO, as Redis 7 has it. */
function writeInfo(command: Row, name: string, reply: ReplyWriter): void {
  const [first, last, step] = command.keys ?? [0, 0, 0];
  reply.array(10);
  reply.bulkText(name);
  reply.integer(command.arity);
  writeStatusSet(command.flags, reply);
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  writeStatusSet(aclCategories(command), reply);
  reply.set(0); // tips
  if (command.keys === undefined) reply.set(0);
  else writeKeySpecification(command, command.keys, reply);
  const subcommands = command.subcommands ?? [];
  reply.set(subcommands.length);
  for (const subcommand of subcommands) writeInfo(subcommand, `${command.name}|${subcommand.name}`, reply);
}

function writeKeySpecification(
  command: Row,
  [first, last, step]: NonNullable<Row["keys"]>,
  reply: ReplyWriter,
): void {
  reply.set(1);
  reply.map(3);
  reply.bulkText("flags");
  writeStatusSet(command.flags.includes("write") ? ["RW", "access", "update"] : ["RO", "access"], reply);
  reply.bulkText("begin_search");
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText("index");
  reply.bulkText("spec");
  reply.map(1);
  reply.bulkText("index");
  reply.integer(first);
  reply.bulkText("find_keys");
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText("range");
  reply.bulkText("spec");
  reply.map(3);
  reply.bulkText("lastkey");
  // Counted from the first key here, unless from the end.
  reply.integer(last < 0 ? last : last - first);
  reply.bulkText("keystep");
  reply.integer(step);
  reply.bulkText("limit");
  reply.integer(0);
}

function writeDocs(command: Row, name: string, reply: ReplyWriter): void {
  const subcommands = command.subcommands ?? [];
  reply.bulkText(name);
  reply.map(subcommands.length === 0 ? 3 : 4);
  reply.bulkText("summary");
  reply.bulkText(command.summary);
  reply.bulkText("since");
  reply.bulkText(command.since);
  reply.bulkText("group");
  reply.bulkText(command.group);
  if (subcommands.length === 0) return;
  reply.bulkText("subcommands");
  reply.map(subcommands.length);
  for (const subcommand of subcommands) writeDocs(subcommand, `${command.name}|${subcommand.name}`, reply);
}

function writeStatusSet(texts: readonly string[], reply: ReplyWriter): void {
  reply.set(texts.length);
  for (const text of texts) reply.status(text);
}
