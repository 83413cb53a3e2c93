import type { Ticket } from "../../net/connection.ts";
import type { Request } from "../../protocol/protocol.ts";
import { decodeReply, ReplyError } from "../../protocol/reply-value.ts";
import type { Peers } from "./peers.ts";

/** Whether a command is about the clients or counters of all threads, not of one. */
export function concernsAllThreads(request: Request): boolean {
  if (request.count < 2) return false;
  const name = request.text(0).toLowerCase();
  const subcommand = request.text(1).toLowerCase();
  return name === "client"
    ? subcommand === "list" || subcommand === "kill"
    : name === "config" && subcommand === "resetstat";
}

/**
 * Completes a reply that this thread has made with those of the others: lists are put together, counts added up; of
 * an error and a success (CLIENT KILL of an address that one thread has) the success holds.
 * @param own this thread's reply, in RESP2
 */
export async function askAll(peers: Peers, request: Request, own: Uint8Array, ticket: Ticket): Promise<void> {
  const args = Array.from({ length: request.count }, (_, index) => request.text(index));
  const answers = await peers.ask({ kind: "command", args });
  const replies = [own, ...answers].map((bytes) => decodeReply(bytes, 0, bytes.length));
  const { reply } = ticket;
  const lists = replies.filter((value) => value instanceof Uint8Array);
  const counts = replies.filter((value) => typeof value === "number");
  const first = replies[0];
  if (lists.length > 0) {
    const texts = lists.map((list) => Buffer.from(list as Uint8Array).toString());
    // A thread without clients answers an empty line.
    reply.verbatim("txt", texts.filter((text) => text.trim() !== "").join(""));
  } else if (counts.length > 0) {
    reply.integer((counts as number[]).reduce((sum, count) => sum + count, 0));
  } else if (first instanceof ReplyError && !replies.some((value) => value === "OK")) {
    reply.error(first.message);
  } else {
    reply.ok();
  }
  ticket.done();
}
