import { COUNT, DURATION, LONGEST_TIMEOUT, type NumberSetting, SIZE } from "../lib/number-setting.ts";
import type { ParserLimits } from "../protocol/protocol.ts";

/** Limits of a listener. Each has a setting in `LIMIT_SETTINGS`. A time-out of 0 is off. */
export interface ConnectionLimits {
  /** Connections open at the same time. One more gets an error and is closed. */
  readonly connections: number;
  readonly parser: ParserLimits;
  /** The same before the client has given the password. */
  readonly unauthenticatedParser: ParserLimits;
  /** Requests of one connection that wait for a reply. While there are so many, none is executed. */
  readonly pipelineDepth: number;
  /** Reply bytes that wait for one client. While there are more, none of its requests is executed. */
  readonly pausedReplyBytes: number;
  /**
   * Reply bytes that wait for one client. If there are more, the client is cut off. Pushes and large values can pass
   * `pausedReplyBytes`.
   */
  readonly replyBytes: number;
  /** A connection that has sent nothing for this long is closed. */
  readonly idleTimeoutMs: number;
  /** A request must be complete this long after its first byte. */
  readonly requestTimeoutMs: number;
  /** If a password is required, a client must give it this long after it connected, or is closed. */
  readonly authTimeoutMs: number;
  /** A TLS handshake must be complete this long after the client connected, or the client is cut off. */
  readonly tlsHandshakeMs: number;
  /** This long a silence completes a text request without a line feed (`endingSilenceMs`). */
  readonly textSilenceMs: number;
  /** The same for a request that writes, if its second half may still be on its way. */
  readonly textWriteSilenceMs: number;
}

/** Limits that CONFIG SET may change while connections are open. Connections read them each time. */
export type Adjustable<Limits> = { -readonly [Name in keyof Limits]: Limits[Name] };

/** One of the limits, as a setting. */
export interface LimitSetting extends NumberSetting {
  read(from: ConnectionLimits): number;
  write(to: Adjustable<ConnectionLimits>, value: number): void;
}

/** Every limit under the name of its setting. */
export const LIMIT_SETTINGS = {
  maxConnections: limit("connections", {
    ...{ kind: COUNT, initial: "20000", least: "1", most: "1000000" },
    description: "connections at once",
  }),
  maxRequest: parserLimit("parser", "requestBytes", {
    ...{ kind: SIZE, initial: "512mb", least: "1kb", most: "1gb" },
    description: "bytes of one request",
  }),
  maxArguments: parserLimit("parser", "argumentCount", {
    ...{ kind: COUNT, initial: "1048576", least: "4", most: "16777216" },
    description: "arguments of one request",
  }),
  maxValue: parserLimit("parser", "argumentBytes", {
    ...{ kind: SIZE, initial: "64mb", least: "64", most: "1gb" },
    description: "bytes of one argument, such as a value",
  }),
  maxUnauthenticatedRequest: parserLimit("unauthenticatedParser", "requestBytes", {
    ...{ kind: SIZE, initial: "64kb", least: "256", most: "1gb" },
    description: "bytes of one request before the password was given",
  }),
  maxUnauthenticatedArguments: parserLimit("unauthenticatedParser", "argumentCount", {
    ...{ kind: COUNT, initial: "10", least: "4", most: "16777216" },
    description: "arguments of one request before the password was given",
  }),
  maxUnauthenticatedValue: parserLimit("unauthenticatedParser", "argumentBytes", {
    ...{ kind: SIZE, initial: "16kb", least: "64", most: "1gb" },
    description: "bytes of one argument before the password was given",
  }),
  maxPipeline: limit("pipelineDepth", {
    ...{ kind: COUNT, initial: "10000", least: "1" },
    description: "requests of one connection that wait for their reply; further ones are not read yet",
  }),
  pausePendingReplies: limit("pausedReplyBytes", {
    ...{ kind: SIZE, initial: "1mb", least: "1kb" },
    description: "reply bytes waiting for a client; beyond it no more of its requests are executed",
  }),
  maxPendingReplies: limit("replyBytes", {
    ...{ kind: SIZE, initial: "256mb", least: "1kb" },
    description: "reply bytes waiting for a client; beyond it the client is cut off",
  }),
  idleTimeout: limit("idleTimeoutMs", {
    ...{ kind: DURATION, initial: "0", most: LONGEST_TIMEOUT },
    description: "close a connection that asks for nothing so long; 0 never does",
  }),
  requestTimeout: limit("requestTimeoutMs", {
    ...{ kind: DURATION, initial: "60s", most: LONGEST_TIMEOUT },
    description: "time for a request to arrive once its first byte has; 0 is no bound",
  }),
  authTimeout: limit("authTimeoutMs", {
    ...{ kind: DURATION, initial: "10s", most: LONGEST_TIMEOUT },
    description: "time for a client to give the password, where one is asked for; 0 is no bound",
  }),
  tlsHandshakeTimeout: limit("tlsHandshakeMs", {
    ...{ kind: DURATION, initial: "10s", most: LONGEST_TIMEOUT },
    description: "time for a client's TLS handshake; 0 is no bound",
  }),
  textSilence: limit("textSilenceMs", {
    ...{ kind: DURATION, initial: "20ms", least: "1ms", most: "10s" },
    description: "silence that ends a text request without a line feed",
  }),
  textWriteSilence: limit("textWriteSilenceMs", {
    ...{ kind: DURATION, initial: "250ms", least: "1ms", most: "1m" },
    description: "the same for a PUT or DELETE that came in pieces or from another machine",
  }),
};

