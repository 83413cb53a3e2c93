import type { Connection } from "../../net/connection.ts";
import type { Request } from "../../protocol/protocol.ts";
import type { RespWriter } from "../../protocol/resp-writer.ts";
import { UpstreamError } from "../../upstream/upstream-error.ts";
import type { ProxyParts } from "../context.ts";
import { failureMessage } from "../forwarded-request.ts";
import type { Exchange } from "../origin-meter.ts";
import { PendingRequest } from "../pending-request.ts";
import { writeWholeReply } from "../reply-downgrade.ts";
import { ERROR, FORWARDED } from "../request-results.ts";
import { isError } from "./joined-replies.ts";
import { PartRequest } from "./part-request.ts";
import type { Part, Plan } from "./plan.ts";

interface Sent {
  readonly name: string;
  /** Whether the request may change something. */
  readonly mayWrite: boolean;
  /** Whether the reply waits behind a fence of all nodes and threads. */
  readonly isFenced: boolean;
  /** Called before the client gets the reply. */
  readonly beforeReply: (() => void) | undefined;
  /** Called once, when the reply has been written. */
  readonly done: () => void;
}

/**
 * Sends the parts of a request to their nodes, and answers when all have answered. An error of one part is the
 * request's error, the first part's first. The other parts may have been executed nevertheless.
 */
export function sendParts(
  proxy: ProxyParts,
  client: Connection,
  request: Request,
  { parts, join, isOneEnough = false }: Plan,
  { name, mayWrite, isFenced, beforeReply, done }: Sent,
): void {
  const { stats, fence, origin } = proxy;
  const ticket = client.defer();
  const pending = new PendingRequest(stats, client, request, name);
  stats.forwarded++;
  const replies: (Uint8Array | undefined)[] = parts.map(() => undefined);
  const failures: (UpstreamError | undefined)[] = parts.map(() => undefined);
  let missing = parts.length;
  const write = (): void => {
    const succeeded = replies.filter((reply) => reply !== undefined && !isError(reply)) as Uint8Array[];
    const hasSucceeded = succeeded.length === parts.length || (isOneEnough && succeeded.length > 0);
    const failure = hasSucceeded ? undefined : failures.find((one) => one !== undefined);
    const error = hasSucceeded ? undefined : replies.find((reply) => reply !== undefined && isError(reply));
    const reply = ticket.reply as RespWriter;
    if (error === undefined && failure !== undefined) reply.error(failureMessage(failure, mayWrite, stats));
    else {
      const joined = error ?? join(succeeded);
      writeWholeReply(reply, joined, 0, joined.length);
    }
    pending.ended(failure === undefined ? FORWARDED : ERROR);
    beforeReply?.();
    ticket.done();
    done();
  };
  const ended = (): void => {
    missing--;
    if (missing > 0) return;
    if (isFenced) fence.pass(origin, write);
    else write();
  };
  if (missing === 0) {
    missing = 1;
    ended();
  }
  for (const [index, part] of parts.entries()) {
    sendPart(part, mayWrite, {
      answered: (bytes, exchange) => {
        stats.origin.answered(isError(bytes), exchange.roundTripMs);
        pending.answered(exchange, isFenced ? "fence" : undefined);
        replies[index] = bytes;
        ended();
      },
      failed: (error) => {
        stats.origin.failed();
        failures[index] = error;
        ended();
      },
    });
  }
}

interface PartEvents {
  answered(reply: Uint8Array, exchange: Exchange): void;
  failed(error: UpstreamError): void;
}

function sendPart({ node, command }: Part, mayWrite: boolean, { answered, failed }: PartEvents): void {
  const request: PartRequest = new PartRequest({
    command,
    mayWrite,
    answered: (bytes, start, end) => answered(new Uint8Array(bytes.subarray(start, end)), request),
    failed,
  });
  try {
    request.send(node.main());
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    // Never before the other parts have been sent.
    queueMicrotask(() => failed(error));
  }
}
