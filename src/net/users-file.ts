import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import type { UsersFile } from "../commands/acl/access.ts";
import type { User } from "../commands/acl/user.ts";
import { DEFAULT_USER, MOST_USERS_BYTES, Users } from "../commands/acl/users.ts";
import { readUsers, UsersTextError } from "../commands/acl/users-text.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import type { SharedText } from "../lib/shared-text.ts";
import { hashPassword } from "./password-hash.ts";

/** Which users a service has at its start. */
export interface UsersStart {
  /** The default user's; undefined: it needs none, or the file says. */
  readonly password?: string | undefined;
  /** A file in the form of Redis's ACL files; undefined: there is the default user alone. */
  readonly usersFile?: string | undefined;
}

/** The file from which ACL LOAD reads users, and to which ACL SAVE writes them; undefined: there is none. */
export function usersFileAt(path: string | undefined): UsersFile | undefined {
  if (path === undefined) return undefined;
  return { read: () => readUsersFile(path), write: (text) => writeUsersFile(path, text) };
}

/** @throws UsersTextError */
export function usersAtStart({ password, usersFile }: UsersStart, shared?: SharedText): Users {
  const users = new Users(hashPassword, password, shared);
  if (usersFile !== undefined) users.replaceBy(readStart({ password, usersFile }));
  return users;
}

/** The users of a file. @throws UsersTextError also if both it and the start say what the default user's password is */
export function readStart({ password, usersFile }: UsersStart & { readonly usersFile: string }): User[] {
  const users = readUsersFile(usersFile);
  if (password !== undefined && users.some(({ name }) => name === DEFAULT_USER)) {
    throw new UsersTextError(
      `${usersFile}: has a line for the user default, whose password is given apart, too; give it once`,
    );
  }
  return users;
}

/**
 * Reads a file of users in the form of Redis's ACL files.
 * @throws UsersTextError if it cannot be read or has mistakes
 */
function readUsersFile(path: string): User[] {
  return readUsers(textOf(path), path, hashPassword);
}

/** @throws UsersTextError */
function textOf(path: string): string {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(path);
    if (size > MOST_USERS_BYTES) {
      throw new UsersTextError(`${path}: has ${size} bytes; users may take ${MOST_USERS_BYTES}`);
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UsersTextError) throw error;
    throw new UsersTextError(`Error loading ACLs, opening file '${path}': ${reasonOf(error)}`);
  }
  return latin1(bytes, 0, bytes.length);
}

/**
 * Writes a file of users: all of it or nothing. A file that exists keeps its permissions; a new one can be read by its
 * owner alone.
 * @throws Error of the file system
 */
function writeUsersFile(path: string, text: string): void {
  const mode = modeOf(path);
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", mode);
  try {
    writeSync(file, fromLatin1(text));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** What the system says: `ENOENT: no such file or directory, open …` without the rest. */
function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return /^[A-Z]+: ([^,]+),/.exec(message)?.[1] ?? message;
}

function modeOf(path: string): number {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return 0o600;
  }
}
