import type { LateAnswer } from "../../commands/client-context.ts";
import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import { KeyBytes } from "../../lib/key-bytes.ts";
import { systemTimers, type Timers } from "../../lib/timers.ts";
import type { Connection } from "../../net/connection.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { RespWriter } from "../../protocol/resp-writer.ts";
import type { OriginNode } from "../../upstream/origin-node.ts";
import { isPassingCode, UpstreamError } from "../../upstream/upstream-error.ts";
import { Arrivals } from "../arrivals.ts";
import type { ProxyParts } from "../context.ts";
import { failureMessage } from "../forwarded-request.ts";
import { PendingRequest } from "../pending-request.ts";
import { writeWholeReply } from "../reply-downgrade.ts";
import { ERROR, FORWARDED } from "../request-results.ts";
import { ShardLink } from "./shard-link.ts";

/** How often a subscription follows redirections at once. From then on it waits before each attempt. */
const ATTEMPTS_AT_ONCE = 4;
/** How long it waits; each time twice as long, up to the most. */
const RETRY_LEAST_MS = 5;
const RETRY_MOST_MS = 100;
const GONE = "ORIGINDOWN the client's subscriptions have ended";
/** `*` and `>`: messages are arrays in RESP2. */
const ARRAY = 0x2a;
const PUSH = 0x3e;

/** Whether a command says which shard channels a client listens to. @param name in lower case */
export function isAboutShardChannels(name: string): boolean {
  return name === "ssubscribe" || name === "sunsubscribe";
}

/** A shard channel that the client listens to. */
interface Subscription {
  /** Its name, a string of one character a byte. */
  readonly channel: string;
  /** The connection to the node that was last asked for it. */
  link: ShardLink | undefined;
  /** Whether that node has confirmed the subscription. */
  isPlaced: boolean;
  /** Why messages wait: the client does not know yet that it is subscribed, or earlier messages have not been shown. */
  holds: number;
  /** How often it has moved. */
  moves: number;
  /** Messages that wait, those of earlier owners first. */
  readonly waiting: WaitingMessage[];
}

interface WaitingMessage {
  /** How often the channel had moved to the node that sent it. */
  readonly moves: number;
  /** In RESP3. */
  readonly message: Uint8Array;
}

/** How an attempt to subscribe ends. */
type Placed = (failure: string | undefined) => void;

/**
 * The shard channels of one client, of which each node of a cluster has those of its slots. The client sees one server:
 * it may name channels of several slots at once, and gets one count of all.
 *
 * When a slot moves, its old owner ends the subscription. The client is not told. Its subscription goes on at the new
 * owner, where only what was published between the two is lost, as it is without the proxy. A node that is lost may have
 * had messages for the client, so the client's connection ends, as it does without the proxy.
 */
export class ShardSubscriptions {
  readonly #proxy: ProxyParts;
  readonly #client: Connection;
  readonly #timers: Timers;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #links = new Map<OriginNode, ShardLink>();
  /** What each connection has brought, in order. */
  readonly #arrivals = new WeakMap<ShardLink, Arrivals>();
  readonly #stopListening: () => void;
  /** Answers the SSUBSCRIBE that is being executed with an error. */
  #abort: (() => void) | undefined;
  #isEnded = false;

