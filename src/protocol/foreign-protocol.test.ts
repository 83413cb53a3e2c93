import { describe, expect, test } from "bun:test";
import { bytewise, type Received, receive } from "../../test/support/stream-feed.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { ForeignProtocolError, refuseHttpLine, refuseHttpName } from "./foreign-protocol.ts";
import type { ParserLimits, RequestParser } from "./protocol.ts";
import { RespParser } from "./resp-parser.ts";
import { TextParser } from "./text-parser.ts";

const LIMITS: ParserLimits = { requestBytes: 100_000, argumentCount: 50, argumentBytes: 5000 };
const COMMANDS = ["SET", "COPY", "UNLINK", "MOVE"];
const PARSERS: [string, () => RequestParser][] = [
  [
    "text",
    () =>
      new TextParser(LIMITS, (bytes, start, end) =>
        COMMANDS.includes(latin1(bytes, start, end).toUpperCase()),
      ),
  ],
  ["RESP", () => new RespParser(LIMITS)],
];

describe.each(PARSERS)("in %s", (_name, create) => {
  function parse(stream: string): Received[] {
    const received = receive(create(), [fromLatin1(stream)]);
    expect(receive(create(), bytewise(fromLatin1(stream)))).toEqual(received);
    return received;
  }

  test.each([
    "POST / HTTP/1.1",
    "post /",
    "POST",
    "Host: localhost:8080",
    "hOsT:",
    "Host:localhost".replace(":", ": "),
    "GET / HTTP/1.1",
    "GET /index.html HTTP/1.0",
    "get k HTTP/1.1",
    "PUT /k=v HTTP/1.1",
    "PUT k=v HTTP/1.1",
    "DELETE /k HTTP/1.1",
    "SET /k HTTP/1.1",
    "UNLINK /k HTTP/1.1",
    "ANY-thing! /path?query HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "CONNECT localhost:8080 HTTP/1.1",
    "M http://localhost/k HTTP/1.1",
    "PRI * HTTP/2.0",
    "  GET  /\tHTTP/1.1  ",
  ])("%j ends the stream", (line) => {
    for (const end of ["\n", "\r\n"]) {
      expect(parse(`\n${line}${end}GET a\n`).at(-1)).toEqual({ error: "this is HTTP" });
    }
  });

  test.each(["\x16\x03\x01\x02\x00\x01\x00\nPUT a=b\n", "\x16"])("TLS ends it: %j", (stream) => {
    expect(parse(stream)).toEqual([{ error: "this is TLS" }]);
  });
});

test.each([
  ["PUT log=GET / HTTP/1.1", ["PUT", "log", "GET / HTTP/1.1"]],
  ["PUT a=HTTP/1.1", ["PUT", "a", "HTTP/1.1"]],
  ["PUT a b=c HTTP/1.1", ["PUT", "a b", "c HTTP/1.1"]],
  ["PUT a=xHTTP/1.1", ["PUT", "a", "xHTTP/1.1"]],
  ["GET HTTP/1.1", ["GET", "HTTP/1.1"]],
  ["GET a HTTP/x.1", ["GET", "a HTTP/x.1"]],
  ["GET a http/1.1", ["GET", "a http/1.1"]],
  ["GET host:", ["GET", "host:"]],
  ["SET a HTTP/1.1", ["SET", "a", "HTTP/1.1"]],
  ["UNLINK a HTTP/1.1", ["UNLINK", "a", "HTTP/1.1"]],
])("%j is a request", (line, request) => {
  const [, create] = PARSERS[0]!;
  expect(receive(create(), [fromLatin1(`${line}\n`)])).toEqual([request]);
});

test("POST and Host: are refused as names of commands too, and nowhere else", () => {
  const parse = (stream: string) => receive(new RespParser(LIMITS), [fromLatin1(stream)]);
  expect(parse("*1\r\n$4\r\nPOST\r\n*1\r\n$4\r\nPING\r\n")).toEqual([{ error: "this is HTTP" }]);
  expect(parse("*2\r\n$5\r\nhost:\r\n$1\r\na\r\n")).toEqual([{ error: "this is HTTP" }]);
  expect(parse('"POST" a\r\n')).toEqual([{ error: "this is HTTP" }]);
  expect(parse("*2\r\n$3\r\nGET\r\n$4\r\nPOST\r\n")).toEqual([["GET", "POST"]]);
  expect(parse("*2\r\n$4\r\nECHO\r\n$14\r\nGET / HTTP/1.1\r\n")).toEqual([["ECHO", "GET / HTTP/1.1"]]);
});

describe("a line", () => {
  function isHttp(line: string): boolean {
    const bytes = fromLatin1(`x${line}x`);
    try {
      refuseHttpLine(bytes, 1, bytes.length - 1);
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(ForeignProtocolError);
      return true;
    }
  }

  test.each(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "patch", "PATCH", "PRI"])(
    "with the method %s is HTTP, whatever its target is",
    (method) => {
      expect(isHttp(`${method} a HTTP/1.1`)).toBe(true);
    },
  );

  test.each([
    ["M / HTTP/0.9", true],
    ["M /a HTTP/9.0", true],
    ["M * HTTP/1.1", true],
    ["M ** HTTP/1.1", false],
    ["M a:// HTTP/1.1", true],
    ["M a:/b HTTP/1.1", false],
    ["M a:b/ HTTP/1.1", false],
    ["M a//b HTTP/1.1", false],
    ["M :// HTTP/1.1", true],
    ["M a HTTP/1.1", false],
    ["M / HTTP/1/1", false],
    ["M / HTTP/a.1", false],
    ["M / HTTP/:.1", false],
    ["M / HTTP/1.:", false],
    ["M / HTTP/1./", false],
    ["M / HTTQ/1.1", false],
    ["M /HTTP/1.1", false],
    ["M / a HTTP/1.1", false],
    ["HTTP/1.1", false],
    ["/ HTTP/1.1", false],
    ["GET HTTP/1.1", false],
    ["Posts a", false],
    ["hosts: a", false],
    ["host", false],
  ])("%j is HTTP: %p", (line, expected) => {
    expect(isHttp(line)).toBe(expected);
  });
});

test.each([
  ["POST", true],
  ["host:", true],
  ["POSTS", false],
  ["host", false],
  ["PAST", false],
])("the name %s is one of HTTP: %p", (name, expected) => {
  const bytes = fromLatin1(name);
  const refuse = () => refuseHttpName(bytes, 0, bytes.length);
  if (expected) expect(refuse).toThrow("this is HTTP");
  else expect(refuse).not.toThrow();
});
