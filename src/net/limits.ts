import {
  COUNT,
  DURATION,
  LONGEST_TIMEOUT,
  type NumberKind,
  type NumberRange,
  type NumberSetting,
  SIZE,
} from "../lib/number-setting.ts";
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
  maxConnections: limit("connections", COUNT, "20000", { least: "1", most: "1000000" }),
  maxRequest: parserLimit("parser", "requestBytes", SIZE, "512mb", { least: "1kb", most: "1gb" }),
  maxArguments: parserLimit("parser", "argumentCount", COUNT, "1048576", { least: "4", most: "16777216" }),
  maxValue: parserLimit("parser", "argumentBytes", SIZE, "64mb", { least: "64", most: "1gb" }),
  maxUnauthenticatedRequest: parserLimit("unauthenticatedParser", "requestBytes", SIZE, "64kb", {
    least: "256",
    most: "1gb",
  }),
  maxUnauthenticatedArguments: parserLimit("unauthenticatedParser", "argumentCount", COUNT, "10", {
    least: "4",
    most: "16777216",
  }),
  maxUnauthenticatedValue: parserLimit("unauthenticatedParser", "argumentBytes", SIZE, "16kb", {
    least: "64",
    most: "1gb",
  }),
  maxPipeline: limit("pipelineDepth", COUNT, "10000", { least: "1" }),
  pausePendingReplies: limit("pausedReplyBytes", SIZE, "1mb", { least: "1kb" }),
  maxPendingReplies: limit("replyBytes", SIZE, "256mb", { least: "1kb" }),
  idleTimeout: limit("idleTimeoutMs", DURATION, "0", { most: LONGEST_TIMEOUT }),
  requestTimeout: limit("requestTimeoutMs", DURATION, "60s", { most: LONGEST_TIMEOUT }),
  authTimeout: limit("authTimeoutMs", DURATION, "10s", { most: LONGEST_TIMEOUT }),
  textSilence: limit("textSilenceMs", DURATION, "20ms", { least: "1ms", most: "10s" }),
  textWriteSilence: limit("textWriteSilenceMs", DURATION, "250ms", { least: "1ms", most: "1m" }),
};

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
  kind: NumberKind,
  initial: string,
  range: NumberRange,
): LimitSetting {
  return {
    ...{ kind, initial, ...range },
    read: (from) => from[field],
    write(to, value) {
      to[field] = value;
    },
  };
}

function parserLimit(
  parser: "parser" | "unauthenticatedParser",
  field: keyof ParserLimits,
  kind: NumberKind,
  initial: string,
  range: NumberRange,
): LimitSetting {
  return {
    ...{ kind, initial, ...range },
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
