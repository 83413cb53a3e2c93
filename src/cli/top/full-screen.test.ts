import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { FullScreen } from "./full-screen.ts";

class FakeTerminal extends EventEmitter {
  columns = 80;
  rows = 24;
  written = "";
  write(text: string): void {
    this.written += text;
  }
  take(): string {
    const { written } = this;
    this.written = "";
    return written;
  }
}

test("enters, writes what has changed, and restores the terminal once", () => {
  const terminal = new FakeTerminal();
  const screen = new FullScreen(terminal, () => {});
  screen.draw(["not yet"]);
  expect(terminal.take()).toBe("");
  screen.enter();
  expect(terminal.take()).toBe("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J");
  screen.draw(["a", "b"]);
  expect(terminal.take()).toBe("\x1b[1;1H\x1b[2Ka\x1b[2;1H\x1b[2Kb");
  screen.draw(["a", "c"]);
  expect(terminal.take()).toBe("\x1b[2;1H\x1b[2Kc");
  screen.draw(["a"]);
  expect(terminal.take()).toBe("\x1b[2;1H\x1b[2K");
  screen.leave();
  screen.leave();
  screen.draw(["too late"]);
  expect(terminal.take()).toBe("\x1b[?7h\x1b[?25h\x1b[?1049l");
  expect(terminal.listenerCount("resize")).toBe(0);
});

test("draws everything again in another size", () => {
  const terminal = new FakeTerminal();
  const screen = new FullScreen(terminal, () => screen.draw([`${screen.size.columns}`, "b"]));
  screen.enter();
  screen.draw(["80", "b"]);
  terminal.take();
  terminal.columns = 40;
  terminal.emit("resize");
  expect(terminal.take()).toBe("\x1b[2J\x1b[1;1H\x1b[2K40\x1b[2;1H\x1b[2Kb");
});

test("a terminal of unknown size has the usual one", () => {
  const terminal = new FakeTerminal();
  terminal.columns = 0;
  terminal.rows = 0;
  expect(new FullScreen(terminal, () => {}).size).toEqual({ columns: 80, rows: 24 });
});
