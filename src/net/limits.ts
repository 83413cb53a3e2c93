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

/** Bounds of what one listener accepts. Every one has a setting in `LIMIT_SETTINGS`; 0 switches a time-out off. */
export interface ConnectionLimits {
  /** Connections open at once; one more gets an error and is closed. */
  readonly connections: number;
  readonly parser: ParserLimits;
  /** The same for a client that has not given the password yet. */
  readonly unauthenticatedParser: ParserLimits;
  /** Requests of one connection waiting for their reply; more are not read until some are answered. */
  readonly pipelineDepth: number;
  /** Reply bytes waiting for a client; beyond this none of its further requests are executed until it reads. */
  readonly pausedReplyBytes: number;
  /** Reply bytes waiting for a client; beyond this it is cut off (pushes and large values pile up past the pause). */
  readonly replyBytes: number;
  /** A connection without a request for so long is closed. */
  readonly idleTimeoutMs: number;
  /** A request whose first byte has come must be complete within this time. */
  readonly requestTimeoutMs: number;
  /** A client that has not given the password so long after it connected is closed; only where one is asked for. */
  readonly authTimeoutMs: number;
  /** A text request without a line feed counts as complete after so long a silence (`endingSilenceMs`). */
  readonly textSilenceMs: number;
  /** The same for one that writes, where its second half may still be on its way. */
  readonly textWriteSilenceMs: number;
}

/** Limits that CONFIG SET changes while connections are open: they are read anew each time. */
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

/** A client that is to end and takes nothing of its last replies for so long is cut off. */
export const LAST_REPLIES_MS = 10_000;
/** How long a client that broke the protocol may go on sending before its connection ends for good. */
export const LINGER_MS = 2_000;
/** Requests received ahead of execution before the socket is not read any more. */
export const PAUSE_READING_BYTES: number = 64 * 1024;