/** Limits that can be changed while a service runs: all but one, with which buffers are created at the start. */
export const CHANGEABLE_LIMITS: readonly (readonly [key: string, setting: LimitSetting])[] = Object.entries(
  LIMIT_SETTINGS,
).filter(([key]) => key !== "maxPendingReplies");

export const DEFAULT_LIMITS: ConnectionLimits = limitsFrom(({ kind, initial }) => kind.parse(initial));

/** All limits, each as `numberFor` has it. */
export function limitsFrom(
  numberFor: (setting: LimitSetting, key: keyof typeof LIMIT_SETTINGS) => number,
): ConnectionLimits {
  const parser: ParserLimits = { requestBytes: 0, argumentCount: 0, argumentBytes: 0 };
  const limits: Adjustable<ConnectionLimits> = {
    connections: 0,
    parser,
    unauthenticatedParser: parser,
    pipelineDepth: 0,
    pausedReplyBytes: 0,
    replyBytes: 0,
    idleTimeoutMs: 0,
    requestTimeoutMs: 0,
    authTimeoutMs: 0,
    tlsHandshakeMs: 0,
    textSilenceMs: 0,
    textWriteSilenceMs: 0,
  };
  for (const [key, setting] of Object.entries(LIMIT_SETTINGS)) {
    setting.write(limits, numberFor(setting, key as keyof typeof LIMIT_SETTINGS));
  }
  return limits;
}

function limit(
  field: Exclude<keyof ConnectionLimits, "parser" | "unauthenticatedParser">,
  setting: Omit<NumberSetting, "group">,
): LimitSetting {
  return {
    ...setting,
    group: "Limits",
    read: (from) => from[field],
    write(to, value) {
      to[field] = value;
    },
  };
}

function parserLimit(
  parser: "parser" | "unauthenticatedParser",
  field: keyof ParserLimits,
  setting: Omit<NumberSetting, "group">,
): LimitSetting {
  return {
    ...setting,
    group: "Limits",
    read: (from) => from[parser][field],
    write(to, value) {
      to[parser] = { ...to[parser], [field]: value };
    },
  };
}

/** A closing connection is cut off if its client takes none of the last replies for this long. */
export const LAST_REPLIES_MS = 10_000;
/** How long a refused connection waits for its client to close before it is cut off. */
export const LINGER_MS = 2_000;
/** Reading pauses when this many received bytes wait to be executed. */
export const PAUSE_READING_BYTES: number = 64 * 1024;
