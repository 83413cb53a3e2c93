import { expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import type { ClientFacts } from "../net/client-facts.ts";
import { countSubscriptions } from "./subscriptions.ts";

const NONE = { channels: 0, patterns: 0, shardChannels: 0 };

/** A message as an array (`*`) or a push (`>`). */
function message(type: "*" | ">", kind: string, ...rest: readonly string[]): string {
  return `${type}${1 + rest.length}\r\n$${kind.length}\r\n${kind}\r\n${rest.join("")}`;
}

function confirmation(type: "*" | ">", kind: string, count: number): string {
  return message(type, kind, "$2\r\nab\r\n", `:${count}\r\n`);
}

/** Counts messages that stand behind each other in one buffer. @returns the counts of the client */
function counted(messages: readonly string[], before: Partial<typeof NONE> = {}): typeof NONE {
  const client = { ...NONE, ...before };
  const bytes = fromLatin1(messages.join(""));
  let start = 0;
  for (const { length } of messages) {
    countSubscriptions(client as unknown as ClientFacts, bytes, start, start + length);
    start += length;
  }
  return client;
}

test.each(["*", ">"] as const)("a confirmation (%s) counts channels and patterns together", (type) => {
  expect(counted([confirmation(type, "subscribe", 2), confirmation(type, "psubscribe", 3)])).toEqual({
    ...NONE,
    ...{ channels: 2, patterns: 1 },
  });
  const both = { channels: 2, patterns: 3 };
  expect(counted([confirmation(type, "unsubscribe", 4)], both)).toEqual({
    ...NONE,
    channels: 1,
    patterns: 3,
  });
  expect(counted([confirmation(type, "punsubscribe", 4)], both)).toEqual({
    ...NONE,
    channels: 2,
    patterns: 2,
  });
});

test("a confirmation about shard channels counts them alone", () => {
  const both = { channels: 2, patterns: 3 };
  expect(counted([confirmation(">", "ssubscribe", 4)], both)).toEqual({ ...both, shardChannels: 4 });
  expect(counted([confirmation(">", "sunsubscribe", 0)], { ...both, shardChannels: 4 })).toEqual({
    ...both,
    shardChannels: 0,
  });
});

test("no count goes below zero", () => {
  expect(counted([confirmation("*", "unsubscribe", 0)], { channels: 1, patterns: 1 }).channels).toBe(0);
  expect(counted([confirmation("*", "punsubscribe", 0)], { channels: 1, patterns: 1 }).patterns).toBe(0);
});

test.each([
  ["a message", message(">", "message", "$2\r\nab\r\n", "$2\r\n:9\r\n")],
  ["a message to a pattern", message("*", "pmessage", "$1\r\n*\r\n", "$2\r\nab\r\n", "$2\r\n:9\r\n")],
  ["another kind as long as a confirmation", message(">", "otherwise", "$2\r\nab\r\n", ":9\r\n")],
  ["a confirmation with more elements", message(">", "subscribe", "$1\r\na\r\n", "$1\r\na\r\n", ":9\r\n")],
  ["a confirmation without a count", message(">", "subscribe", "$2\r\nab\r\n", "_\r\n")],
])("%s counts nothing", (_, bytes) => {
  expect(counted([bytes], { channels: 1, patterns: 1 })).toEqual({ ...NONE, channels: 1, patterns: 1 });
});
