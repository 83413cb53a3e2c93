import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import { type ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ClientContext } from "./client-context.ts";
import { type Command, command } from "./command.ts";
import { SYNTAX_ERROR } from "./command-errors.ts";
import { arityFits } from "./command-table.ts";
import { containerCommand } from "./container-command.ts";
import { type KeyUse, keysOf } from "./facts.ts";
import { keyFlagsOf, specificationFlags } from "./key-flags.ts";

type Row = Command<never>;

const commandContainer = containerCommand<ClientContext>({
  name: "command",
  summary: "Returns detailed information about all commands.",
  subcommands: [
    command("command|count", "Returns a count of commands.", ({ host }, _request, reply) =>
      reply.integer(host.commands.commands.length),
    ),
    command("command|info", "Returns information about one, multiple or all commands.", info),
    command("command|docs", "Returns documentary information about one, multiple or all commands.", docs),
    command("command|list", "Returns a list of command names.", list),
    command(
      "command|getkeys",
      "Extracts the key names from an arbitrary command.",
      (context, request, reply) => getKeys(context, request, reply, false),
    ),
    command(
      "command|getkeysandflags",
      "Extracts the key names and access flags for an arbitrary command.",
      (context, request, reply) => getKeys(context, request, reply, true),
    ),
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
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full command.",
  ],
});

/** COMMAND over the service's table of commands. Without a subcommand it describes all of them. */
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

/** Reads the filter of COMMAND LIST. @returns undefined if there is no such filter */
function listFilter(request: Request): ((name: string, command: Row) => boolean) | undefined {
  if (request.count === 2) return () => true;
  if (request.count !== 5 || request.text(2).toLowerCase() !== "filterby") return undefined;
  const value = request.copy(4);
  switch (request.text(3).toLowerCase()) {
    case "module":
      return () => false;
    case "aclcat": {
      const category = `@${latin1(value).toLowerCase()}`;
      return (_name, command) => command.categories.includes(category);
    }
    case "pattern":
      return (name) => matchesGlob(value, fromLatin1(name), true);
    default:
      return undefined;
  }
}

function getKeys({ host }: ClientContext, request: Request, reply: ReplyWriter, withFlags: boolean): void {
  const container = host.commands.find(request, 2);
  if (container === undefined) {
    reply.error("ERR Invalid command specified");
    return;
  }
  const inner = tail(request, 2);
  const subcommand =
    inner.count > 1 ? findByName(container.subcommands ?? [], inner.text(1).toLowerCase()) : undefined;
  const command = subcommand ?? container;
  if (command.uses.length === 0) {
    reply.error("ERR The command has no key arguments");
    return;
  }
  if (!arityFits(command, inner.count)) {
    reply.error("ERR Invalid number of arguments specified for command");
    return;
  }
  const keys = command.uses.flatMap((use) => keysOf(use, inner).map((index) => ({ index, use })));
  reply.array(keys.length);
  for (const { index, use } of keys) {
    if (withFlags) reply.array(2);
    reply.bulk(inner.view(index));
    if (withFlags) writeStatusSet(keyFlagsOf(use, command.name, inner), reply);
  }
}

/** A copy of the request without its first `from` arguments. */
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
  writeStatusSet(command.categories, reply);
  reply.set(0); // tips
  const uses = command.uses.filter(({ isEveryKey }) => !isEveryKey);
  reply.set(uses.length);
  for (const use of uses) writeKeySpecification(use, command.name, reply);
  const subcommands = command.subcommands ?? [];
  reply.set(subcommands.length);
  for (const subcommand of subcommands) writeInfo(subcommand, `${command.name}|${subcommand.name}`, reply);
}

function writeKeySpecification(use: KeyUse, name: string, reply: ReplyWriter): void {
  const { keyword, isCounted, first, last, step } = use;
  reply.map(3);
  reply.bulkText("flags");
  writeStatusSet(specificationFlags(use, name), reply);
  reply.bulkText("begin_search");
  if (keyword === undefined) writeSearch(reply, "index", { index: first });
  else writeSearch(reply, "keyword", { keyword: keyword.toUpperCase(), startfrom: first });
  reply.bulkText("find_keys");
  if (isCounted) writeSearch(reply, "keynum", { keynumidx: 0, firstkey: 1, keystep: step });
  // Here a last key is counted from the first one, unless it is counted from the end.
  else writeSearch(reply, "range", { lastkey: last < 0 ? last : last - first, keystep: step, limit: 0 });
}

function writeSearch(
  reply: ReplyWriter,
  type: string,
  fields: Readonly<Record<string, string | number>>,
): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  const entries = Object.entries(fields);
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
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
