import { type Logger, pino, stdTimeFunctions } from "pino";
import { LOG_LEVELS } from "../lib/log.ts";
import { choice, setting } from "./setting.ts";
import { displayLines } from "./terminal-text.ts";

const LOGGING = "Messages:";

export const LOG_SETTINGS = {
  logLevel: setting(choice(...LOG_LEVELS), "info", {
    placeholder: "<level>",
    description: "least level to log: trace, debug, info, warn, error, fatal, silent",
    group: LOGGING,
  }),
  logFormat: setting(choice("auto", "pretty", "json"), "auto", {
    placeholder: "<format>",
    description: "pretty, json, or auto: pretty on a terminal, else json",
    group: LOGGING,
  }),
};

export interface LogOptions {
  readonly level: string;
  readonly format: "auto" | "pretty" | "json";
}

/** Creates a log on standard error: each message is a line of JSON, or of text for people. */
export function createLog({ level, format }: LogOptions): Logger {
  const { stderr } = process;
  const colour = usesColour(stderr);
  const pretty = format === "pretty" || (format === "auto" && stderr.isTTY);
  // If nothing reads the messages any more, the program goes on.
  stderr.on("error", () => {});
  const destination = {
    write: (line: string) => stderr.write(pretty ? prettyLine(line, colour) : line),
  };
  return pino(
    { level, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  trace: "90",
  debug: "90",
  info: "32",
  warn: "33",
  error: "31",
  fatal: "31;1",
};

/** Fields that every line has, and those for programs only. */
const HIDDEN = new Set(["level", "time", "pid", "hostname", "msg", "err", "ready"]);

/** Formats a line of the log as `12:34:56.789 warn  message key=value …`. */
export function prettyLine(line: string, colour: boolean): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const level = String(record["level"]);
  const time = new Date(String(record["time"]));
  const message = printable(String(record["msg"] ?? ""));
  const parts = [clockTime(time), paint(level.padEnd(5), COLOURS[level] ?? "0", colour), message];
  for (const [key, value] of Object.entries(record)) {
    if (HIDDEN.has(key)) continue;
    const text = typeof value === "string" ? printable(value) : JSON.stringify(value);
    parts.push(paint(`${key}=${text}`, "90", colour));
  }
  const error = record["err"] as { stack?: string; message?: string } | undefined;
  const trace = error === undefined ? "" : `\n${displayLines(String(error.stack ?? error.message))}`;
  return `${parts.join(" ")}${trace}\n`;
}

/** Escapes control characters: clients' data must not control the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function clockTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** Colours a text by its terminal code, or returns it unchanged. */
export function paint(text: string, code: string, colour: boolean): string {
  return colour ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Whether a stream gets colours: on a terminal, unless NO_COLOR says otherwise. */
export function usesColour(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}
