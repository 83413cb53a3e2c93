import type { ReplyMode } from "../commands/client.ts";
import { formatAddress, isLoopback } from "./address.ts";

/** The two ends of a connection, as a socket tells them. */
export interface ConnectionEnds {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** What is known of a client besides its bytes: commands set it, and CLIENT LIST tells it. */
export class ClientFacts {
  readonly id: number;
  /** `address:port`, an IPv6 address in brackets. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Whether the client is on this machine, as its address tells. */
  readonly isLocal: boolean;
  /** Unix milliseconds. */
  readonly connectedAtMs: number;
  /** Set by AUTH or HELLO; true from the start where no password is asked for. */
  authenticated = true;
  /** Whether it may run every command on every key. */
  get isUnrestricted(): boolean {
    return this.authenticated;
  }

  name = "";
  libraryName = "";
  libraryVersion = "";
  replyMode: ReplyMode = "on";
  /** Kept by the session, as what follows. */
  lastCommand = "NULL";
  /** Flags of CLIENT LIST: `x` in MULTI, `t` tracking, `P` pub/sub, `b` blocked, … */
  flags: () => string = () => "";
  /** Commands waiting for EXEC; -1 outside MULTI. */
  queuedCommands = -1;
  /** The database that the client is in. */
  database = 0;
  /** Channels, patterns and shard channels that it is subscribed to. */
  channels = 0;
  patterns = 0;
  shardChannels = 0;
  /** Whether all that it is sent in RESP2 are messages. */
  get isSubscribed(): boolean {
    return this.channels + this.patterns + this.shardChannels > 0;
  }

  /** The client that its invalidations go to: 0 for itself, -1 while it does not track. */
  redirection = -1;
  /** CLIENT NO-EVICT; nothing evicts clients here, so it is only told. */
  noEvict = false;
  /** A client that may be silent for ever: a subscriber, or one that waits in a blocking command. */
  exemptFromIdleTimeout = false;

  constructor(id: number, ends: ConnectionEnds, connectedAtMs: number) {
    this.id = id;
    this.remoteAddress = formatAddress(ends.remoteAddress, ends.remotePort);
    this.localAddress = formatAddress(ends.localAddress, ends.localPort);
    this.isLocal = isLoopback(ends.remoteAddress);
    this.connectedAtMs = connectedAtMs;
  }

  /** Back to what a new client is (RESET), as far as commands have changed it. */
  protected forget(authenticated: boolean): void {
    this.authenticated = authenticated;
    this.replyMode = "on";
    this.name = "";
    this.noEvict = false;
    this.forgetState();
  }

  /** What the client has begun is over: transaction, subscriptions, tracking. */
  forgetState(database = this.database): void {
    this.queuedCommands = -1;
    this.channels = 0;
    this.patterns = 0;
    this.shardChannels = 0;
    this.redirection = -1;
    this.database = database;
  }
}
