import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { utf8 } from "../lib/bytes.ts";
import { askPassword, type TypingTerminal } from "./password-prompt.ts";

class FakeTerminal extends EventEmitter {
  readonly calls: string[] = [];
  setRawMode(isRaw: boolean) {
    this.calls.push(isRaw ? "raw" : "cooked");
  }
  resume() {
    this.calls.push("resume");
  }
  pause() {
    this.calls.push("pause");
  }
}

async function type(...pieces: string[]) {
  const terminal = new FakeTerminal();
  let shown = "";
  const asked = askPassword("Password: ", terminal as TypingTerminal, (text) => {
    shown += text;
  });
  for (const piece of pieces) terminal.emit("data", utf8(piece));
  if (pieces.length === 0) terminal.emit("end");
  return { password: await asked, shown, calls: terminal.calls, listeners: terminal.listenerCount("data") };
}

describe("a password", () => {
  test("is read without being shown, and the terminal is given back", async () => {
    expect(await type("s3", "crét\r")).toEqual({
      password: "s3crét",
      shown: "Password: \n",
      calls: ["raw", "resume", "cooked", "pause"],
      listeners: 0,
    });
  });

  test.each([
    ["Backspace", "ab\x7f\x7fcd\n", "cd"],
    ["Ctrl-U", "ab\x15cd\r", "cd"],
    ["control characters", "a\x01\x1bb\r", "ab"],
    ["nothing", "\r", ""],
    ["Ctrl-C", "ab\x03", undefined],
    ["Ctrl-D at the beginning", "\x04", undefined],
    ["Ctrl-D behind something", "ab\x04\r", "ab"],
  ])("%s", async (_, typed, password) => {
    expect((await type(typed)).password).toBe(password);
  });

  test("the end of the terminal", async () => {
    expect((await type()).password).toBeUndefined();
  });
});
