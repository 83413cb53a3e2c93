import { ProtocolError, Request, type RequestParser } from "../../src/protocol/protocol.ts";
import type { ReplyReader } from "../../src/protocol/reply-reader.ts";
import type { TextParser } from "../../src/protocol/text-parser.ts";

/** What came out of a stream, in order: requests' arguments, problems, or the error that ended it. */
export type Received = readonly string[] | { readonly problem: string } | { readonly error: string };

/**
 * Offers growing parts of a stream to a parser as a connection does: unfinished bytes are kept and lie elsewhere
 * in every call, with other bytes around them.
 */
class Window {
  bytes = new Uint8Array(0);
  start = 0;
  end = 0;
  #calls = 0;

  /** Drops what lies before `start`, and adds `piece`. */
  add(piece: Uint8Array): void {
    const kept = this.bytes.subarray(this.start, this.end);
    const offset = (this.#calls++ * 7) % 23;
    const moved = new Uint8Array(offset + kept.length + piece.length + 13).fill(0x0a);
    moved.set(kept, offset);
    moved.set(piece, offset + kept.length);
    this.bytes = moved;
    this.start = offset;
    this.end = offset + kept.length + piece.length;
  }
}

/** Cuts `stream` at the offsets `cuts`, in any order. */
export function pieces(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [
    0,
    ...cuts.filter((cut) => cut > 0 && cut < stream.length).sort((a, b) => a - b),
    stream.length,
  ];
  return at.slice(1).map((end, i) => stream.subarray(at[i]!, end));
}

/** One byte a piece. */
export function bytewise(stream: Uint8Array): Uint8Array[] {
  return Array.from(stream, (_, i) => stream.subarray(i, i + 1));
}

/**
 * Parses a stream that arrives in pieces, and checks what every parser owes: progress, only valid ranges, and
 * `neededBytes` that were truly needed.
 */
export function receive(parser: RequestParser, parts: readonly Uint8Array[]): Received[] {
  const received: Received[] = [];
  const request = new Request();
  const window = new Window();
  let needed = 0;
  try {
    for (const piece of parts) {
      window.add(piece);
      for (;;) {
        const next = parser.parse(window.bytes, window.start, window.end, request);
        if (next === -1) {
          if (parser.neededBytes <= window.end - window.start) throw new Error("waits for what it has");
          needed = Math.max(needed, parser.neededBytes);
          break;
        }
        if (next <= window.start || next > window.end) throw new Error("no progress");
        if (request.problem === "" && request.count > 0 && next - window.start < needed) {
          throw new Error("needed less than it said");
        }
        needed = 0;
        note(request, received);
        window.start = next;
      }
    }
    const { finish } = parser as TextParser;
    if (finish?.call(parser, window.bytes, window.start, window.end, request)) {
      if (!request.oneShot) throw new Error("not marked as one-shot");
      note(request, received);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    received.push({ error: error.message });
  }
  return received;
}

function note(request: Request, received: Received[]): void {
  if (request.problem !== "") {
    if (request.count !== 0) throw new Error("a problem with arguments");
    received.push({ problem: request.problem });
  } else if (request.count > 0) {
    received.push(Array.from({ length: request.count }, (_, i) => request.text(i)));
  }
}

/** One reply as a `ReplyReader` found it; payload and whole as one character a byte. */
export interface ReceivedReply {
  readonly type: string;
  readonly isNull: boolean;
  readonly count: number;
  readonly value: string;
  readonly reply: string;
  readonly whole: string;
}

/** Reads the replies of a stream that arrives in pieces; the last item is a text when an error ended it. */
export function receiveReplies(
  reader: ReplyReader,
  parts: readonly Uint8Array[],
): (ReceivedReply | string)[] {
  const received: (ReceivedReply | string)[] = [];
  const window = new Window();
  let needed = 0;
  const text = (from: number, to: number) => Buffer.from(window.bytes.subarray(from, to)).toString("latin1");
  try {
    for (const piece of parts) {
      window.add(piece);
      for (;;) {
        const next = reader.next(window.bytes, window.start, window.end);
        if (next === -1) {
          if (reader.neededBytes <= window.end - window.start) throw new Error("waits for what it has");
          needed = Math.max(needed, reader.neededBytes);
          break;
        }
        if (next <= window.start || next > window.end) throw new Error("no progress");
        if (next - window.start < needed) throw new Error("needed less than it said");
        needed = 0;
        received.push({
          type: String.fromCharCode(reader.type),
          isNull: reader.isNull,
          count: reader.count,
          value: text(reader.valueStart, reader.valueEnd),
          reply: text(reader.replyStart, next),
          whole: text(window.start, next),
        });
        window.start = next;
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    received.push(error.message);
  }
  return received;
}

/** A byte array that counts how often single bytes of it are read. */
export function countingReads(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, name) {
      if (typeof name === "string" && name.charCodeAt(0) <= 0x39) reads++;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { bytes: proxy, reads: () => reads };
}
