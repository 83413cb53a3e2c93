import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { MOST_USERS_BYTES } from "../commands/acl/users.ts";
import { UsersTextError } from "../commands/acl/users-text.ts";
import { readStart, usersAtStart, usersFileAt } from "./users-file.ts";

let directory: TemporaryDirectory;
let path: string;

beforeEach(() => {
  directory = new TemporaryDirectory();
  path = join(directory.path, "users.acl");
});
afterEach(() => directory[Symbol.dispose]());

function problem(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UsersTextError);
    return (error as Error).message;
  }
  return "none";
}

test("a file that is written is readable by its owner alone, and keeps its permissions later", () => {
  const file = usersFileAt(path)!;
  file.write("user a on\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o640);
  file.write("user \u00ff on\n");
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect([...readFileSync(path)].slice(5, 7)).toEqual([0xff, 0x20]);
  expect(file.read().map(({ name }) => name)).toEqual(["\u00ff"]);
  expect(readdirSync(directory.path)).toEqual(["users.acl"]);
});

test("what an earlier process has left half written is in nobody's way", () => {
  const file = usersFileAt(path)!;
  writeFileSync(`${path}.${process.pid}.tmp`, "half", { mode: 0o400 });
  file.write("user a on\n");
  expect(readFileSync(path, "utf8")).toBe("user a on\n");
});

test("a file that cannot be written stays as it was", () => {
  mkdirSync(path);
  const file = usersFileAt(path)!;
  expect(() => file.write("user a on\n")).toThrow();
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a file that cannot be read, or is too long, is one clear error", () => {
  expect(problem(() => usersFileAt(path)!.read())).toBe(
    `Error loading ACLs, opening file '${path}': no such file or directory`,
  );
  writeFileSync(path, "\n".repeat(MOST_USERS_BYTES));
  expect(usersFileAt(path)!.read()).toEqual([]);
  writeFileSync(path, "\n".repeat(MOST_USERS_BYTES + 1));
  expect(problem(() => usersFileAt(path)!.read())).toBe(`${path}: has 1048577 bytes; users may take 1048576`);
});

test("the users at the start are those of the file; the default one's password is given once", () => {
  expect(usersFileAt(undefined)).toBeUndefined();
  expect(usersAtStart({ password: "x" }).needsPassword).toBe(true);
  writeFileSync(path, "user app on nopass\n");
  const users = usersAtStart({ password: "x", usersFile: path });
  expect([users.needsPassword, users.get("app")?.isOn]).toEqual([true, true]);
  writeFileSync(path, "user default on nopass\n");
  expect(problem(() => readStart({ password: "x", usersFile: path }))).toBe(
    `${path}: has a line for the user default, whose password is given apart, too; give it once`,
  );
  expect(readStart({ usersFile: path }).length).toBe(1);
});
