import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";

/** The longest value that a command may make, as Redis's `proto-max-bulk-len` is by default. */
export const VALUE_BYTES = 512 * 1024 ** 2;

/** Bounds of what the server's clients may ask for. */
export interface ServerLimits extends ConnectionLimits {
  /** Bytes of the commands that one client has queued in MULTI. */
  readonly transactionBytes: number;
  /** Keys that one client may WATCH at once. */
  readonly watchedKeys: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  ...DEFAULT_LIMITS,
  transactionBytes: 256 * 1024 ** 2,
  watchedKeys: 100_000,
};