  constructor(proxy: ProxyParts, client: Connection, timers: Timers = systemTimers) {
    this.#proxy = proxy;
    this.#client = client;
    this.#timers = timers;
    this.#stopListening = proxy.ownerChanges.listen(() => {
      for (const subscription of this.#subscriptions.values()) this.#checkOwner(subscription);
    });
  }

  /** Whether an SSUBSCRIBE is being executed. The client's next request must wait for its outcome. */
  get isBusy(): boolean {
    return this.#abort !== undefined;
  }

  /** Executes SSUBSCRIBE, which has at least one channel. Only while not busy. */
  subscribe(request: Request, answer: LateAnswer): void {
    const channels = Array.from({ length: request.count - 1 }, (_, index) =>
      latin1(request.bytes, request.starts[index + 1]!, request.ends[index + 1]!),
    );
    const added = new Map<string, Subscription>();
    for (const channel of channels) {
      if (this.#subscriptions.has(channel) || added.has(channel)) continue;
      added.set(channel, { channel, link: undefined, isPlaced: false, holds: 1, moves: 0, waiting: [] });
    }
    const { stats } = this.#proxy;
    stats.forwarded++;
    const pending = new PendingRequest(stats, this.#client, request, "ssubscribe");
    let failure: string | undefined;
    let missing = added.size;
    const end = (): void => {
      this.#abort = undefined;
      answer((reply) => {
        if (failure === undefined) this.#confirm(channels, added, reply as RespWriter);
        else this.#giveUp(added.values(), failure, reply);
      });
      pending.ended(failure === undefined ? FORWARDED : ERROR);
    };
    this.#abort = () => {
      failure = GONE;
      missing = 0;
      end();
    };
    const ended: Placed = (reason) => {
      failure ??= reason;
      missing--;
      if (missing === 0) end();
    };
    if (missing === 0) end();
    for (const subscription of added.values()) this.#subscriptions.set(subscription.channel, subscription);
    const giveUpAtMs = this.#giveUpAtMs();
    for (const subscription of added.values()) this.#place(subscription, giveUpAtMs, ended);
  }

  /** Executes SUNSUBSCRIBE. Without channels it ends all. */
  unsubscribe(request: Request, reply: RespWriter): void {
    this.#proxy.stats.requests.count(FORWARDED);
    const channels =
      request.count > 1
        ? Array.from({ length: request.count - 1 }, (_, index) =>
            latin1(request.bytes, request.starts[index + 1]!, request.ends[index + 1]!),
          )
        : [...this.#subscriptions.keys()];
    for (const channel of channels) {
      const subscription = this.#subscriptions.get(channel);
      if (subscription !== undefined) this.#remove(subscription);
      writeConfirmation(reply, "sunsubscribe", channel, this.#subscriptions.size);
    }
    if (channels.length === 0) writeConfirmation(reply, "sunsubscribe", undefined, 0);
    this.#client.shardChannels = this.#subscriptions.size;
  }

  /** Ends all connections: the client has gone, or starts afresh. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopListening();
    // First, so that the request does not take the end of a connection for a failure of its node.
    this.#abort?.();
    for (const link of this.#links.values()) link.end(noLongerNeeded());
    this.#links.clear();
    this.#subscriptions.clear();
  }

  /** Tells the client that it is subscribed, and shows what has arrived meanwhile. */
  #confirm(channels: readonly string[], added: ReadonlyMap<string, Subscription>, reply: RespWriter): void {
    const client = this.#client;
    const told = new Set<string>();
    for (const channel of channels) {
      if (added.has(channel)) told.add(channel);
      writeConfirmation(reply, "ssubscribe", channel, this.#subscriptions.size - added.size + told.size);
    }
    client.shardChannels = this.#subscriptions.size;
    client.exemptFromIdleTimeout = true;
    for (const subscription of added.values()) {
      subscription.holds--;
      if (subscription.holds > 0) continue;
      for (const { message } of subscription.waiting.splice(0)) {
        writeWholeReply(reply, message, 0, message.length);
      }
    }
  }

  /** None of the channels of one SSUBSCRIBE is subscribed to if one cannot be. */
  #giveUp(subscriptions: Iterable<Subscription>, failure: string, reply: ReplyWriter): void {
    for (const subscription of subscriptions) this.#remove(subscription);
    reply.error(failure);
  }

  #remove(subscription: Subscription): void {
    const { channel, link } = subscription;
    if (this.#subscriptions.get(channel) !== subscription) return;
    this.#subscriptions.delete(channel);
    if (link?.isClosed === false) link.unsubscribe(channel);
  }

  /** Subscribes at the node that owns the channel's slot. */
  #place(subscription: Subscription, giveUpAtMs: number, placed: Placed, attempt = 1): void {
    const { channel, moves } = subscription;
    if (this.#isEnded) {
      placed(GONE);
      return;
    }
    const again = (failure: string, delayMs: number): void => {
      subscription.link = undefined;
      if (this.#proxy.nowMs() >= giveUpAtMs) {
        placed(failure);
        return;
      }
      const next = (): void => {
        if (this.#subscriptions.get(channel) === subscription) {
          this.#place(subscription, giveUpAtMs, placed, attempt + 1);
        }
      };
      if (delayMs === 0) next();
      else this.#timers.after(delayMs, next);
    };
    const waitMs = Math.min(RETRY_LEAST_MS * 2 ** Math.max(0, attempt - ATTEMPTS_AT_ONCE), RETRY_MOST_MS);
    try {
      const link = this.#linkTo(this.#proxy.origin.nodeOf(new KeyBytes().at(fromLatin1(channel))));
      subscription.link = link;
      link.subscribe(channel, {
        subscribed: () => {
          subscription.isPlaced = true;
          placed(undefined);
          this.#checkOwner(subscription);
        },
        refused: (error) => {
          const [code = ""] = error.split(" ", 1);
          // The origin has noted the new owner by now.
          if (code === "MOVED") again(error, attempt < ATTEMPTS_AT_ONCE ? 0 : waitMs);
          else if (isPassingCode(code) || code === "TRYAGAIN") again(error, waitMs);
          else placed(error);
        },
        failed: (error) => placed(failureMessage(error, false, this.#proxy.stats)),
        message: (bytes, start, end) =>
          this.#arrived(subscription, link, { moves, message: new Uint8Array(bytes.subarray(start, end)) }),
        dropped: () => this.#moved(subscription, link),
      });
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      placed(failureMessage(error, false, this.#proxy.stats));
    }
  }

  /**
   * Leaves a node that does not own the channel's slot any more. A primary that has become a replica goes on sending
   * messages, which reach it as they reach all nodes of its shard. One that is silent may have had others.
   */
  #checkOwner(subscription: Subscription): void {
    const { channel, link, isPlaced } = subscription;
    if (!isPlaced || link === undefined || link.isClosed || this.#isEnded) return;
    const { origin } = this.#proxy;
    const name = new KeyBytes().at(fromLatin1(channel));
    const owner = origin.nodeOf(name);
    if (owner === link.node || !origin.owns(owner, name)) return;
    if (link.node.channel.status !== "up") {
      this.#lost();
      return;
    }
    link.unsubscribe(channel);
    this.#moved(subscription, link);
  }

  /** Goes on at the new owner of the channel's slot. */
  #moved(subscription: Subscription, from: ShardLink): void {
    subscription.link = undefined;
    subscription.isPlaced = false;
    // What the old owner has sent is shown first.
    subscription.holds++;
    subscription.moves++;
    this.#arrivals.get(from)!.add(() => this.#release(subscription));
    this.#follow(subscription, this.#giveUpAtMs());
  }

  /** A node that cannot be reached may have been replaced without this being known yet. */
  #follow(subscription: Subscription, giveUpAtMs: number): void {
    this.#place(subscription, giveUpAtMs, (failure) => {
      if (failure === undefined || this.#subscriptions.get(subscription.channel) !== subscription) return;
      if (this.#proxy.nowMs() >= giveUpAtMs) this.#lost();
      else this.#timers.after(RETRY_MOST_MS, () => this.#followIfWanted(subscription, giveUpAtMs));
    });
  }

  #followIfWanted(subscription: Subscription, giveUpAtMs: number): void {
    if (this.#subscriptions.get(subscription.channel) === subscription) {
      this.#follow(subscription, giveUpAtMs);
    }
  }

  #arrived(subscription: Subscription, link: ShardLink, arrived: WaitingMessage): void {
    this.#arrivals.get(link)!.add(() => {
      const { holds, waiting } = subscription;
      if (holds === 0) this.#show(subscription, arrived.message);
      // The new owner's fence may pass before the old one's.
      else waiting.splice(waiting.findLastIndex(({ moves }) => moves <= arrived.moves) + 1, 0, arrived);
    });
  }

  #release(subscription: Subscription): void {
    subscription.holds--;
    if (subscription.holds > 0) return;
    for (const { message } of subscription.waiting.splice(0)) this.#show(subscription, message);
  }

  #show(subscription: Subscription, message: Uint8Array): void {
    if (this.#subscriptions.get(subscription.channel) !== subscription) return;
    message[0] = this.#client.respVersion === 3 ? PUSH : ARRAY;
    this.#client.pushAhead(message, 0, message.length);
  }

  #linkTo(node: OriginNode): ShardLink {
    const known = this.#links.get(node);
    if (known !== undefined && !known.isClosed) return known;
    const link = new ShardLink(node, {
      timeoutMs: this.#proxy.settings.originTimeoutMs,
      lost: () => this.#arrivals.get(link)!.add(() => this.#lost()),
      unused: () => {
        link.end(noLongerNeeded());
        if (this.#links.get(node) === link) this.#links.delete(node);
      },
    });
    this.#links.set(node, link);
    this.#arrivals.set(link, new Arrivals(this.#proxy.fence, node));
    return link;
  }

  /** Ends the client: it may have missed messages. */
  #lost(): void {
    if (this.#isEnded) return;
    this.end();
    this.#client.hold();
    this.#client.closeAfterReplies();
  }

  #giveUpAtMs(): number {
    return this.#proxy.nowMs() + this.#proxy.settings.originTimeoutMs;
  }
}

function writeConfirmation(
  reply: RespWriter,
  kind: "ssubscribe" | "sunsubscribe",
  channel: string | undefined,
  count: number,
): void {
  reply.push(3);
  reply.bulkText(kind);
  if (channel === undefined) reply.null();
  else reply.bulk(fromLatin1(channel));
  reply.integer(count);
}

function noLongerNeeded(): UpstreamError {
  return new UpstreamError("ORIGINDOWN", "not needed any more", true);
}
