import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";
import { type Config, reason } from "./config.ts";
import { UsageError } from "./exit.ts";
import { LOG_SETTINGS } from "./log.ts";
import {
  choice,
  count,
  duration,
  optionalSetting,
  port,
  type Setting,
  setting,
  size,
  switchSetting,
  text,
  timeout,
} from "./setting.ts";

const LISTENING = "Listening:";
const LIMITS = "Limits:";
const ACCESS = "Access:";

/** What server and proxy have in common: where they listen, whom they let in, and what they bear. */
export function listenSettings<const P extends string>(defaultPort: P) {
  return {
    host: setting(text(), "localhost", {
      placeholder: "<name>",
      description: "name or address to listen on; localhost is 127.0.0.1 and ::1",
      group: LISTENING,
    }),
    port: setting(port(0), defaultPort, {
      placeholder: "<port>",
      description: "port to listen on; 0 takes a free one",
      group: LISTENING,
    }),
    protocol: setting(choice("both", "resp"), "both", {
      placeholder: "<both|resp>",
      description: "what to speak: RESP and the text protocol, or RESP only",
      group: LISTENING,
    }),
    password: optionalSetting(text(), {
      placeholder: "<text>",
      description: "password that clients must give; others on this machine can see it, so prefer the file",
      group: ACCESS,
    }),
    passwordFile: optionalSetting(text(), {
      placeholder: "<file>",
      description: "file whose first line is the password",
      group: ACCESS,
    }),
    protectedMode: setting(choice("yes", "no"), "yes", {
      placeholder: "<yes|no>",
      description: "refuse to listen beyond this machine without a password",
      group: ACCESS,
    }),
    untilInputEnds: switchSetting({
      description: "end when standard input ends, for programs that start this one",
      group: LISTENING,
    }),
    ...LIMIT_SETTINGS,
    ...LOG_SETTINGS,
  };
}

const { parser, unauthenticatedParser } = DEFAULT_LIMITS;

/** One for each of `ConnectionLimits`. */
const LIMIT_SETTINGS = {
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
  textSilence: limit(duration({ least: "1ms", most: "10s" }), durationText(DEFAULT_LIMITS.textSilenceMs), {
    placeholder: "<time>",
    description: "silence that ends a text request without a line feed",
  }),
};

function limit<T>(
  schema: Setting<T>["schema"],
  fallback: string,
  described: { placeholder: string; description: string },
): Setting<T> {
  return setting(schema, fallback, { ...described, group: LIMITS });
}

export type ListenSettings = ReturnType<typeof listenSettings>;

/** The limits as the network layer takes them. @throws UsageError where two of them contradict each other */
export function limitsOf({ values, labels }: Config<ListenSettings>): ConnectionLimits {
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
    textSilenceMs: values.textSilence,
  };
}

/**
 * The password clients must give; undefined: none. @throws UsageError when it would take one to listen there
 */
export function listenPassword(config: Config<ListenSettings>): string | undefined {
  const { values, labels } = config;
  const password = choosePassword(config, "password", "passwordFile");
  if (password === undefined && values.protectedMode === "yes" && !isLoopback(values.host)) {
    throw new UsageError(
      `${labels.host}: without a password, listening on ${values.host} would let anybody who reaches it read ` +
        "and write; give --password-file, listen on localhost, or allow it by --protected-mode no",
    );
  }
  return password;
}

/**
 * The password that was given itself or in a file, whichever source is the stronger.
 * @throws UsageError when both were given in one place, or the file holds none
 */
export function choosePassword<K extends string, F extends string>(
  config: {
    readonly values: Readonly<Record<K | F, string | undefined>>;
    readonly labels: Readonly<Record<K | F, string>>;
    readonly ranks: Readonly<Record<K | F, number>>;
  },
  passwordKey: K,
  fileKey: F,
): string | undefined {
  const { values, labels, ranks } = config;
  if (ranks[passwordKey] > 0 && ranks[passwordKey] === ranks[fileKey]) {
    throw new UsageError(`${labels[passwordKey]} and ${labels[fileKey]}: give one of the two`);
  }
  if (ranks[passwordKey] > ranks[fileKey]) return values[passwordKey];
  const path = values[fileKey];
  return path === undefined ? undefined : readPassword(path, labels[fileKey]);
}

function readPassword(path: string, label: string): string {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${label}: cannot read "${path}": ${reason(error)}`);
  }
  const [line = ""] = content.split(/\r?\n/, 1);
  if (line === "")
    throw new UsageError(`${label}: the first line of "${path}" is empty; it must be the password`);
  return line;
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/** The shortest text that `parseSize` reads as these bytes. */
function sizeText(bytes: number): string {
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
