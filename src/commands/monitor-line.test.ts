import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { latin1 } from "../lib/bytes.ts";
import { monitorLine, secretArguments } from "./monitor-line.ts";

const CLIENT = { database: 3, remoteAddress: "[::1]:5" };

function line(wallMs: number, ...words: string[]): string {
  return latin1(monitorLine(requestOf(...words), words[0]!.toLowerCase(), CLIENT, wallMs));
}

test.each([
  [0, "0.000000"],
  [1_700_000_000_123, "1700000000.123000"],
  [1_700_000_000_000.5, "1700000000.000500"],
  [999.9996, "1.000000"],
])("a line begins with the time in seconds and microseconds: %d ms", (wallMs, seconds) => {
  expect(line(wallMs, "PING")).toBe(`+${seconds} [3 [::1]:5] "PING"\r\n`);
});

test("bytes that are not printable are escaped", () => {
  const every = String.fromCharCode(...Array.from({ length: 128 }, (_, byte) => byte));
  const letters: Record<string, string> = {
    ...{ "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x07": "\\a", "\b": "\\b", '"': '\\"', "\\": "\\\\" },
  };
  const shown = [...every].map((character) => {
    const byte = character.charCodeAt(0);
    const hex = `\\x${byte.toString(16).padStart(2, "0")}`;
    return letters[character] ?? (byte >= 0x20 && byte <= 0x7e ? character : hex);
  });
  expect(line(0, "echo", `${every}é`)).toBe(`+0.000000 [3 [::1]:5] "echo" "${shown.join("")}\\xc3\\xa9"\r\n`);
});

test.each([
  ["AUTH secret", "AUTH *"],
  ["AUTH user secret", "AUTH * *"],
  ["GET auth", "GET auth"],
  ["CONFIG GET requirepass x", "CONFIG GET requirepass *"],
  ["CONFIG SET timeout 1 REQUIREPASS secret", "CONFIG SET timeout 1 REQUIREPASS *"],
  ["CONFIG SET requirepass", "CONFIG SET requirepass"],
  ["CONFIG SET a requirepass b c", "CONFIG SET a requirepass b c"],
  ["ACL SETUSER app on >secret", "ACL SETUSER * * *"],
  ["ACL deluser app", "ACL deluser *"],
  ["ACL GETUSER app", "ACL GETUSER *"],
  ["ACL DRYRUN app get a", "ACL DRYRUN app get a"],
  ["ACL SETUSERS app", "ACL SETUSERS app"],
  ["ACL LIST", "ACL LIST"],
  ["HELLO 3 AUTH user secret SETNAME me", "HELLO 3 AUTH * * SETNAME me"],
  ["HELLO 3 SETNAME auth AUTH user secret", "HELLO 3 SETNAME auth * * secret"],
  ["HELLO AUTH a b", "HELLO AUTH a b"],
  ["HELLO 2 auth a b c", "HELLO 2 auth * * c"],
  ["MIGRATE auth 1 auth 0 5 AUTH secret COPY", "MIGRATE auth 1 auth 0 5 AUTH * COPY"],
  ["MIGRATE h 1 k 0 5 AUTH2 user secret COPY", "MIGRATE h 1 k 0 5 AUTH2 * * COPY"],
  ["MIGRATE h 1 k 0 auth x y", "MIGRATE h 1 k 0 auth x y"],
  ["MIGRATE h 1 k 0 5 AUTH auth AUTH x", "MIGRATE h 1 k 0 5 AUTH * AUTH *"],
])("passwords, and the names beside them, are not shown: %s", (text, shown) => {
  const words = text.split(" ");
  const secrets = secretArguments(requestOf(...words), words[0]!.toLowerCase());
  expect(words.map((word, at) => (secrets.has(at) ? "*" : word)).join(" ")).toBe(shown);
  const told = line(0, ...words).slice(`+0.000000 [3 [::1]:5] `.length, -2);
  expect(told).toBe(
    shown
      .split(" ")
      .map((word) => `"${word === "*" ? "(redacted)" : word}"`)
      .join(" "),
  );
});
