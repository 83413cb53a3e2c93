import { MOST_LOG_ENTRIES, USUAL_LOG_ENTRIES } from "../commands/acl/access-log.ts";
import { COUNT, type NumberSetting, SIZE } from "../lib/number-setting.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";

/** The longest value that a command may make; Redis's default of `proto-max-bulk-len`. */
export const VALUE_BYTES = 512 * 1024 ** 2;

/** Limits of what the server's clients may ask for. */
export interface ServerLimits extends ConnectionLimits {
  /** Bytes of the commands that one client may queue in MULTI. */
  readonly transactionBytes: number;
  /** Keys that one client may WATCH at once. */
  readonly watchedKeys: number;
  /** Refusals that ACL LOG keeps. */
  readonly aclLogEntries: number;
}

/** The limits that the proxy does not have, under the names of their settings. */
export const SERVER_LIMIT_SETTINGS = {
  maxTransaction: {
    ...{ kind: SIZE, initial: "256mb", least: "1kb", group: "Limits" },
    description: "most bytes that one client may queue in MULTI",
  },
  maxWatched: {
    ...{ kind: COUNT, initial: "100000", least: "1", group: "Limits" },
    description: "most keys that one client may WATCH at once",
  },
  aclLogEntries: {
    ...{ kind: COUNT, initial: String(USUAL_LOG_ENTRIES), most: String(MOST_LOG_ENTRIES), group: "Access" },
    description: "how many refusals ACL LOG keeps; 0 for none",
  },
} satisfies Record<string, NumberSetting>;

const { maxTransaction, maxWatched } = SERVER_LIMIT_SETTINGS;

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  ...DEFAULT_LIMITS,
  transactionBytes: SIZE.parse(maxTransaction.initial),
  watchedKeys: COUNT.parse(maxWatched.initial),
  aclLogEntries: USUAL_LOG_ENTRIES,
};
