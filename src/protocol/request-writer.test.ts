import { describe, expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { Request } from "./protocol.ts";
import {
  writeArgument,
  writeArgumentCount,
  writeCommand,
  writeRequest,
  writeRequestArgument,
  writeTextArgument,
} from "./request-writer.ts";

function written(write: (out: ByteBuffer) => void): string {
  const out = new ByteBuffer(1);
  write(out);
  return Buffer.from(out.view()).toString("latin1");
}

describe("a command", () => {
  test.each<[string, (string | Uint8Array)[]]>([
    ["*1\r\n$4\r\nPING\r\n", ["PING"]],
    ["*2\r\n$3\r\nGET\r\n$8\r\nshashank\r\n", ["GET", "shashank"]],
    ["*3\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n$2\r\n\xff\x00\r\n", ["SET", "ü", fromLatin1("\xff\x00")]],
    ["*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", ["ECHO", ""]],
  ])("%j", (bytes, args) => {
    expect(written((out) => writeCommand(out, args))).toBe(bytes);
  });

  test("of many arguments and long ones", () => {
    const args = Array.from({ length: 12 }, (_, i) => "é".repeat(i * 100));
    const bulks = args.map((text) => `$${utf8(text).length}\r\n${Buffer.from(text).toString("latin1")}\r\n`);
    expect(written((out) => writeCommand(out, args))).toBe(`*12\r\n${bulks.join("")}`);
  });
});

describe("a received request", () => {
  const request = new Request();
  request.reset(utf8("MGET one two"));
  request.add(0, 4);
  request.add(5, 8);
  request.add(9, 12);

  test("as it is", () => {
    const bytes = "*3\r\n$4\r\nMGET\r\n$3\r\none\r\n$3\r\ntwo\r\n";
    expect(written((out) => writeRequest(out, request))).toBe(bytes);
  });

  test("some of its arguments", () => {
    expect(written((out) => writeRequest(out, request, 1))).toBe("*2\r\n$3\r\none\r\n$3\r\ntwo\r\n");
    expect(written((out) => writeRequest(out, request, 0, 2))).toBe("*2\r\n$4\r\nMGET\r\n$3\r\none\r\n");
  });

  test("put together anew", () => {
    const compose = (out: ByteBuffer) => {
      writeArgumentCount(out, 3);
      writeTextArgument(out, "DEL");
      writeRequestArgument(out, request, 2);
      writeArgument(out, utf8("threefour"), 5);
    };
    expect(written(compose)).toBe("*3\r\n$3\r\nDEL\r\n$3\r\ntwo\r\n$4\r\nfour\r\n");
  });
});
