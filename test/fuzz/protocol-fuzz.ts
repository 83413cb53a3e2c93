/**
 * A fuzzer of the request parsers and the reply reader. Every input is a few good requests or replies, spoiled or
 * not, and is read twice: whole, by a fresh parser, and in pieces in a buffer that moves, by a parser that has
 * read other inputs before. Both must find the same; every call must make progress, wait or refuse, and keep no
 * more than the limits allow.
 *
 * Longer runs: `bun test/fuzz/protocol-fuzz.ts [inputs] [seed]`.
 */
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { hashBytes, mix32 } from "../../src/lib/hash.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import {
  type ParserLimits,
  ProtocolError,
  Request,
  type RequestParser,
} from "../../src/protocol/protocol.ts";
import { type ReplyLimits, ReplyReader } from "../../src/protocol/reply-reader.ts";
import { decodeReply } from "../../src/protocol/reply-value.ts";
import { RespParser } from "../../src/protocol/resp-parser.ts";
import { type IsCommandName, TextParser } from "../../src/protocol/text-parser.ts";
import { mutate, writeReplies, writeRespRequests, writeTextRequests } from "./stream-mutation.ts";

/** Small, so that inputs cross them. */
const PARSER_LIMITS: ParserLimits = { requestBytes: 600, argumentCount: 6, argumentBytes: 250 };
const REPLY_LIMITS: ReplyLimits = { replyBytes: 600, depth: 4 };
/** What a parser may ask the caller to keep beyond a whole request: the longest line. */
const LINE_BYTES = 64 * 1024 + 2;
/** How much of an input that a parser fails on is shown. */
const SHOWN_BYTES = 1000;
const MOST_PIECES = 12;
const WARM_UP_SHARE = 0.1;

export interface FuzzSummary {
  inputs: number;
  /** Requests and replies that were read. */
  read: number;
  /** Requests with a problem. */
  problems: number;
  /** Every error that ended a stream, and how often. */
  errors: Map<string, number>;
  /** The most bytes a parser had the caller keep. */
  mostKeptBytes: number;
  /** How much the heap has grown since a tenth of the inputs had been read. */
  heapGrowthBytes: number;
}

/** What reading one stream came to. */
interface Outcome {
  /** A hash of all that was read, in order. */
  digest: number;
  /** Whether the reader is as good as new: no error, nothing unfinished. */
  reusable: boolean;
}

interface Target {
  readonly name: string;
  write(out: ByteBuffer, random: SeededRandom): void;
  create(): RequestParser | ReplyReader;
}

/** SET, in any case. */
const isSet: IsCommandName = (bytes, start, end) => /^set$/i.test(latin1(bytes, start, end));

const TARGETS: readonly Target[] = [
  {
    name: "RESP requests",
    write: (out, random) => writeRespRequests(out, random, false),
    create: () => new RespParser(PARSER_LIMITS),
  },
  {
    name: "RESP and inline requests",
    write: (out, random) => writeRespRequests(out, random, true),
    create: () => new RespParser(PARSER_LIMITS),
  },
  {
    name: "text and inline requests",
    write: (out, random) =>
      random.below(2) === 0 ? writeTextRequests(out, random) : writeRespRequests(out, random, true),
    create: () => new TextParser(PARSER_LIMITS, isSet),
  },
  { name: "replies", write: writeReplies, create: () => new ReplyReader(REPLY_LIMITS) },
];

/**
 * @throws Error that names the seed and the input, when a parser breaks its word
 */
export function fuzz(inputs: number, seed: number): FuzzSummary {
  const summary: FuzzSummary = {
    inputs,
    read: 0,
    problems: 0,
    errors: new Map(),
    mostKeptBytes: 0,
    heapGrowthBytes: 0,
  };
  const reused = TARGETS.map((target) => target.create());
  const stream = new ByteBuffer(4096);
  const previous = new ByteBuffer(4096);
  const request = new Request();
  let heapBytes = 0;
  for (let input = 0; input < inputs; input++) {
    if (input === Math.floor(inputs * WARM_UP_SHARE)) heapBytes = usedHeapBytes();
    const random = new SeededRandom(mix32(seed ^ mix32(input)));
    const index = random.below(TARGETS.length);
    const target = TARGETS[index]!;
    stream.clear(64 * 1024);
    target.write(stream, random);
    mutate(stream, previous.view(), random);
    try {
      const whole = readStream(target.create(), stream, request, undefined, summary);
      const inPieces = readStream(reused[index]!, stream, request, random, summary);
      if (whole.digest !== inPieces.digest) throw new Error("reads a stream in pieces differently");
      if (!inPieces.reusable) reused[index] = target.create();
    } catch (cause) {
      const bytes = JSON.stringify(latin1(stream.bytes, 0, Math.min(stream.length, SHOWN_BYTES)));
      throw new Error(`seed ${seed}, input ${input} (${target.name}): ${cause}\n${bytes}`, { cause });
    }
    previous.length = 0;
    previous.append(stream.bytes, 0, Math.min(stream.length, 4096));
  }
  summary.heapGrowthBytes = usedHeapBytes() - heapBytes;
  return summary;
}

