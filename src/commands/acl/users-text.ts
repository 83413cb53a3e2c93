import type { HashPassword } from "./password.ts";
import { hasSpaces, RuleError } from "./rule-error.ts";
import { joinSelectors, User } from "./user.ts";

/** A text in the form of ACL files has mistakes. The message names each, with its line. */
export class UsersTextError extends Error {}

/**
 * Reads users in the form of Redis's ACL files: a line `user NAME rule…` each, and empty lines. The text has one
 * character a byte.
 * @param name of the text, for messages
 * @throws UsersTextError with all mistakes, in Redis's words
 */
export function readUsers(text: string, name: string, hash: HashPassword): User[] {
  const users: User[] = [];
  const names = new Set<string>();
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const parts = line.replace(/^[ \t\r]+|[ \t\r]+$/g, "").split(" ");
    if (parts.length === 1 && parts[0] === "") continue;
    try {
      users.push(readUser(parts, names, hash));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      problems.push(`${name}:${index + 1}: ${error.message}.`);
    }
  }
  if (problems.length > 0) throw new UsersTextError(problems.join(" "));
  return users;
}

/** @param names of users so far; the new one is added @throws RuleError */
function readUser([keyword, name, ...rules]: string[], names: Set<string>, hash: HashPassword): User {
  if (keyword !== "user" || name === undefined || name === "") {
    throw new RuleError("should start with user keyword followed by the username");
  }
  if (hasSpaces(name)) throw new RuleError(`username '${name}' contains invalid characters`);
  if (names.has(name)) throw new RuleError(`Duplicate user '${name}' found`);
  names.add(name);
  const joined = joinSelectors(rules);
  if ("unmatched" in joined) throw new RuleError("Unmatched parenthesis in selector definition");
  const user = new User(name, hash);
  for (const rule of joined.rules) {
    const trimmed = rule.replace(/^[\t\r]+|[\t\r]+$/g, "");
    try {
      user.applyOne(trimmed);
    } catch (error) {
      // Only a name of a command or a category is repeated: any other rule may be a password.
      if (!(error instanceof RuleError) || !error.isUnknown) throw error;
      throw new RuleError(`Error in applying operation '${trimmed}': ${error.message}`);
    }
  }
  return user;
}

/** Writes users in the form of ACL files. */
export function writeUsers(users: readonly User[]): string {
  return users.map((user) => `user ${user.name} ${user.text}\n`).join("");
}
