import type { Log } from "../lib/log.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";
import type { Config } from "./config.ts";
import { fittingConnections, readDescriptors } from "./descriptor-limit.ts";
import { UsageError } from "./exit.ts";
import { count, duration, type Reader, type Setting, setting, size, timeout } from "./setting.ts";

export const LIMITS = "Limits:";

const { parser, unauthenticatedParser } = DEFAULT_LIMITS;

/** One for each of `ConnectionLimits`. */
export const LIMIT_SETTINGS = {
  maxConnections: limit(count({ least: "1", most: "1000000" }), `${DEFAULT_LIMITS.connections}`, {
    placeholder: "<count>",
    description: "connections at once",
  }),
  maxRequest: limit(size({ least: "1kb", most: "1gb" }), sizeText(parser.requestBytes), {
    placeholder: "<size>",
    description: "bytes of one request",
  }),
  maxArguments: limit(count({ least: "4", most: "16777216" }), `${parser.argumentCount}`, {
    placeholder: "<count>",
    description: "arguments of one request",
  }),
  maxValue: limit(size({ least: "64", most: "1gb" }), sizeText(parser.argumentBytes), {
    placeholder: "<size>",
    description: "bytes of one argument, such as a value",
  }),
  maxUnauthenticatedRequest: limit(
    size({ least: "256", most: "1gb" }),
    sizeText(unauthenticatedParser.requestBytes),
    { placeholder: "<size>", description: "bytes of one request before the password was given" },
  ),
  maxUnauthenticatedArguments: limit(
    count({ least: "4", most: "16777216" }),
    `${unauthenticatedParser.argumentCount}`,
    { placeholder: "<count>", description: "arguments of one request before the password was given" },
  ),
  maxUnauthenticatedValue: limit(
    size({ least: "64", most: "1gb" }),
    sizeText(unauthenticatedParser.argumentBytes),
    { placeholder: "<size>", description: "bytes of one argument before the password was given" },
  ),
  maxPipeline: limit(count({ least: "1" }), `${DEFAULT_LIMITS.pipelineDepth}`, {
    placeholder: "<count>",
    description: "requests of one connection that wait for their reply; further ones are not read yet",
  }),
  pausePendingReplies: limit(size({ least: "1kb" }), sizeText(DEFAULT_LIMITS.pausedReplyBytes), {
    placeholder: "<size>",
    description: "reply bytes waiting for a client; beyond it no more of its requests are executed",
  }),
  maxPendingReplies: limit(size({ least: "1kb" }), sizeText(DEFAULT_LIMITS.replyBytes), {
    placeholder: "<size>",
    description: "reply bytes waiting for a client; beyond it the client is cut off",
  }),
  idleTimeout: limit(timeout(), durationText(DEFAULT_LIMITS.idleTimeoutMs), {
    placeholder: "<time>",
    description: "close a connection that asks for nothing so long; 0 never does",
  }),
  requestTimeout: limit(timeout(), durationText(DEFAULT_LIMITS.requestTimeoutMs), {
    placeholder: "<time>",
    description: "time for a request to arrive once its first byte has; 0 is no bound",
  }),
  authTimeout: limit(timeout(), durationText(DEFAULT_LIMITS.authTimeoutMs), {
    placeholder: "<time>",
    description: "time for a client to give the password, where one is asked for; 0 is no bound",
  }),
  textSilence: limit(duration({ least: "1ms", most: "10s" }), durationText(DEFAULT_LIMITS.textSilenceMs), {
    placeholder: "<time>",
    description: "silence that ends a text request without a line feed",
  }),
  textWriteSilence: limit(
    duration({ least: "1ms", most: "1m" }),
    durationText(DEFAULT_LIMITS.textWriteSilenceMs),
    {
      placeholder: "<time>",
      description: "the same for a PUT or DELETE that came in pieces or from another machine",
    },
  ),
};

function limit<T>(
  read: Reader<T>,
  fallback: string,
  described: { placeholder: string; description: string },
): Setting<T> {
  return setting(read, fallback, { ...described, group: LIMITS });
}

/** The limits as the network layer takes them. @throws UsageError where two of them contradict each other */
export function limitsOf({ values, labels }: Config<typeof LIMIT_SETTINGS>): ConnectionLimits {
  if (values.pausePendingReplies > values.maxPendingReplies) {
    throw new UsageError(
      `${labels.pausePendingReplies}: must not be larger than ${labels.maxPendingReplies}`,
    );
  }
  return {
    connections: values.maxConnections,
    parser: {
      requestBytes: values.maxRequest,
      argumentCount: values.maxArguments,
      argumentBytes: values.maxValue,
    },
    unauthenticatedParser: {
      requestBytes: values.maxUnauthenticatedRequest,
      argumentCount: values.maxUnauthenticatedArguments,
      argumentBytes: values.maxUnauthenticatedValue,
    },
    pipelineDepth: values.maxPipeline,
    pausedReplyBytes: values.pausePendingReplies,
    replyBytes: values.maxPendingReplies,
    idleTimeoutMs: values.idleTimeout,
    requestTimeoutMs: values.requestTimeout,
    authTimeoutMs: values.authTimeout,
    textSilenceMs: values.textSilence,
    textWriteSilenceMs: values.textWriteSilence,
  };
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
export function fittingLimits(config: Config<typeof LIMIT_SETTINGS>, reserved: number): FittingLimits {
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

/** The shortest text that `parseSize` reads as these bytes. */
export function sizeText(bytes: number): string {
  for (const [unit, factor] of [
    ["gb", 1024 ** 3],
    ["mb", 1024 ** 2],
    ["kb", 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** The shortest text that `parseDuration` reads as these milliseconds. */
function durationText(ms: number): string {
  if (ms === 0) return "0";
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