/** @param random where it is given, the stream comes in pieces, each time in another place */
function readStream(
  reader: RequestParser | ReplyReader,
  stream: ByteBuffer,
  request: Request,
  random: SeededRandom | undefined,
  summary: FuzzSummary,
): Outcome {
  const outcome: Outcome = { digest: 0, reusable: true };
  let bytes = stream.bytes;
  let start = 0;
  let end = random === undefined ? stream.length : 0;
  let pieces = random === undefined ? 0 : MOST_PIECES;
  /** Where bytes[0] lies in the stream. */
  let origin = 0;
  try {
    for (;;) {
      const next =
        reader instanceof ReplyReader
          ? reader.next(bytes, start, end)
          : reader.parse(bytes, start, end, request);
      if (next !== -1) {
        if (next <= start || next > end) throw new Error("makes no progress");
        outcome.digest = combine(outcome.digest, digestOf(reader, bytes, start, next, request, summary));
        start = next;
        continue;
      }
      checkWait(reader, end - start, summary);
      const position = origin + end;
      if (position === stream.length) break;
      const left = stream.length - position;
      const piece = pieces-- > 1 ? 1 + random!.below(Math.min(left, Math.max(40, left >> 2))) : left;
      const offset = random!.below(16);
      const moved = new Uint8Array(offset + end - start + piece + 5).fill(0x31);
      moved.set(stream.bytes.subarray(origin + start, position + piece), offset);
      origin += start - offset;
      end = offset + end - start + piece;
      start = offset;
      bytes = moved;
    }
    if (reader instanceof TextParser && reader.finish(bytes, start, end, request)) {
      outcome.digest = combine(outcome.digest, digestOf(reader, bytes, start, end, request, summary));
    } else outcome.reusable = start === end;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    outcome.reusable = false;
    outcome.digest = combine(outcome.digest, digestOfText(error.message));
    const message = error.message.replace(/'.'$/s, "'…'");
    summary.errors.set(message, (summary.errors.get(message) ?? 0) + 1);
  }
  return outcome;
}

function checkWait(reader: RequestParser | ReplyReader, keptBytes: number, summary: FuzzSummary): void {
  const most =
    (reader instanceof ReplyReader ? REPLY_LIMITS.replyBytes : PARSER_LIMITS.requestBytes) + LINE_BYTES;
  if (keptBytes > most) throw new Error(`has ${keptBytes} bytes kept`);
  if (reader.neededBytes <= keptBytes) throw new Error("waits for what it has");
  if (reader.neededBytes > most) throw new Error(`wants room for ${reader.neededBytes} bytes`);
  summary.mostKeptBytes = Math.max(summary.mostKeptBytes, keptBytes);
}

/** A hash of one request or reply; 0 for bytes that asked for nothing. */
function digestOf(
  reader: RequestParser | ReplyReader,
  bytes: Uint8Array,
  start: number,
  end: number,
  request: Request,
  summary: FuzzSummary,
): number {
  if (reader instanceof ReplyReader) {
    summary.read++;
    const { replyStart, valueStart, valueEnd } = reader;
    const inOrder =
      start <= replyStart && replyStart < valueStart && valueStart <= valueEnd && valueEnd <= end;
    if (!inOrder) throw new Error("answers with offsets out of order");
    if (reader.isNull !== (decodeReply(bytes, replyStart, end) === null))
      throw new Error("is wrong about null");
    decodeReply(bytes, start, end, { attributes: "attach", text: true });
    return hashBytes(
      bytes,
      start,
      end,
      hashBytes(bytes, valueStart, valueEnd, reader.type + reader.count * 256),
    );
  }
  if (request.problem !== "") {
    summary.problems++;
    return digestOfText(request.problem);
  }
  if (request.count > 0) summary.read++;
  let digest = 0;
  for (let i = 0; i < request.count; i++) {
    if (request.length(i) > PARSER_LIMITS.requestBytes + LINE_BYTES)
      throw new Error("gives an argument too long");
    digest = hashBytes(request.bytes, request.starts[i]!, request.ends[i]!, digest + 1);
  }
  return digest;
}

/** How often bytes that asked for nothing were consumed depends on how they were cut, so they do not count. */
function combine(digest: number, next: number): number {
  return next === 0 ? digest : mix32(digest ^ next);
}

function digestOfText(text: string): number {
  let digest = 1;
  for (let i = 0; i < text.length; i++) digest = mix32(digest ^ text.charCodeAt(i));
  return digest;
}

function usedHeapBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}

if (import.meta.main) {
  const inputs = Number(process.argv[2] ?? 1_000_000);
  const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${inputs} inputs, seed ${seed}`);
  const startedMs = performance.now();
  console.log(fuzz(inputs, seed));
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
