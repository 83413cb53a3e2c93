import { expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { type Greeting, putsInvalidationsBetweenReplies, readGreeting } from "./server-version.ts";

function read(reply: string): Greeting {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  reader.next(bytes, 0, bytes.length);
  return readGreeting(bytes, reader);
}

const FIELDS = "$7\r\nversion\r\n$6\r\n7.0.15\r\n$4\r\nmode\r\n+cluster\r\n$4\r\nrole\r\n$6\r\nmaster\r\n";

test("a server describes itself in a map or in an array", () => {
  const told = { server: "", version: "7.0.15", mode: "cluster", role: "master" };
  expect(read(`%3\r\n${FIELDS}`)).toEqual(told);
  expect(read(`*6\r\n${FIELDS}`)).toEqual(told);
});

test("any other answer describes nothing", () => {
  const text = FIELDS.replaceAll("role", "rule");
  expect(read(`$${text.length}\r\n${text}\r\n`)).toEqual({ server: "", version: "", mode: "", role: "" });
});

test.each([
  ["redis", "5.0.14", false],
  ["redis", "6.0.16", false],
  ["redis", "6.1.9", false],
  ["redis", "6.2.6", false],
  ["redis", "6.2.7", true],
  ["redis", "6.3.7", false],
  ["redis", "6.9.240", false],
  ["redis", "7.0.0", true],
  ["redis", "6.2", false],
  ["redis", "6", false],
  ["redis", "", false],
  ["redis", "nightly", true],
  ["valkey", "6.0.0", true],
])("%s %s puts invalidations between replies: %p", (server, version, isSo) => {
  expect(putsInvalidationsBetweenReplies({ server, version, mode: "", role: "" })).toBe(isSo);
});
