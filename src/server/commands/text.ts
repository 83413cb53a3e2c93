import { NEVER } from "../../engine/engine.ts";
import type { Command } from "../../net/command-table.ts";
import { isPassword } from "../../net/connection-commands.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";
import { dump } from "../dump.ts";

/** The verbs of the text protocol. Its parser has checked their arguments already. */
export const textCommands: readonly Command<ServerContext>[] = [
  {
    name: "get",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: [1, 1, 1],
    group: "string",
    summary: "Returns the value of a key.",
    since: "0.1.0",
    run({ keyspace }, request, reply) {
      if (!keyspace.read(request.bytes, request.starts[1]!, request.ends[1]!, reply)) reply.null();
    },
  },
  {
    name: "put",
    arity: 3,
    flags: ["write", "denyoom"],
    keys: [1, 1, 1],
    group: "string",
    summary: "Sets the value of a key.",
    since: "0.1.0",
    run({ keyspace, connection }, request, reply) {
      keyspace.setArgument(request, 1, 2, NEVER, connection);
      reply.ok();
    },
  },
  {
    name: "delete",
    arity: 2,
    flags: ["write"],
    keys: [1, 1, 1],
    group: "generic",
    summary: "Deletes a key.",
    since: "0.1.0",
    run({ keyspace, connection }, request, reply) {
      if (keyspace.delete(request.view(1), connection)) reply.ok();
      else reply.null();
    },
  },
  {
    name: "dump",
    arity: 1,
    flags: ["readonly"],
    group: "generic",
    summary: "Returns all keys and values as one JSON object.",
    since: "0.1.0",
    run: (context) => dump(context),
  },
  {
    name: "auth",
    arity: 2,
    flags: ["no_auth", "fast"],
    group: "connection",
    summary: "Authenticates the connection.",
    since: "0.1.0",
    run: auth,
  },
  {
    name: "quit",
    arity: 1,
    flags: ["no_auth", "fast"],
    group: "connection",
    summary: "Closes the connection.",
    since: "0.1.0",
    run({ connection }, _request, reply) {
      reply.ok();
      connection.closeAfterReplies();
    },
  },
];

function auth({ host, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  if (host.password === undefined) return reply.error("ERR AUTH is not needed: there is no password");
  if (!isPassword(host, request.view(1))) return reply.error("WRONGPASS invalid password");
  connection.authenticate();
  reply.ok();
}
