import type { User } from "./acl/user.ts";

/** How replies are suppressed (CLIENT REPLY). */
export type ReplyMode = "on" | "off" | "skip-next" | "skip";

/** The names that a client is subscribed to, one character a byte. */
export interface SubscribedNames {
  /** Shard channels included. */
  readonly channels: readonly string[];
  readonly patterns: readonly string[];
}

/** One client, as commands see it. `net/connection.ts` implements it. */
export interface Client {
  readonly id: number;
  /** `address:port`, an IPv6 address in brackets. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Unix milliseconds. */
  readonly connectedAtMs: number;
  /** When bytes last came from the client (monotonic). */
  readonly lastActiveMs: number;
  /** `undecided` until the first bytes have shown which it is. */
  readonly protocol: "undecided" | "resp" | "text";
  /** The RESP version of replies; 2 until HELLO changes it. */
  respVersion: 2 | 3;
  replyMode: ReplyMode;

  /** Whether the client has authenticated. True from the start if the default user needs no password. */
  readonly authenticated: boolean;
  /** Whose rights it has. */
  readonly user: User;
  /** Whether the client has authenticated and may run every command on every key and channel. */
  readonly isUnrestricted: boolean;

  name: string;
  libraryName: string;
  libraryVersion: string;
  /** CLIENT NO-EVICT. Clients are never evicted here, so CLIENT LIST shows it and nothing else uses it. */
  noEvict: boolean;
  /** The client may be silent for ever: it subscribes, monitors, or waits in a blocking command. */
  exemptFromIdleTimeout: boolean;
  readonly lastCommand: string;
  /** Flags of CLIENT LIST: `x` in MULTI, `t` tracking, `P` pub/sub, `b` blocked, … */
  readonly flags: () => string;
  /** Commands waiting for EXEC; -1 outside MULTI. */
  readonly queuedCommands: number;
  /** The selected database. */
  readonly database: number;
  /** Numbers of subscriptions: to channels, patterns and shard channels. */
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
  /** A subscriber. In RESP2 it receives messages only. */
  readonly isSubscribed: boolean;
  /** undefined: they are not known. */
  readonly subscriptions: () => SubscribedNames | undefined;
  /** The id of the client that receives its invalidations: 0 is the client itself, -1 means no tracking. */
  readonly redirection: number;

  /** Received bytes that have not been executed. */
  readonly bufferedRequestBytes: number;
  /** Reply bytes that wait for the client or for an earlier reply. */
  readonly waitingReplyBytes: number;
  /** Whether the connection executes no more requests and closes when its replies have been sent. */
  readonly isClosing: boolean;

  /** The client has given the password: it has this user's rights, and the ordinary limits apply from now on. */
  authenticate(user: User): void;
  /**
   * RESET: back to the state of a new connection.
   * @param user the default user
   * @param authenticated whether that needs no password
   */
  reset(user: User, authenticated: boolean): void;
  /** Sends bytes behind all replies so far. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void;
  /** Executes no further request, and closes when all replies have been sent. */
  closeAfterReplies(): void;
  /** Closes now. Bytes that the system has taken are delivered. */
  close(): void;
}

/** All clients of a service. */
export interface Clients extends Iterable<Client> {
  readonly size: number;
  get(id: number): Client | undefined;
}
