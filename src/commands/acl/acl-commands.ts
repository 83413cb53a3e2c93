import { fromLatin1, parseInt64 } from "../../lib/bytes.ts";
import { type ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ClientContext } from "../client-context.ts";
import { type Command, command } from "../command.ts";
import { NOT_AN_INTEGER, shownText, wrongArity, wrongSubcommandArguments } from "../command-errors.ts";
import { COMMAND_FACTS, factsOfRequest } from "../command-facts.ts";
import { arityFits } from "../command-table.ts";
import { containerCommand } from "../container-command.ts";
import { CATEGORIES } from "../facts.ts";
import type { LogEntry } from "./access-log.ts";
import { denialOf, describeDenial } from "./denial.ts";
import { hasSpaces } from "./rule-error.ts";
import type { Selector } from "./selector.ts";
import { UsersTextError } from "./users-text.ts";

const NO_FILE =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER " +
  "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users " +
  "in the Redis configuration.";
const NOTHING_CHANGED =
  "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
const MOST_PASSWORD_BITS = 4096;
const USUAL_PASSWORD_BITS = 256n;
const USUAL_ENTRIES = 10n;

/** ACL; the same for server and proxy. */
export const aclCommand: Command<ClientContext> = containerCommand<ClientContext>({
  name: "acl",
  summary: "A container for Access List Control commands.",
  subcommands: [
    command("acl|cat", "Lists the ACL categories, or the commands inside a category.", cat),
    command("acl|deluser", "Deletes ACL users, and terminates their connections.", deleteUsers),
    command("acl|dryrun", "Simulates the execution of a command by a user, without executing it.", dryRun),
    command("acl|genpass", "Generates a pseudorandom, secure password that can be used by users.", genPass),
    command("acl|getuser", "Lists the ACL rules of a user.", getUser),
    command("acl|list", "Dumps the effective rules in ACL file format.", list),
    command("acl|load", "Reloads the rules from the configured ACL file.", load),
    command("acl|log", "Lists recent security events generated due to ACL rules.", log),
    command("acl|save", "Saves the effective ACL rules in the configured ACL file.", save),
    command("acl|setuser", "Creates and modifies an ACL user and its rules.", setUser),
    command("acl|users", "Lists all ACL users.", users),
    command(
      "acl|whoami",
      "Returns the authenticated username of the current connection.",
      ({ connection }, _request, reply) => reply.bulk(fromLatin1(connection.user.name)),
    ),
  ],
  help: [
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing the command.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOAD",
    "    Reload users from the ACL file.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SAVE",
    "    Save the current config to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Create or modify a user with the specified attributes.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
  ],
});

// ---- telling

