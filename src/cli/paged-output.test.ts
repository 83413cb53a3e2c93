import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { screenOf } from "../../test/support/screen.ts";
import { utf8 } from "../lib/bytes.ts";
import { PagedOutput } from "./paged-output.ts";
import { type KeySource, TerminalKeys } from "./terminal-keys.ts";

class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  written = "";
  #wake: () => void = () => {};

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }
  write(data: string | Uint8Array): boolean {
    this.written += typeof data === "string" ? data : new TextDecoder().decode(data);
    this.#wake();
    return true;
  }
  async until(text: string): Promise<void> {
    while (!this.written.includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

class FakeSource extends EventEmitter {
  resume() {}
  pause() {}
}

function start(columns: number, rows: number) {
  const stream = new FakeTerminal(columns, rows);
  const source = new FakeSource();
  const keys = new TerminalKeys(source as KeySource);
  const output = new PagedOutput(stream as unknown as NodeJS.WriteStream, keys);
  const press = async (key: string) => {
    await stream.until("-- more");
    stream.written = stream.written.replaceAll("-- more", "-- MORE");
    source.emit("data", utf8(key));
  };
  const screen = () => screenOf(stream.written.replaceAll("\n", "\r\n"), columns);
  return { stream, output, press, screen };
}

const LINES = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);

describe.each([40, 80, 200])("at %d columns", (columns) => {
  test("output that fits is shown at once", async () => {
    const { stream, output } = start(columns, 10);
    output.begin(true);
    output.write(`${LINES.slice(0, 9).join("\n")}\n`);
    await output.ready();
    output.flush();
    expect(stream.written).toBe(`${LINES.slice(0, 9).join("\n")}\n`);
  });

  test("a page, a line, a page, and no more", async () => {
    const { output, press, screen } = start(columns, 10);
    output.begin(true);
    output.write(`${LINES.join("\n")}\n`);
    const shown = output.ready();
    // A key without a meaning here.
    await press("? ");
    await press("\r");
    await press("q");
    await shown;
    expect(screen()).toEqual([...LINES.slice(0, 19), ""]);
    expect(output.isStopped).toBe(true);
    output.write("nobody wants to see it");
    output.begin(true);
    output.write("the next one\n");
    await output.ready();
    output.flush();
    expect(screen()).toEqual([...LINES.slice(0, 19), "the next one", ""]);
  });

  test("one long line is broken where the terminal breaks it", async () => {
    const { output, press, screen } = start(columns, 5);
    const value = `\x1b[32mlabel\x1b[0m ${"漢x".repeat(columns * 3)}`;
    output.begin(true);
    output.write(`${value}\n`);
    const shown = output.ready();
    await press(" ");
    await press("a");
    await shown;
    output.flush();
    const text = value.replace("\x1b[32m", "").replace("\x1b[0m", "");
    expect(screen().join("")).toBe(text);
    for (const line of screen()) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  test("the prompt fits in one row, and explains the keys", async () => {
    const { stream, output, press, screen } = start(columns, 5);
    output.begin(true);
    output.write(LINES.join("\n"));
    const shown = output.ready();
    await stream.until("-- more");
    const prompt =
      columns === 40
        ? "-- more: Space, Enter, A, Q --"
        : "-- more: Space a page, Enter a line, A all, Q quit --";
    expect(screen()).toEqual([...LINES.slice(0, 4), prompt]);
    await press("\x03");
    await shown;
  });
});

test("a reply in pieces is paged as a whole; output that is not to be paged is not", async () => {
  const { stream, output, press, screen } = start(80, 10);
  output.begin(true);
  for (const line of LINES.slice(0, 9)) {
    output.write(utf8(`${line}\n`));
    await output.ready();
  }
  output.write(`${LINES[9]}\n`);
  const shown = output.ready();
  await press(" ");
  await shown;
  output.begin(false);
  output.write(`${LINES.slice(10).join("\n")}\n`);
  await output.ready();
  output.flush();
  expect(screen()).toEqual([...LINES, ""]);
  expect(stream.written.match(/-- MORE/g)).toHaveLength(1);
});
