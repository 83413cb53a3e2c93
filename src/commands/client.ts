/** How replies are suppressed (CLIENT REPLY). */
export type ReplyMode = "on" | "off" | "skip-next" | "skip";

/** One client, as commands see it: what they ask of its connection, and what they set. A `Connection` of `net` is one. */
export interface Client {
  readonly id: number;
  /** `address:port`, an IPv6 address in brackets. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Unix milliseconds. */
  readonly connectedAtMs: number;
  /** When it was last heard of (monotonic). */
  readonly lastActiveMs: number;
  /** `undecided` until its first byte has come. */
  readonly protocol: "undecided" | "resp" | "text";
  /** The RESP version that replies are written in; 2 until HELLO. */
  respVersion: 2 | 3;
  replyMode: ReplyMode;

  /** Whether it has given the password; true from the start where none is asked for. */
  readonly authenticated: boolean;
  /** Whether it may run every command on every key. */
  readonly isUnrestricted: boolean;

  name: string;
  libraryName: string;
  libraryVersion: string;
  /** CLIENT NO-EVICT; nothing evicts clients here, so it is only told. */
  noEvict: boolean;
  /** Whether it may be silent for ever: a subscriber, one that monitors, one that waits in a blocking command. */
  exemptFromIdleTimeout: boolean;
  readonly lastCommand: string;
  /** Flags of CLIENT LIST: `x` in MULTI, `t` tracking, `P` pub/sub, `b` blocked, … */
  readonly flags: () => string;
  /** Commands waiting for EXEC; -1 outside MULTI. */
  readonly queuedCommands: number;
  /** The database that it is in. */
  readonly database: number;
  /** Channels, patterns and shard channels that it is subscribed to. */
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
  /** Whether all that it is sent in RESP2 are messages. */
  readonly isSubscribed: boolean;
  /** The client that its invalidations go to: 0 for itself, -1 while it does not track. */
  readonly redirection: number;

  /** Bytes received and not executed yet. */
  readonly bufferedRequestBytes: number;
  /** Reply bytes waiting for the client or for an earlier reply. */
  readonly waitingReplyBytes: number;
  /** Whether nothing more is executed for it: it ends once its replies have been sent. */
  readonly isClosing: boolean;

  /** The password was given: from now on the ordinary limits hold. */
  authenticate(): void;
  /** Back to what a new client is (RESET). @param authenticated whether clients need no password */
  reset(authenticated: boolean): void;
  /** Sends bytes behind all replies so far. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void;
  /** Ends the connection once everything answered so far has been sent. No further request is executed. */
  closeAfterReplies(): void;
  /** Ends the connection now; what was given to the system is still delivered. */
  close(): void;
}

/** All clients of a service. */
export interface Clients extends Iterable<Client> {
  readonly size: number;
  get(id: number): Client | undefined;
}
