import { type Command, command } from "../../commands/command.ts";
import { containerCommand } from "../../commands/container-command.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";
import { EMBEDDED_BYTES } from "../encodings.ts";

/** The count of references that Redis tells of the integers from 0 to 9,999, which it keeps once for all keys. */
const SHARED = 2_147_483_647;
const MOST_SHARED = 9999;
const NO_FREQUENCY =
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
const NO_IDLE_TIME =
  "ERR idle time not tracked: this server's eviction policies keep an order of keys, no times of access";

/** OBJECT. All values are byte strings; the replies use Redis's words for them. */
export const objectCommand: Command<ServerContext> = containerCommand<ServerContext>({
  name: "object",
  summary: "A container for object introspection commands.",
  subcommands: [
    command("object|encoding", "Returns the internal encoding of a Redis object.", encoding),
    command(
      "object|freq",
      "Returns the logarithmic access frequency counter of a Redis object.",
      refuse(NO_FREQUENCY),
    ),
    command(
      "object|idletime",
      "Returns the time since the last access to a Redis object.",
      refuse(NO_IDLE_TIME),
    ),
    command("object|refcount", "Returns the reference count of a value of a key.", refcount),
  ],
  help: [
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
  ],
});

function encoding({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(2);
  const length = keyspace.peekLength(key);
  if (length === undefined) return reply.null();
  // A long value need not be read.
  if (length > EMBEDDED_BYTES) return reply.bulkText("raw");
  reply.bulkText(keyspace.encodingOf(key, keyspace.peek(key)!.value));
}

/** Answers as a Redis without `maxmemory`, though nothing is shared here. */
function refcount({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(2);
  const length = keyspace.peekLength(key);
  if (length === undefined) return reply.null();
  if (length > EMBEDDED_BYTES) return reply.integer(1);
  const { value } = keyspace.peek(key)!;
  const number = keyspace.encodingOf(key, value) === "int" ? Number(latin1(value)) : -1;
  reply.integer(number >= 0 && number <= MOST_SHARED ? SHARED : 1);
}

/** Answers with an error when the key exists. */
function refuse(message: string): Command<ServerContext>["run"] {
  return ({ keyspace }, request, reply) => {
    if (keyspace.has(request.view(2))) reply.error(message);
    else reply.null();
  };
}
