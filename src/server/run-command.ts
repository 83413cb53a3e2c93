import type { Command } from "../commands/command.ts";
import { OutOfMemoryError, StorageError, TooLargeError } from "../engine/engine.ts";
import { BufferLimitError } from "../lib/byte-buffer.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ServerContext } from "./context.ts";

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

/**
 * Runs one command, and answers with an error when the engine refuses. Commands change data before they begin to
 * reply, so the error is the whole reply.
 * @throws BufferLimitError when the reply becomes too large to be sent
 */
export function runCommand(
  command: Command<ServerContext>,
  context: ServerContext,
  request: Request,
  reply: ReplyWriter,
): void {
  const { clock, slowlog } = context.host;
  const isMeasured = slowlog.measures(command);
  const startedMs = isMeasured ? clock.monotonicMs() : 0;
  try {
    command.run(context, request, reply);
  } catch (error) {
    if (error instanceof BufferLimitError || !answerRefusal(error, context, command.name, reply)) throw error;
  }
  if (isMeasured) {
    const micros = (clock.monotonicMs() - startedMs) * 1000;
    slowlog.executed(request, command.name, context.connection, clock.wallMs(), micros);
  }
  context.host.tracking.executed(context.connection, command, request);
}

/** Answers with the error for an exception of the engine. @returns false for a fault, which has been logged */
export function answerRefusal(
  error: unknown,
  { host }: ServerContext,
  command: string,
  reply: ReplyWriter,
): boolean {
  if (error instanceof OutOfMemoryError) reply.error(OUT_OF_MEMORY);
  else if (error instanceof TooLargeError) reply.error(`ERR ${error.message}`);
  else if (error instanceof StorageError) {
    host.storageFailed(error);
    reply.error(`MISCONF ${error.message}`);
  } else {
    host.log.error({ err: error, command }, "a command failed");
    return false;
  }
  return true;
}
