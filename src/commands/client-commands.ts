import { parseDecimal, parseInt64 } from "../lib/bytes.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { Client } from "./client.ts";
import type { ClientContext } from "./client-context.ts";
import { clientType, describeClient } from "./client-description.ts";
import { type Command, command } from "./command.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR, shownText, wrongSubcommandArguments } from "./command-errors.ts";
import { BAD_CLIENT_NAME, isClientName } from "./connection-commands.ts";
import { containerCommand } from "./container-command.ts";
import { readPause } from "./pause-request.ts";

const NO_TRACKING = "ERR client tracking is not supported here";

/** CLIENT; the same for server and proxy. */
export const clientCommand: Command<ClientContext> = containerCommand<ClientContext>({
  name: "client",
  summary: "A container for client connection commands.",
  subcommands: [
    command(
      "client|id",
      "Returns the unique client ID of the connection.",
      ({ connection }, _request, reply) => reply.integer(connection.id),
    ),
    command(
      "client|info",
      "Returns information about the connection.",
      ({ connection, host }, request, reply) => {
        reply.verbatim("txt", `${describeClient(connection, host, request)}\n`);
      },
    ),
    command("client|list", "Lists open connections.", list),
    command("client|kill", "Terminates open connections.", kill),
    command("client|setname", "Sets the connection name.", setName),
    command("client|getname", "Returns the name of the connection.", getName),
    command("client|setinfo", "Sets information specific to the client or connection.", setInfo),
    command("client|reply", "Instructs the server whether to reply to commands.", setReplyMode),
    command("client|no-evict", "Sets the client eviction mode of the connection.", setNoEvict),
    command(
      "client|tracking",
      "Controls server-assisted client-side caching for the connection.",
      ({ connection, host }, request, reply) => {
        if (host.tracking === undefined) reply.error(NO_TRACKING);
        else host.tracking.change(connection, request, reply);
      },
    ),
    command(
      "client|trackinginfo",
      "Returns information about server-assisted client-side caching for the connection.",
      ({ connection, host }, _request, reply) => {
        if (host.tracking === undefined) reply.error(NO_TRACKING);
        else host.tracking.describe(connection, reply);
      },
    ),
    command(
      "client|caching",
      "Instructs the server whether to track the keys in the next request.",
      ({ connection, host }, request, reply) => {
        if (host.tracking === undefined) reply.error(NO_TRACKING);
        else host.tracking.caching(connection, request, reply);
      },
    ),
    command(
      "client|getredir",
      "Returns the client ID to which the connection's tracking notifications are redirected.",
      ({ connection }, _request, reply) => reply.integer(connection.redirection),
    ),
    command("client|pause", "Suspends commands processing.", pause),
    command(
      "client|unpause",
      "Resumes processing commands from paused clients.",
      ({ host }, _request, reply) => {
        host.pause.end();
        reply.ok();
      },
    ),
    command(
      "client|unblock",
      "Unblocks a client blocked by a blocking command from a different connection.",
      unblock,
    ),
  ],
  help: [
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR <ip:port>",
    "      Kill connections made from the specified address",
    "    * LADDR <ip:port>",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "    * ID <client-id>",
    "      Kill connections by client id.",
    "    * MAXAGE <maxage>",
    "      Kill connections older than the specified age in seconds.",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "    * ID <client-id> [<client-id> [...]]",
    "      Return clients of specified IDs only.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETINFO (LIB-NAME|LIB-VER) <value>",
    "    Name the library, or its version, that uses the current connection.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
  ],
});

function list(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const { host } = context;
  const chosen = chooseListed(context, request);
  if (typeof chosen === "string") {
    reply.error(chosen);
    return;
  }
  let text = "";
  for (const client of chosen) {
    text += `${describeClient(client, host, client === context.connection ? request : undefined)}\n`;
  }
  reply.verbatim("txt", text);
}

/** Reads the arguments of CLIENT LIST. @returns the chosen clients, or an error */
function chooseListed({ host }: ClientContext, request: Request): Client[] | string {
  const { registry } = host;
  if (request.count === 2) return [...registry];
  const option = request.text(2).toLowerCase();
  if (option === "type" && request.count === 4) {
    const type = parseType(request, 3);
    if (type === undefined) return unknownType(request, 3);
    return [...registry].filter((client) => clientType(client) === type);
  }
  if (option === "id" && request.count > 3) {
    const chosen: Client[] = [];
    for (let index = 3; index < request.count; index++) {
      const id = parseDecimal(request.bytes, request.starts[index]!, request.ends[index]!);
      if (id === undefined) return "ERR Invalid client ID";
      const client = registry.get(id);
      if (client !== undefined) chosen.push(client);
    }
    return chosen;
  }
  return SYNTAX_ERROR;
}

function kill(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const { connection, host } = context;
  if (request.count === 3) {
    const address = request.text(2);
    const victim = [...host.registry].find((client) => client.remoteAddress === address);
    if (victim === undefined) {
      reply.error("ERR No such client");
      return;
    }
    reply.ok();
    end(victim, connection);
    return;
  }
  const filter = parseKillFilter(context, request);
  if (typeof filter === "string") {
    reply.error(filter);
    return;
  }
  let count = 0;
  for (const client of [...host.registry]) {
    if (client === connection && filter.skipSelf) continue;
    if (!isChosen(client, filter, host.clock.wallMs())) continue;
    count++;
    end(client, connection);
  }
  reply.integer(count);
}

