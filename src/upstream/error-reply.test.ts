import { expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { type ErrorReply, readErrorReply } from "./error-reply.ts";

function read(reply: string): ErrorReply | undefined {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  reader.next(bytes, 0, bytes.length);
  return readErrorReply(bytes, reader);
}

test.each(["BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF"])(
  "%s is a state that passes, and the error that requests fail with",
  (code) => {
    const failure = { code, message: "not now", maybeExecuted: false };
    expect(read(`-${code} not now\r\n`)).toMatchObject({ kind: "passing", failure, text: `${code} not now` });
    expect(read(`-${code}\r\n`)).toMatchObject({ kind: "passing", failure: { code, message: "" } });
  },
);

test.each([
  "NOAUTH Authentication required.",
  "WRONGPASS invalid username-password pair or user is disabled.",
  "ERR invalid password",
])("%s is about credentials", (text) => expect(read(`-${text}\r\n`)).toEqual({ kind: "credentials", text }));

test("a Redis with too many clients refuses a connection", () => {
  const text = "ERR max number of clients reached";
  const failure = {
    code: "ORIGINDOWN",
    message: `the origin refused the connection: ${text}`,
    maybeExecuted: false,
  };
  expect(read(`-${text}\r\n`)).toMatchObject({ kind: "passing", failure, text });
});

test("a value of another type is recognised by the code", () => {
  const text = "WRONGTYPE Operation against a key holding the wrong kind of value";
  expect(read(`-${text}\r\n`)).toEqual({ kind: "wrong-type", text });
});

test.each(["ERR no", "BUSYKEY exists", "BUSYGROUP exists", "NOPERM no", "OOMPH", ""])(
  "%j is another error",
  (text) => expect(read(`-${text}\r\n`)).toEqual({ kind: "other", text }),
);

test("an error may come as a byte string of RESP3, in any characters", () => {
  expect(read("!9\r\nLOADING \xc3\r\n")).toMatchObject({ kind: "passing", text: "LOADING \ufffd" });
});

test.each(["+OOM\r\n", "$3\r\nOOM\r\n", "_\r\n", "*0\r\n"])("%j is none", (reply) =>
  expect(read(reply)).toBeUndefined(),
);
