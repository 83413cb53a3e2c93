import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { screenOf } from "../../test/support/screen.ts";
import { DemoOutput } from "./demo-output.ts";

class FakeTerminal extends EventEmitter {
  isTTY = true;
  columns: number;
  written = "";
  constructor(columns: number) {
    super();
    this.columns = columns;
  }
  write(text: string): boolean {
    this.written += text.replaceAll("\n", "\r\n");
    return true;
  }
  resize(columns: number): void {
    this.columns = columns;
    this.emit("resize");
  }
}

const start = (columns: number) => {
  const terminal = new FakeTerminal(columns);
  return { terminal, output: new DemoOutput(terminal as unknown as NodeJS.WriteStream) };
};

describe.each([40, 80, 200])("at %d columns", (columns) => {
  test("a live line is rewritten, text goes above it, and nothing follows the end", () => {
    const { terminal, output } = start(columns);
    output.say(() => "first");
    output.live(({ columns }) => "x".repeat(columns - 1));
    output.live(() => "live 2");
    output.say(() => "second");
    expect(screenOf(terminal.written, columns)).toEqual(["first", "second", "live 2"]);
    output.endLive(false);
    output.live(() => "kept");
    output.end("Ending.");
    output.say(() => "late");
    output.live(() => "later");
    expect(screenOf(terminal.written, columns)).toEqual(["first", "second", "kept", "Ending.", ""]);
    expect(terminal.listenerCount("resize")).toBe(0);
  });
});

test("a resize has the line drawn anew at the new width", () => {
  const { terminal, output } = start(80);
  output.live(({ columns }) => "x".repeat(columns - 1));
  const before = terminal.written.length;
  terminal.resize(40);
  // In the narrower terminal the old line takes two rows; both are erased.
  expect(terminal.written.slice(before)).toBe(`\x1b[1A\r\x1b[J${"x".repeat(39)}`);
});

test("in a pipe lines follow each other, unwrapped and without colour", () => {
  const { terminal, output } = start(80);
  terminal.isTTY = false;
  const plain = new DemoOutput(terminal as unknown as NodeJS.WriteStream);
  plain.live(({ columns, bold }) => bold(columns > 1000 ? "wide" : "narrow"));
  plain.live(() => "b");
  plain.end("");
  expect(terminal.written).toBe("wide\r\nb\r\n");
  output.end("");
});
