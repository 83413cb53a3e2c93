import { assert } from "../../lib/assert.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { parseDecimal } from "../../lib/bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { ARRAY } from "../../protocol/reply-types.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import type { LargeReplySink } from "../large-reply.ts";
import type { UpstreamError } from "../upstream-error.ts";
import { type ConnectionKind, type Redirected, type Upstream, UpstreamRequest } from "../upstream-request.ts";

const LINE_FEED = 0x0a;

/**
 * A connection to a node that is getting a slot. It sends ASKING before each command of a request, which lets the node
 * execute that one command.
 */
export class AskingUpstream implements Upstream {
  readonly out = new ByteBuffer(256);
  readonly #to: Upstream;

  constructor(to: Upstream) {
    this.#to = to;
  }

  get timeoutMs(): number {
    return this.#to.timeoutMs;
  }

  enqueue(request: UpstreamRequest, timeoutMs?: number, nowMs?: number): void {
    const { bytes, length } = this.out;
    for (let start = 0; start < length; ) {
      const end = commandEnd(bytes, start);
      writeCommand(this.#to.out, ["ASKING"]);
      this.#to.out.append(bytes, start, end);
      start = end;
    }
    this.out.discard(length);
    this.#to.enqueue(new AskingRequest(request), timeoutMs, nowMs);
  }
}

/** A request whose every reply comes behind one to ASKING, which is dropped. */
class AskingRequest extends UpstreamRequest {
  readonly #request: UpstreamRequest;

  constructor(request: UpstreamRequest) {
    super();
    this.#request = request;
    this.repliesAwaited = request.repliesAwaited * 2;
    this.redirections = request.redirections;
    this.giveUpAtMs = request.giveUpAtMs;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    if (this.repliesAwaited % 2 === 1) return;
    const request = this.#noteSent();
    request.repliesAwaited = this.repliesAwaited / 2;
    request.isDone = request.repliesAwaited === 0;
    request.reply(bytes, start, end, reader);
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    const request = this.#noteSent();
    request.repliesAwaited = 1;
    return request.takeLarge(lengthBytes);
  }

  override get redirectsTo(): ConnectionKind | undefined {
    return this.#request.redirectsTo;
  }

  override redirect(redirected: Redirected): void {
    this.#request.redirections = this.redirections;
    this.#request.giveUpAtMs = this.giveUpAtMs;
    this.#request.redirect(redirected);
  }

  override failed(error: UpstreamError): void {
    this.#request.isDone = true;
    this.#request.failed(error);
  }

  #noteSent(): UpstreamRequest {
    this.#request.handedOverMs = this.handedOverMs;
    this.#request.roundTripMs = this.roundTripMs;
    return this.#request;
  }
}

/** Returns where the command ends that begins at an offset: an array of byte strings, as we have written it. */
function commandEnd(bytes: Uint8Array, start: number): number {
  assert(bytes[start] === ARRAY, "a command is an array");
  let at = lineEnd(bytes, start);
  for (let left = numberAt(bytes, start, at); left > 0; left--) {
    const headerEnd = lineEnd(bytes, at);
    at = headerEnd + numberAt(bytes, at, headerEnd) + 2;
  }
  return at;
}

/** Returns the offset behind the line. */
function lineEnd(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(LINE_FEED, start) + 1;
}

/** Reads the number of a line such as `*3` or `$10`. */
function numberAt(bytes: Uint8Array, start: number, end: number): number {
  return parseDecimal(bytes, start + 1, end - 2)!;
}
