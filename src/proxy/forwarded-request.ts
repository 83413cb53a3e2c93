import type { Ticket } from "../net/connection.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK, BULK_ERROR, ERROR, INTEGER } from "../protocol/reply-types.ts";
import { UpstreamRequest } from "../upstream/connection.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import type { Fence } from "./fence.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { downgradeReply } from "./reply-downgrade.ts";

export interface Forwarding {
  readonly ticket: Ticket;
  /** The client's RESP version; 0 for the text protocol. */
  readonly version: 0 | 2 | 3;
  /** Whether the origin may have changed something. */
  readonly mayWrite: boolean;
  readonly stats: ProxyStats;
  /** Set for what went over a side connection: the reply waits behind it. */
  readonly fence: Fence | undefined;
  /** The reply came in the client's own RESP version. */
  readonly isRaw?: boolean;
  /** Called before the client gets the reply. */
  readonly settled?: (() => void) | undefined;
  /** Called once, when the reply has been written. */
  readonly done: () => void;
}

/** A request passed on as it is, and its reply likewise. */
export class ForwardedRequest extends UpstreamRequest {
  readonly #forwarding: Forwarding;

  constructor(forwarding: Forwarding) {
    super();
    this.#forwarding = forwarding;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const { ticket, version, fence } = this.#forwarding;
    const reply = fence === undefined ? ticket.begin() : ticket.reply;
    if (version === 0) writeTextReply(reply, bytes, reader);
    else if (version === 2 && !this.#forwarding.isRaw) downgradeReply(bytes, start, reply.out);
    else reply.out.append(bytes, start, end);
    if (fence === undefined) this.#finish();
    else fence.pass(() => this.#finish());
  }

  override failed(error: UpstreamError): void {
    const { ticket, mayWrite, stats } = this.#forwarding;
    ticket.begin().error(failureMessage(error, mayWrite, stats));
    this.#finish();
  }

  #finish(): void {
    const { ticket, settled, done } = this.#forwarding;
    settled?.();
    ticket.done();
    done();
  }
}

/** The error a client gets when the origin did not answer. A write that may have happened is said to be unknown. */
export function failureMessage(error: UpstreamError, mayWrite: boolean, stats: ProxyStats): string {
  stats.originErrors++;
  if (mayWrite && error.maybeExecuted) {
    stats.unknownOutcomes++;
    return `OUTCOMEUNKNOWN ${error.message}; the write may or may not have happened`;
  }
  return `${error.code} ${error.message}`;
}

function writeTextReply(reply: ReplyWriter, bytes: Uint8Array, reader: ReplyReader): void {
  const { type, valueStart, valueEnd } = reader;
  if (type === ERROR || type === BULK_ERROR) {
    reply.error(Buffer.from(bytes.subarray(valueStart, valueEnd)).toString());
  } else if (reader.isNull) {
    reply.null();
  } else if (type === INTEGER) {
    // DEL says how many keys there were.
    if (valueEnd - valueStart === 1 && bytes[valueStart] === 0x30) reply.null();
    else reply.ok();
  } else if (type === BULK) {
    reply.bulk(bytes, valueStart, valueEnd);
  } else {
    reply.ok();
  }
}