function cat({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  if (request.count === 2) {
    reply.array(CATEGORIES.length);
    for (const category of CATEGORIES) reply.bulkText(category);
    return;
  }
  if (request.count > 3) {
    reply.error(wrongSubcommandArguments("acl", request));
    return;
  }
  const category = `@${request.text(2).toLowerCase()}`;
  if (!CATEGORIES.includes(category.slice(1))) {
    reply.error(`ERR Unknown category '${shownText(request, 2)}'`);
    return;
  }
  const names = [...COMMAND_FACTS.values()]
    .filter(({ name, categories }) => categories.includes(category) && host.runs(name))
    .map(({ name }) => name);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function dryRun({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const { users, running } = host.access;
  const user = users.get(request.text(2));
  if (user === undefined) {
    reply.error(`ERR User '${shownText(request, 2)}' not found`);
    return;
  }
  const tried = requestFrom(request, 3);
  const facts = factsOfRequest(tried);
  if (facts === undefined || !host.runs(facts.name)) {
    reply.error(`ERR Command '${shownText(request, 3)}' not found`);
  } else if (!arityFits(facts, tried.count)) {
    reply.error(wrongArity(facts.name));
  } else {
    const denial = denialOf(user, facts, tried, running);
    if (denial === undefined) reply.ok();
    else reply.bulk(fromLatin1(describeDenial(denial)));
  }
}

/** The request that begins at an argument of another. */
function requestFrom(request: Request, first: number): Request {
  const rest = new Request();
  rest.reset(request.bytes);
  for (let index = first; index < request.count; index++)
    rest.add(request.starts[index]!, request.ends[index]!);
  return rest;
}

function genPass({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  if (request.count > 3) {
    reply.error(wrongSubcommandArguments("acl", request));
    return;
  }
  const bits =
    request.count === 2
      ? USUAL_PASSWORD_BITS
      : parseInt64(request.bytes, request.starts[2]!, request.ends[2]!);
  if (bits === undefined) reply.error(NOT_AN_INTEGER);
  else if (bits <= 0n || bits > MOST_PASSWORD_BITS) {
    reply.error(
      "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to " +
        MOST_PASSWORD_BITS,
    );
  } else {
    const digits = Math.ceil(Number(bits) / 4);
    const bytes = [...host.access.secretBytes(Math.ceil(digits / 2))];
    reply.bulkText(
      bytes
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join("")
        .slice(0, digits),
    );
  }
}

function getUser({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const user = host.access.users.get(request.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  const [own, ...more] = user.selectors;
  reply.map(6);
  reply.bulkText("flags");
  reply.set(user.flags.length);
  for (const flag of user.flags) reply.bulkText(flag);
  reply.bulkText("passwords");
  reply.array(user.passwords.length);
  for (const hash of user.passwords) reply.bulkText(hash);
  describe(own!, reply);
  reply.bulkText("selectors");
  reply.array(more.length);
  for (const selector of more) {
    reply.map(3);
    describe(selector, reply);
  }
}

function describe({ commands, keys, channels }: Selector, reply: ReplyWriter): void {
  for (const [name, { text }] of Object.entries({ commands, keys, channels })) {
    reply.bulkText(name);
    reply.bulk(fromLatin1(text));
  }
}

function list({ host }: ClientContext, _request: Request, reply: ReplyWriter): void {
  const { all } = host.access.users;
  reply.array(all.length);
  for (const { name, text } of all) reply.bulk(fromLatin1(`user ${name} ${text}`));
}

function users({ host }: ClientContext, _request: Request, reply: ReplyWriter): void {
  const { all } = host.access.users;
  reply.array(all.length);
  for (const { name } of all) reply.bulk(fromLatin1(name));
}

// ---- changing

function setUser(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const name = request.text(2);
  if (hasSpaces(name)) {
    reply.error("ERR Usernames can't contain spaces or null characters");
    return;
  }
  const rules = textsFrom(request, 3);
  change(context, reply, ({ users }) => {
    users.set(name, rules);
    return (writer) => writer.ok();
  });
}

function deleteUsers(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const names = textsFrom(request, 2);
  change(context, reply, ({ users }) => {
    const count = users.delete(names);
    return (writer) => writer.integer(count);
  });
}

function load(context: ClientContext, _request: Request, reply: ReplyWriter): void {
  const { usersFile } = context.host.access;
  if (usersFile === undefined) {
    reply.error(NO_FILE);
    return;
  }
  change(context, reply, ({ users }) => {
    users.replaceBy(usersFile.read());
    return (writer) => writer.ok();
  });
}

function save({ host }: ClientContext, _request: Request, reply: ReplyWriter): void {
  const { usersFile, users } = host.access;
  if (usersFile === undefined) {
    reply.error(NO_FILE);
    return;
  }
  try {
    usersFile.write(users.text);
    reply.ok();
  } catch (error) {
    reply.error(`ERR There was an error trying to save the ACLs: ${(error as Error).message}`);
  }
}

/**
 * Makes a change, and answers when all threads know it. Then whatever it takes away is gone everywhere.
 * @param make returns how to write the reply
 */
function change(
  context: ClientContext,
  reply: ReplyWriter,
  make: (access: ClientContext["host"]["access"]) => (writer: ReplyWriter) => void,
): void {
  const { access } = context.host;
  let write: (writer: ReplyWriter) => void;
  try {
    write = make(access);
  } catch (error) {
    const after = error instanceof UsersTextError ? ` ${NOTHING_CHANGED}` : "";
    reply.error(`ERR ${(error as Error).message}${after}`);
    return;
  }
  access.closeRevoked(context.connection);
  if (access.peers === undefined) write(reply);
  else {
    const answer = context.answerLater!();
    void access.peers.adopt().then(() => answer(write));
  }
}

function textsFrom(request: Request, first: number): string[] {
  return Array.from({ length: Math.max(0, request.count - first) }, (_, index) =>
    request.text(first + index),
  );
}

// ---- LOG

function log(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const { access, clock } = context.host;
  if (request.count > 3) {
    reply.error(wrongSubcommandArguments("acl", request));
    return;
  }
  if (request.count === 3 && request.text(2).toLowerCase() === "reset") {
    access.log.reset();
    if (access.peers === undefined) reply.ok();
    else {
      const answer = context.answerLater!();
      void access.peers.forget().then(() => answer((writer) => writer.ok()));
    }
    return;
  }
  const asked =
    request.count === 2 ? USUAL_ENTRIES : parseInt64(request.bytes, request.starts[2]!, request.ends[2]!);
  if (asked === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const count = Number(asked < 0n ? 0n : asked);
  const own = access.log.newest(count);
  if (access.peers === undefined) {
    writeLog(own, clock.wallMs(), reply);
    return;
  }
  const answer = context.answerLater!();
  void access.peers.newest(count).then((theirs) => {
    const all = [...own, ...theirs].sort((one, other) => other.updatedAtMs - one.updatedAtMs);
    answer((writer) => writeLog(all.slice(0, count), clock.wallMs(), writer));
  });
}

function writeLog(entries: readonly LogEntry[], nowMs: number, reply: ReplyWriter): void {
  reply.array(entries.length);
  for (const entry of entries) {
    reply.map(10);
    const texts: [string, string][] = [
      ["reason", entry.reason],
      ["context", entry.context],
      ["object", entry.object],
      ["username", entry.username],
    ];
    reply.bulkText("count");
    reply.integer(entry.count);
    for (const [name, text] of texts) {
      reply.bulkText(name);
      reply.bulk(fromLatin1(text));
    }
    reply.bulkText("age-seconds");
    reply.double(Math.max(0, nowMs - entry.updatedAtMs) / 1000);
    reply.bulkText("client-info");
    reply.bulk(fromLatin1(entry.clientInfo));
    const numbers: [string, number][] = [
      ["entry-id", entry.id],
      ["timestamp-created", entry.createdAtMs],
      ["timestamp-last-updated", entry.updatedAtMs],
    ];
    for (const [name, value] of numbers) {
      reply.bulkText(name);
      reply.integer(Math.floor(value));
    }
  }
}
