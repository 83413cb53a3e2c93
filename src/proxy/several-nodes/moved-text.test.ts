import { expect, test } from "bun:test";
import { fromLatin1 } from "../../lib/bytes.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { textOfMoved } from "./moved-text.ts";

function told(reply: string, isExec: boolean): string | undefined {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  expect(reader.next(bytes, 0, bytes.length)).toBe(bytes.length);
  return textOfMoved(bytes, reader, isExec);
}

test("a client learns that its keys are moving, and nothing of nodes", () => {
  for (const reply of ["-MOVED 7 1.2.3.4:5\r\n", "-ASK 7 1.2.3.4:5\r\n"]) {
    expect(told(reply, true)).toStartWith("EXECABORT Transaction discarded");
    expect(told(reply, false)).toStartWith("TRYAGAIN these keys are moving");
  }
});

test("whatever else a node says is passed on", () => {
  for (const reply of ["-ERR MOVED 7\r\n", "-MOVEDNOT 7\r\n", "$7\r\nMOVED 7\r\n", "+OK\r\n"]) {
    expect(told(reply, false)).toBeUndefined();
  }
});
