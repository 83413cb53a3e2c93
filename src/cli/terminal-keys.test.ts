import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { type KeySource, TerminalKeys } from "./terminal-keys.ts";

class FakeSource extends EventEmitter {
  resume() {}
  pause() {}
  setRawMode() {}
  type(text: string) {
    this.emit("data", utf8(text));
  }
}

function start() {
  const source = new FakeSource();
  const keys = new TerminalKeys(source as KeySource);
  const passed: string[] = [];
  keys.on("data", (bytes: Uint8Array) => passed.push(fromUtf8(bytes)));
  return { source, keys, passed };
}

test("keys go to readline, and wait while it pauses", () => {
  const { source, keys, passed } = start();
  source.type("a");
  keys.pause();
  source.type("b");
  expect(passed).toEqual(["a"]);
  keys.resume();
  expect(passed).toEqual(["a", "b"]);
});

test("a capture gets them one at a time, and may give the rest back", () => {
  const { source, keys, passed } = start();
  const held: string[] = [];
  const release = keys.capture((key) => {
    held.push(key);
    if (key === "\r") release();
  });
  source.type("é\x1b[A\x1b[5~\x1bOP");
  source.type("x\rrest");
  expect(held).toEqual(["é", "\x1b[A", "\x1b[5~", "\x1bOP", "x", "\r"]);
  expect(passed).toEqual(["rest"]);
});

test("a hot key is removed from the typed keys, in raw mode only", () => {
  const { source, keys, passed } = start();
  const events: string[] = [];
  keys.on("data", (bytes: Uint8Array) => events.push(fromUtf8(bytes)));
  keys.hotKey("\x12", () => events.push("hot"));
  source.type("a\x12");
  keys.setRawMode(true);
  source.type("b\x12c");
  keys.press("d");
  expect(events).toEqual(["a\x12", "b", "hot", "c", "d"]);
  expect(passed).toEqual(["a\x12", "b", "c", "d"]);
});

test("after the end nothing is read", () => {
  const { source, keys, passed } = start();
  keys.close();
  source.type("a");
  expect(passed).toEqual([]);
});
