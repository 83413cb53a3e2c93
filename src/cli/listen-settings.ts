import { readFileSync } from "node:fs";
import { isLoopbackHost } from "../lib/loopback.ts";
import { type Config, reason } from "./config.ts";
import { UsageError } from "./exit.ts";
import { choice, duration, optionalSetting, port, setting, switchSetting, text } from "./setting.ts";
import { tlsSettings } from "./tls-settings.ts";

const LISTENING = "Listening:";
const ACCESS = "Access:";

/** Settings that server and proxy share: where they listen, and which clients they admit. */
export function listenSettings(defaultPort: string) {
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
      description: "protocols: RESP and the text protocol, or only RESP; inline commands belong to RESP",
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
    ...tlsSettings(),
    drainTime: setting(duration({ most: "1h" }), "5s", {
      placeholder: "<time>",
      description:
        "at the end, how long clients in the middle of requests may go on; those that rest are closed",
      group: LISTENING,
    }),
    check: switchSetting({
      description:
        "say whether the configuration is right, files included, and what differs from the defaults; and end",
      group: LISTENING,
    }),
    untilInputEnds: switchSetting({
      description: "end when standard input ends, for use by programs that start this one",
      group: LISTENING,
    }),
  };
}

export type ListenSettings = ReturnType<typeof listenSettings>;

/**
 * Returns the password that clients must give; undefined if none is required.
 * @throws UsageError if listening there would require one
 */
export function listenPassword(config: Config<ListenSettings>): string | undefined {
  const { values, labels } = config;
  const password = choosePassword(config, "password", "passwordFile");
  if (password === undefined && values.protectedMode === "yes" && !isLoopbackHost(values.host)) {
    throw new UsageError(
      `${labels.host}: without a password, listening on ${values.host} would let anybody who reaches it read ` +
        "and write; give --password-file, listen on localhost, or allow it by --protected-mode no",
    );
  }
  return password;
}

/**
 * Returns the password given directly or in a file, from the source that takes precedence.
 * @throws UsageError if one source gives both, or if the file contains none
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
  if (line.trim() === "") {
    const what = line === "" ? "is empty" : "holds nothing but white space";
    throw new UsageError(`${label}: the first line of "${path}" ${what}; it must be the password`);
  }
  return line;
}
