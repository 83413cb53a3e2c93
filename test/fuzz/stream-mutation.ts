import type { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { fromLatin1 } from "../../src/lib/bytes.ts";
import type { SeededRandom } from "../../src/lib/random.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";
import { RespWriter } from "../../src/protocol/resp-writer.ts";

/** Streams for fuzzing: good ones of each protocol, and ways to spoil them. */

const VERBS = ["PUT", "get", "Delete", "DUMP", "AUTH", "quit", "SET", ""];
const INLINE_WORDS = ["set", '"a b"', "'c'", '"\\x41\\n"', '"', "'", "\\", "key", '"x"y', "\t", "  "];
/** Bytes that mean something to one of the protocols. */
const TELLING = fromLatin1("\r\n*$+-:_#,(!=%~>|?0123456789 \t\"'\\=ftx\x00\xff");
const NUMBERS = [
  "0",
  "-1",
  "1",
  "00",
  "+1",
  "",
  "12",
  "255",
  "300",
  "2147483648",
  "99999999999999999999",
  "1e3",
  "?",
];
const LONG_BYTES = 70_000;

/** Appends one to four requests in RESP, as arrays or inline. */
export function writeRespRequests(out: ByteBuffer, random: SeededRandom, inline: boolean): void {
  for (let count = 1 + random.below(4); count > 0; count--) {
    if (inline && random.below(2) === 0) {
      const words = Array.from({ length: random.below(5) }, () => random.pick(INLINE_WORDS));
      appendText(out, `${words.join(" ")}${random.pick(["\n", "\r\n"])}`);
    } else {
      writeCommand(
        out,
        Array.from({ length: random.below(6) }, () => randomBytes(random)),
      );
    }
  }
}

/** Appends one to four requests of the text protocol; the last one may lack its line feed. */
export function writeTextRequests(out: ByteBuffer, random: SeededRandom): void {
  for (let count = 1 + random.below(4); count > 0; count--) {
    appendText(out, `${random.pick(VERBS)}${random.pick([" ", "\t", "  ", ""])}`);
    out.append(randomBytes(random));
    if (random.below(2) === 0) {
      appendText(out, random.pick(["=", " = ", "=="]));
      out.append(randomBytes(random));
    }
    if (count > 1 || random.below(3) > 0) appendText(out, random.pick(["\n", "\r\n"]));
  }
}

/** Appends one to three replies of either RESP version. */
export function writeReplies(out: ByteBuffer, random: SeededRandom): void {
  const writer = new RespWriter(out, random.below(4) === 0 ? 2 : 3);
  for (let count = 1 + random.below(3); count > 0; count--) writeReply(writer, random, 0);
}

function writeReply(writer: RespWriter, random: SeededRandom, depth: number): void {
  if (writer.version === 3 && random.below(8) === 0) {
    writer.attribute(1);
    writer.status("source");
    writer.bulkText("hit");
  }
  const deeper = (count: number) => {
    for (let i = 0; i < count; i++) writeReply(writer, random, depth + 1);
  };
  const size = random.below(4);
  switch (random.below(depth < 5 ? 15 : 11)) {
    case 0:
      writer.ok();
      break;
    case 1:
      writer.error("ERR no");
      break;
    case 2:
      writer.integer(random.below(2) === 0 ? random.below(100_000) : -random.below(20));
      break;
    case 3:
      writer.integer(9_007_199_254_740_993n ** BigInt(1 + random.below(2)));
      break;
    case 4:
      writer.null();
      break;
    case 5:
      writer.nullArray();
      break;
    case 6:
      writer.double(random.pick([1.5, -0.001, 1e300, Number.POSITIVE_INFINITY, Number.NaN]));
      break;
    case 7:
      writer.boolean(random.below(2) === 0);
      break;
    case 8:
      writer.verbatim("txt", "some text");
      break;
    case 9:
    case 10:
      writer.bulk(randomBytes(random));
      break;
    case 11:
      writer.array(size);
      deeper(size);
      break;
    case 12:
      writer.map(size);
      deeper(size * 2);
      break;
    case 13:
      writer.set(size);
      deeper(size);
      break;
    default:
      writer.push(size + 1);
      writer.bulkText("invalidate");
      deeper(size);
  }
}

/** Spoils a stream in place, in up to four ways; `other` is one to cut pieces from. */
export function mutate(stream: ByteBuffer, other: Uint8Array, random: SeededRandom): void {
  for (let count = random.below(5); count > 0; count--) {
    const at = random.below(stream.length + 1);
    const length = Math.min(1 + random.below(12), stream.length - at);
    switch (random.below(8)) {
      case 0: // a bit flips
        if (length > 0) stream.bytes[at]! ^= 1 << random.below(8);
        break;
      case 1: // another byte
        if (length > 0) stream.bytes[at] = TELLING[random.below(TELLING.length)]!;
        break;
      case 2: // a piece is lost
        replace(stream, at, length, new Uint8Array(0));
        break;
      case 3: // a piece comes twice
        replace(stream, at, 0, stream.bytes.slice(at, at + length));
        break;
      case 4: // a piece of another stream comes between
        replace(stream, at, 0, other.slice(random.below(other.length + 1)).subarray(0, 30));
        break;
      case 5: // a number lies
        replaceNumber(stream, at, random.pick(NUMBERS));
        break;
      case 6: // it breaks off
        if (random.below(2) === 0) stream.length = at;
        break;
      default: // rarely, a line longer than any may be
        if (random.below(100) > 0) break;
        if (random.below(2) === 0) replaceNumber(stream, at, "1".repeat(LONG_BYTES));
        else replace(stream, at, 0, new Uint8Array(LONG_BYTES).fill(random.pick([0x61, 0x20, 0x0d, 0x2a])));
    }
  }
}

/** Replaces the first run of digits at or behind `from` by `number`. */
function replaceNumber(stream: ByteBuffer, from: number, number: string): void {
  let start = from;
  while (start < stream.length && !isDigit(stream.bytes[start]!)) start++;
  let end = start;
  while (end < stream.length && isDigit(stream.bytes[end]!)) end++;
  if (end > start) replace(stream, start, end - start, fromLatin1(number));
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function replace(stream: ByteBuffer, at: number, length: number, replacement: Uint8Array): void {
  const growth = replacement.length - length;
  if (growth > 0) stream.reserve(growth);
  stream.bytes.copyWithin(at + replacement.length, at + length, stream.length);
  stream.bytes.set(replacement, at);
  stream.length += growth;
}

function randomBytes(random: SeededRandom): Uint8Array {
  const length = random.below(6) === 0 ? random.below(260) : random.below(12);
  const bytes = new Uint8Array(length);
  const plain = random.below(2) === 0;
  for (let i = 0; i < length; i++) {
    bytes[i] = plain ? 0x61 + random.below(26) : TELLING[random.below(TELLING.length)]!;
  }
  return bytes;
}

function appendText(out: ByteBuffer, text: string): void {
  out.append(fromLatin1(text));
}
