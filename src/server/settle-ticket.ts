import type { Ticket } from "../net/ticket.ts";
import type { ServerContext } from "./context.ts";

/** The reply is sent when the write is as durable as the engine makes it. */
export function settleTicket({ host }: ServerContext, ticket: Ticket, end: () => void): void {
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