interface KillFilter {
  id?: number;
  address?: string;
  localAddress?: string;
  type?: ClientType;
  user?: string;
  minAgeSeconds?: number;
  skipSelf: boolean;
}

/** Reads the options of CLIENT KILL. @returns the filter, or an error */
function parseKillFilter({ host }: ClientContext, request: Request): KillFilter | string {
  const filter: KillFilter = { skipSelf: true };
  for (let index = 2; index < request.count; index += 2) {
    if (index + 1 === request.count) return SYNTAX_ERROR;
    const option = request.text(index).toLowerCase();
    const value = request.text(index + 1);
    const number = parseDecimal(request.bytes, request.starts[index + 1]!, request.ends[index + 1]!);
    if (option === "id") {
      if (number === undefined || number < 1) return "ERR client-id should be greater than 0";
      filter.id = number;
    } else if (option === "addr") {
      filter.address = value;
    } else if (option === "laddr") {
      filter.localAddress = value;
    } else if (option === "type") {
      const type = parseType(request, index + 1);
      if (type === undefined) return unknownType(request, index + 1);
      filter.type = type;
    } else if (option === "user") {
      if (host.access.users.get(value) === undefined) {
        return `ERR No such user '${shownText(request, index + 1)}'`;
      }
      filter.user = value;
    } else if (option === "maxage") {
      if (number === undefined) return "ERR maxage is not an integer or out of range";
      if (number < 1) return "ERR maxage should be greater than 0";
      filter.minAgeSeconds = number;
    } else if (option === "skipme" && /^(yes|no)$/i.test(value)) {
      filter.skipSelf = value.toLowerCase() === "yes";
    } else {
      return SYNTAX_ERROR;
    }
  }
  return filter;
}

function isChosen(client: Client, filter: KillFilter, nowMs: number): boolean {
  if (filter.id !== undefined && client.id !== filter.id) return false;
  if (filter.address !== undefined && client.remoteAddress !== filter.address) return false;
  if (filter.localAddress !== undefined && client.localAddress !== filter.localAddress) return false;
  if (filter.type !== undefined && clientType(client) !== filter.type) return false;
  if (filter.user !== undefined && client.user.name !== filter.user) return false;
  return (
    filter.minAgeSeconds === undefined ||
    Math.floor((nowMs - client.connectedAtMs) / 1000) >= filter.minAgeSeconds
  );
}

function end(victim: Client, killer: Client): void {
  // A client that kills itself gets the reply first.
  if (victim === killer) victim.closeAfterReplies();
  else victim.close();
}

type ClientType = "normal" | "pubsub" | "master" | "replica";

function parseType(request: Request, index: number): ClientType | undefined {
  const text = request.text(index).toLowerCase();
  if (text === "slave") return "replica";
  return text === "normal" || text === "pubsub" || text === "master" || text === "replica" ? text : undefined;
}

function unknownType(request: Request, index: number): string {
  return `ERR Unknown client type '${shownText(request, index)}'`;
}

function setName({ connection }: ClientContext, request: Request, reply: ReplyWriter): void {
  if (!isClientName(request, 2)) {
    reply.error(BAD_CLIENT_NAME);
    return;
  }
  connection.name = request.text(2);
  reply.ok();
}

function getName({ connection }: ClientContext, _request: Request, reply: ReplyWriter): void {
  if (connection.name === "") reply.null();
  else reply.bulkText(connection.name);
}

function setInfo({ connection }: ClientContext, request: Request, reply: ReplyWriter): void {
  const attribute = request.text(2).toLowerCase();
  if (attribute !== "lib-name" && attribute !== "lib-ver") {
    reply.error(`ERR Unrecognized option '${shownText(request, 2)}'`);
    return;
  }
  if (!isClientName(request, 3)) {
    reply.error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (attribute === "lib-name") connection.libraryName = request.text(3);
  else connection.libraryVersion = request.text(3);
  reply.ok();
}

function setReplyMode({ connection }: ClientContext, request: Request, reply: ReplyWriter): void {
  const mode = request.text(2).toLowerCase();
  if (mode === "on") {
    connection.replyMode = "on";
    reply.ok();
  } else if (mode === "off") {
    connection.replyMode = "off";
  } else if (mode === "skip") {
    if (connection.replyMode !== "off") connection.replyMode = "skip-next";
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

function setNoEvict({ connection }: ClientContext, request: Request, reply: ReplyWriter): void {
  const mode = request.text(2).toLowerCase();
  if (mode !== "on" && mode !== "off") {
    reply.error(SYNTAX_ERROR);
    return;
  }
  connection.noEvict = mode === "on";
  reply.ok();
}

function pause({ host }: ClientContext, request: Request, reply: ReplyWriter): void {
  const asked = readPause(request, host.clock.wallMs());
  if (typeof asked === "string") {
    reply.error(asked);
    return;
  }
  if (asked.forMs > 0) host.pause.begin(asked.forMs, asked.mode);
  reply.ok();
}

function unblock(context: ClientContext, request: Request, reply: ReplyWriter): void {
  const reason = request.count === 3 ? "timeout" : request.text(3).toLowerCase();
  if (request.count > 4) {
    reply.error(wrongSubcommandArguments("client", request));
    return;
  }
  if (reason !== "timeout" && reason !== "error") {
    reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const id = parseInt64(request.bytes, request.starts[2]!, request.ends[2]!);
  if (id === undefined) reply.error(NOT_AN_INTEGER);
  else if (context.host.unblock === undefined) reply.integer(0);
  else context.host.unblock(context, Number(id), reason.toUpperCase(), reply);
}
