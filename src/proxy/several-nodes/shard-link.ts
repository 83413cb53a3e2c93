import { fromLatin1, latin1, parseDecimal } from "../../lib/bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import type { UpstreamConnection } from "../../upstream/connection.ts";
import { readErrorReply } from "../../upstream/error-reply.ts";
import type { OriginNode } from "../../upstream/origin-node.ts";
import type { UpstreamError } from "../../upstream/upstream-error.ts";
import { UpstreamRequest } from "../../upstream/upstream-request.ts";

/** What becomes of one subscription. Names of channels are strings of one character a byte. */
export interface ShardListener {
  /** The node sends the channel's messages from now on. */
  subscribed(): void;
  /** The node refuses the channel. @param error as the node has sent it */
  refused(error: string): void;
  /** The node has not answered. */
  failed(error: UpstreamError): void;
  /** A message: bytes[start, end), valid during the call only. It is a push of RESP3. */
  message(bytes: Uint8Array, start: number, end: number): void;
  /** The node has ended the subscription, because the channel's slot has left it. */
  dropped(): void;
}

export interface ShardLinkHost {
  readonly timeoutMs: number;
  /** The connection has ended while it had subscriptions: messages may have been lost. */
  lost(): void;
  /** No subscription is left, and none is on its way. */
  unused(): void;
}

/**
 * One client's connection to a node for shard channels. It speaks RESP3 whatever the client speaks, so that messages are
 * apart from replies.
 */
export class ShardLink {
  readonly node: OriginNode;
  readonly #host: ShardLinkHost;
  readonly #upstream: UpstreamConnection;
  /** The listeners of channels that the node has confirmed. */
  readonly #listeners = new Map<string, ShardListener>();
  /** Commands without an answer. */
  readonly #commands: ChannelCommand[] = [];
  #isEnded = false;

  /** @throws UpstreamError if the node is down */
  constructor(node: OriginNode, host: ShardLinkHost) {
    this.node = node;
    this.#host = host;
    this.#upstream = node.dedicated(3, {
      pushed: (bytes, start, end) => this.#pushed(bytes, start, end),
      // A refusal to end a subscription that the node has just ended itself.
      stray: () => {},
      closed: () => {
        if (this.#listeners.size > 0 && !this.#isEnded) host.lost();
      },
    });
  }

  get isClosed(): boolean {
    return this.#upstream.isClosed;
  }

  subscribe(channel: string, listener: ShardListener): void {
    this.#send("ssubscribe", channel, listener);
  }

  /** Ends a subscription, even one on its way. Its listener is told nothing more. */
  unsubscribe(channel: string): void {
    this.#listeners.delete(channel);
    for (const command of this.#commands) if (command.channel === channel) command.listener = undefined;
    this.#send("sunsubscribe", channel, undefined);
  }

  /**
   * Ends all. The connection is not used for another client: the node may still have to answer about a channel that it
   * has dropped.
   */
  end(error: UpstreamError): void {
    this.#isEnded = true;
    this.#upstream.close(error);
  }

  #send(kind: ChannelCommand["kind"], channel: string, listener: ShardListener | undefined): void {
    const command = new ChannelCommand(kind, channel, listener, (end) => {
      this.#commands.splice(this.#commands.indexOf(command), 1);
      if (end instanceof Error) {
        // Later answers cannot be told from this one.
        this.#upstream.close(end);
        command.listener?.failed(end);
      } else command.listener?.refused(end);
      this.#tellUnused();
    });
    this.#commands.push(command);
    writeCommand(this.#upstream.out, [kind.toUpperCase(), fromLatin1(channel)]);
    this.#upstream.enqueue(command, this.#host.timeoutMs);
  }

  #pushed(bytes: Uint8Array, start: number, end: number): void {
    const kindAt = lineEnd(bytes, start);
    const kindStart = lineEnd(bytes, kindAt);
    const kind = latin1(bytes, kindStart, kindStart + lengthAt(bytes, kindAt));
    const channelAt = kindStart + kind.length + 2;
    const channelStart = lineEnd(bytes, channelAt);
    const channel = latin1(bytes, channelStart, channelStart + lengthAt(bytes, channelAt));
    if (kind === "smessage") this.#listeners.get(channel)?.message(bytes, start, end);
    else if (kind === "ssubscribe" || kind === "sunsubscribe") this.#confirmed(kind, channel);
  }

  #confirmed(kind: ChannelCommand["kind"], channel: string): void {
    const [command] = this.#commands;
    if (command?.kind === kind && command.channel === channel) {
      this.#commands.shift();
      this.#upstream.answeredByPush(command);
      const { listener } = command;
      if (listener !== undefined) {
        this.#listeners.set(channel, listener);
        listener.subscribed();
      }
    } else if (kind === "sunsubscribe") {
      const listener = this.#listeners.get(channel);
      this.#listeners.delete(channel);
      listener?.dropped();
    }
    this.#tellUnused();
  }

  #tellUnused(): void {
    if (this.#listeners.size === 0 && this.#commands.length === 0) this.#host.unused();
  }
}

/** SSUBSCRIBE or SUNSUBSCRIBE of one channel. A push message answers it, and a reply is an error. */
class ChannelCommand extends UpstreamRequest {
  readonly kind: "ssubscribe" | "sunsubscribe";
  readonly channel: string;
  listener: ShardListener | undefined;
  readonly #ended: (end: string | UpstreamError) => void;

  constructor(
    kind: ChannelCommand["kind"],
    channel: string,
    listener: ShardListener | undefined,
    ended: (end: string | UpstreamError) => void,
  ) {
    super();
    this.kind = kind;
    this.channel = channel;
    this.listener = listener;
    this.#ended = ended;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    this.#ended(readErrorReply(bytes, reader)?.text ?? "ERR the origin did not confirm the subscription");
  }

  override failed(error: UpstreamError): void {
    this.#ended(error);
  }
}

/** Returns the offset behind the line that begins at `at`. */
function lineEnd(bytes: Uint8Array, at: number): number {
  return bytes.indexOf(0x0a, at) + 1;
}

/** Returns the length of the byte string whose header is at `at`. */
function lengthAt(bytes: Uint8Array, at: number): number {
  return parseDecimal(bytes, at + 1, lineEnd(bytes, at) - 2) ?? 0;
}
