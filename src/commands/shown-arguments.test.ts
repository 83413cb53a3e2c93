import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { NOTE_BYTES, noteArguments, notedArguments, shownArguments, textNote } from "./shown-arguments.ts";

function shown(...words: string[]): string[] {
  return shownArguments(requestOf(...words), words[0]!.toLowerCase()).map((bytes) => latin1(bytes));
}

test("arguments are shown as they are, up to 128 bytes of each", () => {
  expect(shown("SET", "", "\x00\n")).toEqual(["SET", "", "\x00\n"]);
  expect(shown("GET", "k".repeat(128))).toEqual(["GET", "k".repeat(128)]);
  expect(shown("GET", "k".repeat(129))).toEqual(["GET", `${"k".repeat(128)}... (1 more bytes)`]);
  expect(shown("GET", "k".repeat(70_000))).toEqual(["GET", `${"k".repeat(128)}... (69872 more bytes)`]);
});

test("at most 32 arguments are shown, the last of which says how many more there are", () => {
  const all = Array.from({ length: 70_000 }, (_, at) => `k${at}`);
  expect(shown(...all.slice(0, 32))).toEqual(all.slice(0, 32));
  expect(shown(...all.slice(0, 33))).toEqual([...all.slice(0, 31), "... (2 more arguments)"]);
  expect(shown(...all).at(-1)).toBe("... (69969 more arguments)");
});

test("passwords are not shown, of any command that takes them", () => {
  expect(shown("AUTH", "user", "secret")).toEqual(["AUTH", "(redacted)", "(redacted)"]);
  expect(shown("HELLO", "3", "AUTH", "user", "secret", "SETNAME", "me")).toEqual([
    ...["HELLO", "3", "AUTH", "(redacted)", "(redacted)", "SETNAME", "me"],
  ]);
  expect(shown("CONFIG", "SET", "requirepass", "secret").at(-1)).toBe("(redacted)");
  expect(shown("ACL", "SETUSER", "app", ">secret").slice(2)).toEqual(["(redacted)", "(redacted)"]);
  expect(shown("MIGRATE", "h", "1", "k", "0", "5", "AUTH", "secret", "COPY").slice(-2)).toEqual([
    ...["(redacted)", "COPY"],
  ]);
});

test("of a large argument the beginning is shown, and how long it is", () => {
  const request = requestOf("SET", "k", "", "EX", "1");
  const bytes = new ChunkedBytes();
  bytes.append(utf8("v".repeat(300)), 0, 300);
  request.large = [{ index: 2, bytes }];
  expect(shownArguments(request, "set").map((argument) => latin1(argument))).toEqual([
    ...["SET", "k", `${"v".repeat(128)}... (172 more bytes)`, "EX", "1"],
  ]);
});

test("a note fits into its room, behind whatever precedes it, and does not change with the request", () => {
  const request = requestOf(...Array.from({ length: 32 }, () => "x".repeat(129)));
  const room = new Uint8Array(7 + NOTE_BYTES + 1).fill(0xee);
  const end = noteArguments(request, "get", room, 7);
  expect(end).toBe(7 + NOTE_BYTES);
  expect([room[6], room[end]]).toEqual([0xee, 0xee]);
  const note = room.subarray(7, end);
  request.bytes.fill(0);
  const told = notedArguments(note).map((bytes) => latin1(bytes));
  expect(told).toEqual(Array.from({ length: 32 }, () => `${"x".repeat(128)}... (1 more bytes)`));
});

test("what is shown of a note does not change with it", () => {
  const note = new Uint8Array(NOTE_BYTES);
  noteArguments(requestOf("GET", "k"), "get", note, 0);
  const told = notedArguments(note);
  note.fill(0);
  expect(told.map((bytes) => latin1(bytes))).toEqual(["GET", "k"]);
});

test("a text is noted like one argument, cut to 128 bytes", () => {
  const noted = (text: string) => notedArguments(textNote(text)).map((bytes) => latin1(bytes));
  expect(noted("GET k")).toEqual(["GET k"]);
  expect(noted("")).toEqual([""]);
  expect(noted("t".repeat(200))).toEqual(["t".repeat(128)]);
});
