import type { Log } from "../lib/log.ts";
import { type ConnectionLimits, LIMIT_SETTINGS, limitsFrom } from "../net/limits.ts";
import type { Config } from "./config.ts";
import { fittingConnections, readDescriptors } from "./descriptor-limit.ts";
import { UsageError } from "./exit.ts";
import { numberSetting, type Setting } from "./setting.ts";

export const LIMITS = "Limits:";

/** One for each of `ConnectionLimits`. */
export const LIMIT_FLAGS = {
  maxConnections: limit("maxConnections", "connections at once"),
  maxRequest: limit("maxRequest", "bytes of one request"),
  maxArguments: limit("maxArguments", "arguments of one request"),
  maxValue: limit("maxValue", "bytes of one argument, such as a value"),
  maxUnauthenticatedRequest: limit(
    "maxUnauthenticatedRequest",
    "bytes of one request before the password was given",
  ),
  maxUnauthenticatedArguments: limit(
    "maxUnauthenticatedArguments",
    "arguments of one request before the password was given",
  ),
  maxUnauthenticatedValue: limit(
    "maxUnauthenticatedValue",
    "bytes of one argument before the password was given",
  ),
  maxPipeline: limit(
    "maxPipeline",
    "requests of one connection that wait for their reply; further ones are not read yet",
  ),
  pausePendingReplies: limit(
    "pausePendingReplies",
    "reply bytes waiting for a client; beyond it no more of its requests are executed",
  ),
  maxPendingReplies: limit(
    "maxPendingReplies",
    "reply bytes waiting for a client; beyond it the client is cut off",
  ),
  idleTimeout: limit("idleTimeout", "close a connection that asks for nothing so long; 0 never does"),
  requestTimeout: limit(
    "requestTimeout",
    "time for a request to arrive once its first byte has; 0 is no bound",
  ),
  authTimeout: limit(
    "authTimeout",
    "time for a client to give the password, where one is asked for; 0 is no bound",
  ),
  textSilence: limit("textSilence", "silence that ends a text request without a line feed"),
  textWriteSilence: limit(
    "textWriteSilence",
    "the same for a PUT or DELETE that came in pieces or from another machine",
  ),
};

function limit(key: keyof typeof LIMIT_SETTINGS, description: string): Setting<number> {
  return numberSetting(LIMIT_SETTINGS[key], { description, group: LIMITS });
}

/** The limits as the network layer takes them. @throws UsageError where two of them contradict each other */
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
  /** Tells that the limit of clients was lowered, where it was: a warning only if somebody had asked for more. */
  tell(log: Log): void;
}

/**
 * The same, with no more clients than there are file descriptors for.
 * @param reserved file descriptors that are not for clients
 * @throws UsageError where two limits contradict each other, FailedError where no descriptors are left for clients
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
