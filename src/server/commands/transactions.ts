import { type Command, command } from "../../commands/command.ts";
import { factsOfRequest } from "../../commands/command-facts.ts";
import { BufferLimitError } from "../../lib/byte-buffer.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext } from "../context.ts";
import { runCommand } from "../run-command.ts";

const RULES_CHANGED =
  "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
  "This command is no longer allowed for the following reason";

/** MULTI, EXEC and WATCH. */
export const transactionCommands: readonly Command<ServerContext>[] = [
  command("multi", "Starts a transaction.", multi),
  command("exec", "Executes all commands in a transaction.", exec),
  command("discard", "Discards a transaction.", discard),
  command("watch", "Monitors changes to keys to determine the execution of a transaction.", watch),
  command("unwatch", "Forgets about watched keys of a transaction.", ({ transaction }, _request, reply) => {
    transaction.unwatch();
    reply.ok();
  }),
];

function multi({ transaction }: ServerContext, _request: Request, reply: ReplyWriter) {
  if (transaction.isOpen) return reply.error("ERR MULTI calls can not be nested");
  transaction.begin();
  reply.ok();
}

/**
 * Runs all queued commands in one turn. No other command comes in between, and their writes reach the disk together.
 */
function exec(context: ServerContext, _request: Request, reply: ReplyWriter) {
  const { transaction, connection, host } = context;
  if (!transaction.isOpen) return reply.error("ERR EXEC without MULTI");
  const { queue, hasFailed } = transaction;
  const isTouched = transaction.isTouched || transaction.hasExpiredWatch();
  transaction.end();
  if (hasFailed) return reply.error("EXECABORT Transaction discarded because of previous errors.");
  if (isTouched) return reply.nullArray();
  reply.array(queue.length);
  let overflow: BufferLimitError | undefined;
  for (const { command, request } of queue) {
    const refusal = host.access.admit(connection, factsOfRequest(request), request, true);
    if (refusal !== undefined) {
      reply.error(`${RULES_CHANGED}: ${refusal.replace(/^NOPERM /, "")}`);
      continue;
    }
    try {
      runCommand(command, context, request, reply);
    } catch (error) {
      // The whole reply is too large to be sent, but all commands have been executed.
      if (!(error instanceof BufferLimitError)) throw error;
      overflow = error;
    }
  }
  if (overflow !== undefined) throw overflow;
}

function discard({ transaction }: ServerContext, _request: Request, reply: ReplyWriter) {
  if (!transaction.isOpen) return reply.error("ERR DISCARD without MULTI");
  transaction.end();
  reply.ok();
}

function watch({ transaction, host }: ServerContext, request: Request, reply: ReplyWriter) {
  if (transaction.isOpen) return reply.error("ERR WATCH inside MULTI is not allowed");
  const { watchedKeys } = host.limits;
  if (transaction.watchedCount + request.count - 1 > watchedKeys) {
    return reply.error(`ERR too many watched keys: more than ${watchedKeys}`);
  }
  for (let index = 1; index < request.count; index++) transaction.watch(request.view(index));
  reply.ok();
}
