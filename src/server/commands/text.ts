import { NEVER } from "../../engine/engine.ts";
import type { Command } from "../../net/command-table.ts";
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
];
