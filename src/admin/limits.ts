/** Bounds that keep the admin port from taking memory or time without end. */
export interface AdminLimits {
  /** Longer URLs get status 414. The runtime refuses a request line and headers of more than 16 kB together. */
  readonly urlBytes: number;
  /** Longer request bodies get status 413. */
  readonly bodyBytes: number;
  /** A body that takes longer to arrive gets status 408. */
  readonly bodyTimeoutMs: number;
  /** A connection without progress for this long is cut: half a request, or a stream that is never read. */
  readonly idleTimeoutS: number;
  /** Open streams. Further ones get status 503. */
  readonly streams: number;
  /** Sessions. A further one ends the session opened longest ago. */
  readonly sessions: number;
  readonly sessionMs: number;
  /** Wrong passwords of one address before it has to wait. */
  readonly guesses: number;
  /** An address may try one more wrong password each time this has passed. */
  readonly guessPauseMs: number;
  /** Addresses whose wrong passwords are counted one by one. All others share one count. */
  readonly guessingAddresses: number;
}

export const DEFAULT_ADMIN_LIMITS: AdminLimits = {
  urlBytes: 8_192,
  bodyBytes: 65_536,
  bodyTimeoutMs: 10_000,
  // Longer than the heartbeat of streams, so a stream that is read lives on.
  idleTimeoutS: 10,
  streams: 64,
  sessions: 256,
  sessionMs: 12 * 3_600_000,
  guesses: 10,
  guessPauseMs: 6_000,
  guessingAddresses: 1_000,
};
