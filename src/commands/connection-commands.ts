import { parseDecimal, parseInt64 } from "../lib/bytes.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { DEFAULT_USER } from "./acl/users.ts";
import type { ClientContext } from "./client-context.ts";
import { type Command, command } from "./command.ts";
import { INT32_MAX, NOT_AN_INTEGER, OUTSIDE_INT32, shownText, wrongArity } from "./command-errors.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD_SET =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
const HELLO_UNAUTHENTICATED =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
export const BAD_CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

/** The commands that set up a connection; the same in server and proxy. */
export const connectionCommands: readonly Command<ClientContext>[] = [
  command("hello", "Handshakes with the server.", hello),
  command("auth", "Authenticates the connection.", auth),
  command("ping", "Returns the server's liveliness response.", ping),
  command("echo", "Returns the given string.", (_context, request, reply) =>
    reply.bulk(request.bytes, request.starts[1]!, request.ends[1]!),
  ),
  command("quit", "Closes the connection.", quit),
  command("reset", "Resets the connection.", reset),
  command("select", "Changes the selected database.", select),
];

/** Whether argument `index` is a valid name of a client or a library: printable ASCII without spaces. */
export function isClientName(request: Request, index: number): boolean {
  for (let at = request.starts[index]!; at < request.ends[index]!; at++) {
    const byte = request.bytes[at]!;
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return true;
}

function hello(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const { connection, host } = context;
  let version: number | undefined;
  if (request.count > 1) {
    version = parseDecimal(request.bytes, request.starts[1]!, request.ends[1]!);
    if (version === undefined) {
      reply.error("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (version !== 2 && version !== 3) {
      reply.error("NOPROTO unsupported protocol version");
      return;
    }
  }
  let credentials = 0;
  let name = 0;
  for (let index = 2; index < request.count; index++) {
    const option = request.text(index).toLowerCase();
    if (option === "auth" && index + 2 < request.count) {
      credentials = index + 1;
      index += 2;
    } else if (option === "setname" && index + 1 < request.count) {
      if (!isClientName(request, index + 1)) {
        reply.error(BAD_CLIENT_NAME);
        return;
      }
      name = index + 1;
      index++;
    } else {
      reply.error(`ERR Syntax error in HELLO option '${shownText(request, index)}'`);
      return;
    }
  }
  // Of several options the last one counts. The name is not set if the password is wrong.
  if (credentials > 0 && !authenticateAs(context, request, credentials)) {
    reply.error(WRONG_PASSWORD);
    return;
  }
  if (!connection.authenticated) {
    reply.error(HELLO_UNAUTHENTICATED);
    return;
  }
  if (name > 0) connection.name = request.text(name);
  if (version !== undefined) connection.respVersion = version as 2 | 3;
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText(host.serverName);
  reply.bulkText("version");
  reply.bulkText(host.redisVersion);
  reply.bulkText("proto");
  reply.integer(connection.respVersion);
  reply.bulkText("id");
  reply.integer(connection.id);
  reply.bulkText("mode");
  reply.bulkText(host.mode);
  reply.bulkText("role");
  reply.bulkText(host.role);
  reply.bulkText("modules");
  reply.array(0);
}

function auth(context: ClientContext, request: Request, reply: ReplyWriter): void {
  if (request.count > 3) {
    reply.error("ERR syntax error");
    return;
  }
  const { access } = context.host;
  if (request.count === 2 && access.users.default.needsNoPassword) {
    reply.error(NO_PASSWORD_SET);
    return;
  }
  const isRight =
    request.count === 3
      ? authenticateAs(context, request, 1)
      : access.authenticate(context.connection, DEFAULT_USER, request.view(1), "AUTH");
  if (isRight) reply.ok();
  else reply.error(WRONG_PASSWORD);
}

/** Authenticates by a name and a password. @param at the position of the name */
function authenticateAs({ connection, host }: ClientContext, request: Request, at: number): boolean {
  const command = request.text(0).toUpperCase();
  return host.access.authenticate(connection, request.text(at), request.view(at + 1), command);
}

function ping({ connection }: ClientContext, request: Request, reply: ReplyWriter): void {
  if (connection.isSubscribed && reply.version === 2 && request.count <= 2) {
    // A subscriber expects messages only.
    reply.array(2);
    reply.bulkText("pong");
    if (request.count === 1) reply.bulkText("");
    else reply.bulk(request.bytes, request.starts[1]!, request.ends[1]!);
  } else if (request.count === 1) reply.status("PONG");
  else if (request.count === 2) reply.bulk(request.bytes, request.starts[1]!, request.ends[1]!);
  else reply.error(wrongArity("ping"));
}

function quit({ connection }: ClientContext, _request: Request, reply: ReplyWriter): void {
  reply.ok();
  connection.closeAfterReplies();
}

function reset(context: ClientContext, _request: Request, reply: ReplyWriter): void {
  const { connection, host } = context;
  const { users } = host.access;
  connection.reset(users.default, !users.needsPassword);
  host.onReset(context);
  reply.status("RESET");
}

function select({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const index = parseInt64(request.bytes, request.starts[1]!, request.ends[1]!);
  if (index === undefined) reply.error(NOT_AN_INTEGER);
  else if (index > INT32_MAX || index < -INT32_MAX - 1n) reply.error(OUTSIDE_INT32);
  else if (index !== BigInt(host.database ?? 0)) reply.error("ERR DB index is out of range");
  else reply.ok();
}
