import type { Ticket } from "../net/ticket.ts";
import type { ServerContext } from "./context.ts";

/** Sends the reply when the engine's writes are durable, or an error when they cannot be. */
export function sendWhenDurable({ host }: ServerContext, ticket: Ticket, end: () => void): void {
  const promise = host.engine.settle();
  if (promise === undefined) {
    end();
    return;
  }
  promise.then(end, (error: unknown) => {
    ticket.buffer.clear();
    ticket.reply.error(`MISCONF ${error instanceof Error ? error.message : String(error)}`);
    end();
  });
}
