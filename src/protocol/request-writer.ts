import { ByteBuffer } from "../lib/byte-buffer.ts";
import { writeBlob, writeHeader, writeTextBlob } from "./encoding.ts";
import type { Request } from "./protocol.ts";
import { ARRAY, BULK } from "./reply-types.ts";

/** Writes requests in RESP. */

/** One request. Texts are written in UTF-8. */
export function writeCommand(out: ByteBuffer, args: readonly (string | Uint8Array)[]): void {
  writeArgumentCount(out, args.length);
  for (const argument of args) {
    if (typeof argument === "string") writeTextBlob(out, BULK, argument);
    else writeBlob(out, BULK, argument, 0, argument.length);
  }
}

/** A received request, or only its arguments [from, to). Allocates nothing. */
export function writeRequest(out: ByteBuffer, request: Request, from = 0, to: number = request.count): void {
  writeArgumentCount(out, to - from);
  for (let index = from; index < to; index++) writeRequestArgument(out, request, index);
}

/** Begins a request of `count` arguments. The arguments follow one by one. */
export function writeArgumentCount(out: ByteBuffer, count: number): void {
  writeHeader(out, ARRAY, count);
}

/** One argument: source[start, end). */
export function writeArgument(
  out: ByteBuffer,
  source: Uint8Array,
  start = 0,
  end: number = source.length,
): void {
  writeBlob(out, BULK, source, start, end);
}

/** One argument, a text. */
export function writeTextArgument(out: ByteBuffer, text: string): void {
  writeTextBlob(out, BULK, text);
}

/** One argument: argument `index` of `request`. */
export function writeRequestArgument(out: ByteBuffer, request: Request, index: number): void {
  writeBlob(out, BULK, request.bytes, request.starts[index]!, request.ends[index]!);
}

/** The first bytes of every request of this command with one argument. For `writePrepared`. */
export function prepareCommand(name: string): Uint8Array {
  const out = new ByteBuffer();
  writeArgumentCount(out, 2);
  writeTextArgument(out, name);
  return new Uint8Array(out.view());
}

/** A request of a prepared command with one argument, source[start, end). */
export function writePrepared(
  out: ByteBuffer,
  prepared: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  out.append(prepared);
  writeBlob(out, BULK, source, start, end);
}
