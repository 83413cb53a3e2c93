import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { redirectionAt, withOwnId } from "./redirection.ts";

test.each([
  [["CLIENT", "TRACKING", "ON", "REDIRECT", "7"], 4],
  [["CLIENT", "TRACKING", "on", "bcast", "Redirect", "7"], 5],
  [["CLIENT", "TRACKING", "ON", "PREFIX", "redirect", "REDIRECT", "7"], 6],
  [["CLIENT", "TRACKING", "ON", "PREFIX", "REDIRECT", "7"], 0],
  [["CLIENT", "TRACKING", "ON", "REDIRECT"], 0],
  [["CLIENT", "TRACKING", "REDIRECT", "7"], 0],
  [["CLIENT", "TRACKING", "ON"], 0],
])("the redirection of %p is argument %d", (words, at) => {
  expect(redirectionAt(requestOf(...words))).toBe(at);
});

const REDIRECTION = { ours: 3, theirs: 41 };

function translated(reply: string): string {
  const bytes = fromLatin1(`x${reply}x`);
  return latin1(withOwnId(bytes, 1, bytes.length - 1, REDIRECTION));
}

test("a client sees the proxy's id of the client that it redirects to", () => {
  const info = (id: number) =>
    `%3\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n$8\r\nredirect\r\n:${id}\r\n$8\r\nprefixes\r\n*1\r\n$5\r\n\r\n:41\r\n`;
  expect(translated(info(41))).toBe(info(3));
  expect(translated(info(0))).toBe(info(0));
  expect(translated(info(-1))).toBe(info(-1));
});

test("the message that a redirection is broken names the proxy's id, too", () => {
  const broken = (id: number) => `>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`;
  expect(translated(broken(41))).toBe(broken(3));
  expect(translated(broken(42))).toBe(broken(42));
});

test("anything else stays as it is", () => {
  expect(translated("+OK\r\n")).toBe("+OK\r\n");
  expect(translated(":41\r\n")).toBe(":41\r\n");
});
