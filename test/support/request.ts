import { expect } from "bun:test";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { DEFAULT_LIMITS } from "../../src/net/limits.ts";
import { Request } from "../../src/protocol/protocol.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";
import { RespParser } from "../../src/protocol/resp-parser.ts";

/** Returns a request as it comes from a client in RESP. */
export function requestOf(...words: string[]): Request {
  const out = new ByteBuffer();
  writeCommand(out, words);
  const request = new Request();
  expect(new RespParser(DEFAULT_LIMITS.parser).parse(out.bytes, 0, out.length, request)).toBe(out.length);
  return request;
}
