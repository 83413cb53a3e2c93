import { type Command, command } from "../../commands/command.ts";
import { shownText, wrongSubcommandArguments } from "../../commands/command-errors.ts";
import { writeHelp } from "../../commands/container-command.ts";
import { parseDecimal } from "../../lib/bytes.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";
import { mayDebug } from "../debug-access.ts";

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';
const MOST_SLEEP_SECONDS = 3600;

const HELP: readonly string[] = [
  "ERROR <string>",
  "    Return a Redis protocol error with <string> as message. Useful for clients",
  "    unit tests to simulate Redis errors.",
  "LOG <message>",
  "    Write <message> to the server log.",
  "SET-ACTIVE-EXPIRE <0|1>",
  "    Setting it to 0 disables expiring keys in background when they are not",
  "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
  "    default.",
  "SLEEP <seconds>",
  "    Stop the server for <seconds>. Decimals allowed.",
];

/** The subcommands, with their number of arguments. */
const SUBCOMMANDS: Readonly<Record<string, { count: number; run: Command<ServerContext>["run"] }>> = {
  error: { count: 3, run: (_context, request, reply) => reply.error(request.text(2)) },
  help: { count: 2, run: (_context, _request, reply) => writeHelp("debug", HELP, reply) },
  log: { count: 3, run: log },
  "set-active-expire": { count: 3, run: setActiveExpiry },
  sleep: { count: 3, run: sleep },
};

/** DEBUG, for tests of programs that use the server: what can also be told of a Redis by its clients. */
export const debugCommand: Command<ServerContext> = command(
  "debug",
  "A container for debugging commands.",
  (context, request, reply) => {
    if (!mayDebug(context.host.debugAccess, context.connection.isLocal)) return reply.error(NOT_ALLOWED);
    const subcommand = Object.entries(SUBCOMMANDS).find(
      ([name]) => name === request.text(1).toLowerCase(),
    )?.[1];
    if (subcommand?.count !== request.count) return reply.error(wrongSubcommandArguments("debug", request));
    subcommand.run(context, request, reply);
  },
);

function log({ host }: ServerContext, request: Request, reply: ReplyWriter) {
  host.log.warn({ message: shownText(request, 2) }, "DEBUG LOG");
  reply.ok();
}

function setActiveExpiry({ host }: ServerContext, request: Request, reply: ReplyWriter) {
  const isOn = parseDecimal(request.bytes, request.starts[2]!, request.ends[2]!);
  if (isOn !== 0 && isOn !== 1) return reply.error("ERR the argument must be 0 or 1");
  if (isOn === 1) host.activeExpiry.start();
  else host.activeExpiry.stop();
  reply.ok();
}

/** Stops everything that this thread does, as a server that hangs. CLIENT PAUSE only makes clients wait. */
function sleep(_context: ServerContext, request: Request, reply: ReplyWriter) {
  const seconds = Number(request.text(2));
  if (!(seconds >= 0 && seconds <= MOST_SLEEP_SECONDS)) {
    return reply.error(`ERR the argument must be a number of seconds from 0 to ${MOST_SLEEP_SECONDS}`);
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  reply.ok();
}
