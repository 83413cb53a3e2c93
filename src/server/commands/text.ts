import { type Command, ownCommand } from "../../commands/command.ts";
import { NEVER } from "../../engine/engine.ts";
import type { ServerContext } from "../context.ts";
import { dump } from "../dump.ts";

/** The verbs of the text protocol. Its parser has already checked their arguments. */
export const textCommands: readonly Command<ServerContext>[] = [
  ownCommand(
    ["get", 2, "readonly fast", "reads 1", "bulk", "0.1.0"],
    "Returns the value of a key.",
    ({ keyspace }, request, reply) => {
      if (!keyspace.read(request.bytes, request.starts[1]!, request.ends[1]!, reply)) reply.null();
    },
  ),
  ownCommand(
    ["put", 3, "write denyoom", "replaces 1", "status", "0.1.0"],
    "Sets the value of a key.",
    ({ keyspace, connection }, request, reply) => {
      keyspace.setArgument(request, 1, 2, NEVER, connection);
      reply.ok();
    },
  ),
  ownCommand(
    ["delete", 2, "write", "deletes 1", "status", "0.1.0"],
    "Deletes a key.",
    ({ keyspace, connection }, request, reply) => {
      if (keyspace.delete(request.view(1), connection)) reply.ok();
      else reply.null();
    },
  ),
  ownCommand(
    ["dump", 1, "readonly", "reads *", "bulk", "0.1.0"],
    "Returns all keys and values as one JSON object.",
    dump,
  ),
];
