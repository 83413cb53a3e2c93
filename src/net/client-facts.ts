import { User } from "../commands/acl/user.ts";
import type { ReplyMode, SubscribedNames } from "../commands/client.ts";
import { isLoopbackAddress } from "../lib/loopback.ts";
import { formatAddress } from "./address.ts";

/** The addresses of both ends of a connection. */
export interface ConnectionEnds {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Facts about a client that commands set and CLIENT LIST shows. */
export class ClientFacts {
  readonly id: number;
  /** `address:port`, an IPv6 address in brackets. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Whether its address says that the client is on this machine. */
  readonly isLocal: boolean;
  /** Unix milliseconds. */
  readonly connectedAtMs: number;
  /** Whether it has authenticated, by AUTH or HELLO. True from the start if the default user needs no password. */
  authenticated = true;
  /** Whose rights it has. The listener sets it. */
  user: User = NOBODY;
  /** Whether it may run every command on every key and channel. */
  get isUnrestricted(): boolean {
    return this.authenticated && this.user.isUnrestricted;
  }

  /** Requests executed, as of the last batch. */
  requestCount = 0;
  name = "";
  libraryName = "";
  libraryVersion = "";
  replyMode: ReplyMode = "on";
  /** The session sets this field and those that follow. */
  lastCommand = "NULL";
  /** Flags of CLIENT LIST: `x` in MULTI, `t` tracking, `P` pub/sub, `b` blocked, … */
  flags: () => string = () => "";
  /** Commands waiting for EXEC; -1 outside MULTI. */
  queuedCommands = -1;
  /** The selected database. */
  database = 0;
  /** Numbers of subscriptions: to channels, patterns and shard channels. */
  channels = 0;
  patterns = 0;
  shardChannels = 0;
  /** A subscriber. In RESP2 it receives messages only. */
  get isSubscribed(): boolean {
    return this.channels + this.patterns + this.shardChannels > 0;
  }

  /** The session sets it; undefined: the names are not known. */
  subscriptions: () => SubscribedNames | undefined = () => undefined;
  /** The id of the client that receives its invalidations: 0 is the client itself, -1 means no tracking. */
  redirection = -1;
  /** CLIENT NO-EVICT. Clients are never evicted here, so CLIENT LIST shows it and nothing else uses it. */
  noEvict = false;
  /** The client may be silent for ever: it subscribes, monitors, or waits in a blocking command. */
  exemptFromIdleTimeout = false;

  constructor(id: number, ends: ConnectionEnds, connectedAtMs: number) {
    this.id = id;
    this.remoteAddress = formatAddress(ends.remoteAddress, ends.remotePort);
    this.localAddress = formatAddress(ends.localAddress, ends.localPort);
    this.isLocal = ends.remoteAddress !== undefined && isLoopbackAddress(ends.remoteAddress);
    this.connectedAtMs = connectedAtMs;
  }

  /** RESET: undoes what commands have changed. */
  protected forget(user: User, authenticated: boolean): void {
    this.user = user;
    this.authenticated = authenticated;
    this.replyMode = "on";
    this.name = "";
    this.noEvict = false;
    this.forgetState();
  }

  /** Ends the client's transaction, subscriptions and tracking. */
  forgetState(database = this.database): void {
    this.queuedCommands = -1;
    this.channels = 0;
    this.patterns = 0;
    this.shardChannels = 0;
    this.redirection = -1;
    this.database = database;
  }
}

/** May do nothing. */
const NOBODY = new User("", () => "");
