/** What the log says of broken promises: which key, in a form that fits a line, and not too often. */
import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { BrokenPromiseLog } from "./broken-promise-log.ts";

function bench() {
  const messages: string[] = [];
  const time = { nowMs: 1000 };
  const error = (message: object | string): void => void messages.push(String(message));
  const log = new BrokenPromiseLog({ info() {}, warn() {}, error }, () => time.nowMs);
  const add = (bytes: Uint8Array): void => log.add(new KeyRef().refer(bytes, 0, bytes.length, 1));
  return { messages, time, add };
}

function shown(bytes: Uint8Array): string {
  const { messages, add } = bench();
  add(bytes);
  return /old value of (.*), which the origin/.exec(messages[0]!)![1]!;
}

test("a key is quoted text, without control characters; or base64 if it is no text", () => {
  expect(shown(utf8("user:1"))).toBe('"user:1"');
  expect(shown(utf8('a"\n\u001b[2J\u009b'))).toBe('"a\\"\\n\\u001b[2J\ufffd"');
  expect(shown(new Uint8Array([0xff, 0xfe]))).toBe("the key //4= (base64)");
});

test("a long key is cut", () => {
  expect(shown(utf8("k".repeat(128)))).toBe(`"${"k".repeat(128)}"`);
  expect(shown(utf8("k".repeat(129)))).toBe(`"${"k".repeat(128)}…"`);
  expect(shown(new Uint8Array(129).fill(0xff))).toEndWith("(base64, its beginning)");
});

test("there is one message a second, which counts those left out", () => {
  const { messages, time, add } = bench();
  for (const key of ["a", "b", "c"]) add(utf8(key));
  expect(messages).toHaveLength(1);
  time.nowMs += 999;
  add(utf8("d"));
  expect(messages).toHaveLength(1);
  time.nowMs += 1;
  add(utf8("e"));
  expect(messages).toHaveLength(2);
  expect(messages[1]).toContain('"e"');
  expect(messages[1]).toContain("(and 3 more since the last message)");
  time.nowMs += 1000;
  add(utf8("f"));
  expect(messages[2]).not.toContain("more since");
});
