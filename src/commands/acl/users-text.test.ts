import { expect, test } from "bun:test";
import { hashPassword } from "../../net/password-hash.ts";
import { readUsers, UsersTextError, writeUsers } from "./users-text.ts";

function read(text: string): string[] {
  return readUsers(text, "file", hashPassword).map(({ name, text: rules }) => `${name}: ${rules}`);
}

function problem(text: string): string {
  try {
    readUsers(text, "file", hashPassword);
  } catch (error) {
    expect(error).toBeInstanceOf(UsersTextError);
    return (error as Error).message;
  }
  return "none";
}

test("a line is a user; white space around lines and rules, and empty lines, count for nothing", () => {
  expect(read("")).toEqual([]);
  expect(read("\n \t\r\n\t user app on  ~a* \t+get (+set  ~b) \r\n\nuser b off")).toEqual([
    "app: on sanitize-payload ~a* resetchannels -@all +get (~b resetchannels -@all +set)",
    "b: off sanitize-payload resetchannels -@all",
  ]);
});

test.each([
  ["user a on\nuser", "file:2: should start with user keyword followed by the username."],
  ["user ", "file:1: should start with user keyword followed by the username."],
  ["user  a", "file:1: should start with user keyword followed by the username."],
  ["USER a", "file:1: should start with user keyword followed by the username."],
  ["user a\vb", "file:1: username 'a\vb' contains invalid characters."],
  ["\nuser a\n\nuser a", "file:4: Duplicate user 'a' found."],
  ["user a (+get", "file:1: Unmatched parenthesis in selector definition."],
  [
    "user a +nosuch",
    "file:1: Error in applying operation '+nosuch': Unknown command or category name in ACL.",
  ],
  ["user a >secret ^x", "file:1: Syntax error."],
  [
    "user a +@nosuch\nuser b\nuser b",
    "file:1: Error in applying operation '+@nosuch': Unknown command or category name in ACL. " +
      "file:3: Duplicate user 'b' found.",
  ],
])("%j is refused", (text, message) => {
  expect(problem(text)).toBe(message);
});

test("no password, nor what may be one, is repeated in a message", () => {
  for (const rule of ["#secret", "<secret", "secret", "!secret", "(secret)"]) {
    expect(problem(`user a ${rule}`)).not.toMatch(/secret|none/);
  }
});

test("what is written reads the same", () => {
  const text =
    "user a on nopass sanitize-payload ~* &* +@all\nuser b off sanitize-payload resetchannels -@all +get\n";
  expect(writeUsers(readUsers(text, "file", hashPassword))).toBe(text);
});
