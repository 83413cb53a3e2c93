import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { User } from "../commands/acl/user.ts";
import { DEFAULT_USER, Users } from "../commands/acl/users.ts";
import { UsersTextError } from "../commands/acl/users-text.ts";
import { isLoopbackHost } from "../lib/loopback.ts";
import { hashPassword } from "../net/password-hash.ts";
import { readStart, type UsersStart } from "../net/users-file.ts";
import { type Config, reason } from "./config.ts";
import { UsageError } from "./exit.ts";
import type { HangUp } from "./serve.ts";
import { choice, optionalSetting, setting, text } from "./setting.ts";

const ACCESS = "Access:";

/** Settings that server and proxy share: which clients they admit, and what those may do. */
export function accessSettings() {
  return {
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
    users: optionalSetting(text(), {
      placeholder: "<file>",
      description: "file of users and what they may do, in the form of Redis's ACL files",
      group: ACCESS,
    }),
    protectedMode: setting(choice("yes", "no"), "yes", {
      placeholder: "<yes|no>",
      description: "refuse to listen beyond this machine without a password",
      group: ACCESS,
    }),
  };
}

type AccessSettings = ReturnType<typeof accessSettings>;

/** Which users a service has at its start. */
export interface ListenAccess extends UsersStart {
  /** Whether a client must authenticate before it may do everything. */
  readonly isGuarded: boolean;
  /** Whether the file says nothing of clients that do not authenticate, so that they may do everything. */
  readonly isOpenBeside: boolean;
}

/**
 * Reads which clients are admitted.
 * @throws UsageError if listening there would require a password, or if the file of users has mistakes
 */
export function listenAccess(config: Config<AccessSettings & { readonly host: HostSetting }>): ListenAccess {
  const { values, labels } = config;
  const password = choosePassword(config, "password", "passwordFile");
  const usersFile = values.users;
  const given = usersFile === undefined ? [] : readUsers(labels.users, { password, usersFile });
  const users = new Users(hashPassword, password);
  users.replaceBy(given);
  const isGuarded = users.needsPassword || !users.default.isUnrestricted;
  if (!isGuarded && values.protectedMode === "yes" && !isLoopbackHost(values.host)) {
    const line = usersFile === undefined ? "" : ", or a line for the user default in the file of users";
    throw new UsageError(
      `${labels.host}: without a password, listening on ${values.host} would let anybody who reaches it read ` +
        `and write; give --password-file${line}, listen on localhost, or allow it by --protected-mode no`,
    );
  }
  const isOpenBeside =
    usersFile !== undefined && !isGuarded && !given.some(({ name }) => name === DEFAULT_USER);
  return { password, usersFile, isGuarded, isOpenBeside };
}

type HostSetting = ReturnType<typeof setting<string>>;

/** Says what is easily overlooked. */
export function tellOfAccess({ isOpenBeside, usersFile }: ListenAccess, log: Logger): void {
  if (!isOpenBeside) return;
  log.warn(
    `${usersFile} has no line for the user default: clients that do not authenticate may do everything; ` +
      "add the line `user default off`",
  );
}

/** Has SIGHUP read the file of users again. If it says what it said before, what ACL SETUSER has changed stays. */
export function followUsers(
  config: Config<AccessSettings>,
  { password, usersFile }: ListenAccess,
  service: { replaceUsers(users: readonly User[]): void | Promise<void> },
  hangUp: HangUp,
): void {
  if (usersFile === undefined) return;
  const label = config.labels.users;
  let present = contentOf(label, usersFile);
  hangUp.reloads.push(() => {
    const content = contentOf(label, usersFile);
    const users = readUsers(label, { password, usersFile });
    return async () => {
      if (content === present) return undefined;
      present = content;
      await service.replaceUsers(users);
      return `${users.length} users were read again from ${usersFile}`;
    };
  });
}

/** @throws UsageError */
function readUsers(label: string, start: UsersStart & { readonly usersFile: string }): User[] {
  try {
    return readStart(start);
  } catch (error) {
    if (error instanceof UsersTextError) throw new UsageError(`${label}: ${error.message}`);
    throw error;
  }
}

/** @throws UsageError */
function contentOf(label: string, path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw new UsageError(`${label}: cannot read "${path}": ${reason(error)}`);
  }
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
