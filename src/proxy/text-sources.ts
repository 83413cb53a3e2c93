import { utf8 } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { TextWriter } from "../protocol/text-writer.ts";

/** What stands before a reply of the text protocol: where it came from. */
export const FROM_PROXY: Uint8Array = utf8("{Proxy Server} : ");
export const FROM_BACKEND: Uint8Array = utf8("{Backend Server} : ");

/** Keeps the place of a reply that the origin gives. */
export function backendTicket(connection: Connection): Ticket {
  const ticket = connection.defer();
  (ticket.reply as TextWriter).prefix = FROM_BACKEND;
  return ticket;
}
