import type { Log } from "../lib/log.ts";
import { type ConnectionLimits, LIMIT_SETTINGS, limitsFrom } from "../net/limits.ts";
import type { Config } from "./config.ts";
import { fittingConnections, readDescriptors } from "./descriptor-limit.ts";
import { UsageError } from "./exit.ts";
import { numberSettings } from "./setting.ts";

/** One setting for each of `ConnectionLimits`. */
export const LIMIT_FLAGS = numberSettings(LIMIT_SETTINGS);

/**
 * Returns the limits for the network layer.
 * @throws UsageError if two of them contradict each other
 */
export function limitsOf({ values, labels }: Config<typeof LIMIT_FLAGS>): ConnectionLimits {
  if (values.pausePendingReplies > values.maxPendingReplies) {
    throw new UsageError(
      `${labels.pausePendingReplies}: must not be larger than ${labels.maxPendingReplies}`,
    );
  }
  return limitsFrom((_, key) => values[key]);
}

export interface FittingLimits {
  readonly limits: ConnectionLimits;
  /** Logs that the limit of clients was lowered, if it was; as a warning only if the user had set it. */
  tell(log: Log): void;
}

/**
 * The same, with no more clients than the file descriptors allow.
 * @param reserved file descriptors that are not for clients
 * @throws UsageError if two limits contradict each other
 * @throws FailedError if no descriptors are left for clients
 */
export function fittingLimits(config: Config<typeof LIMIT_FLAGS>, reserved: number): FittingLimits {
  const limits = limitsOf(config);
  const { maxConnections } = config.labels;
  const { connections, message } = fittingConnections(
    limits.connections,
    readDescriptors(),
    reserved,
    maxConnections,
  );
  const level = config.ranks.maxConnections > 0 ? "warn" : "info";
  return {
    limits: { ...limits, connections },
    tell(log) {
      if (message !== undefined) log[level](message);
    },
  };
}
