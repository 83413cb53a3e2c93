import { describe, expect, test } from "bun:test";
import { bytewise, type Received, receive } from "../../test/support/stream-feed.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
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
