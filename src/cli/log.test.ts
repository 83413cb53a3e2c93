import { expect, test } from "bun:test";
import { paint, prettyLine, printable, usesColour } from "./log.ts";

const line = (fields: object) =>
  JSON.stringify({ level: "warn", time: "2024-01-02T03:04:05.006Z", pid: 1, hostname: "h", ...fields });

/** Removes the time of day, which depends on the machine's time zone. */
const pretty = (fields: object, colour = false) => prettyLine(line(fields), colour).replace(/^\S+ /, "");

test("a message for people is one line", () => {
  expect(prettyLine(line({ msg: "m" }), false)).toMatch(/^\d\d:\d\d:05\.006 warn {2}m\n$/);
  expect(pretty({ msg: "origin is away", attempt: 3, origin: "a:1" })).toBe(
    "warn  origin is away attempt=3 origin=a:1\n",
  );
  expect(pretty({ msg: "listening", ready: { port: 1 } })).toBe("warn  listening\n");
  expect(pretty({ msg: "m" }, true)).toBe("\x1b[33mwarn \x1b[0m m\n");
});

test("an error comes with its trace, without control characters", () => {
  expect(pretty({ msg: "m", err: { message: "no", stack: "Error: \x1b[31m\x9b\n    at x" } })).toEndWith(
    "Error: \\x1b[31m\\xc2\\x9b\n    at x\n",
  );
  expect(pretty({ msg: "m", err: { message: "no", stack: "Error: no\n    at x" } })).toBe(
    "warn  m\nError: no\n    at x\n",
  );
});

test("clients' data cannot control the terminal", () => {
  expect(pretty({ msg: "a\x1b[2Jb\nc", key: "\x9b31m" })).toBe("warn  a\\x1b[2Jb\\x0ac key=\\x9b31m\n");
  expect(printable("tab\there")).toBe("tab\\x09here");
});

test("colour on a terminal only", () => {
  expect(usesColour({})).toBe(false);
  expect(paint("a", "31", false)).toBe("a");
});
