import { utf8 } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { TextWriter } from "../protocol/text-writer.ts";

/** The prefixes of replies in the text protocol, which say where they came from. */
export const FROM_PROXY: Uint8Array = utf8("{Proxy Server} : ");
export const FROM_BACKEND: Uint8Array = utf8("{Backend Server} : ");

/** Reserves the place of a reply from the origin. */
export function backendTicket(connection: Connection): Ticket {
  const ticket = connection.defer();
  (ticket.reply as TextWriter).prefix = FROM_BACKEND;
  return ticket;
}
