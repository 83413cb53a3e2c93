import { type Command, command } from "../../commands/command.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../../commands/command-errors.ts";
import { NEVER } from "../../engine/engine.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64, isOption } from "../arguments.ts";
import { BIT_OFFSET_ERROR, bitOffset, writableBytes } from "../bit-arguments.ts";
import { bitAt, byteOf, countBits, findBit, setBitAt } from "../bits.ts";
import type { ServerContext } from "../context.ts";

const EMPTY = new Uint8Array(0);

/** Commands on values as bits. */
export const bitCommands: readonly Command<ServerContext>[] = [
  command(
    "setbit",
    "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
    setbit,
  ),
  command("getbit", "Returns a bit value by offset.", getbit),
  command("bitcount", "Counts the number of set bits (population counting) in a string.", bitcount),
  command("bitpos", "Finds the first set (1) or clear (0) bit in a string.", bitpos),
  command("bitop", "Performs bitwise operations on multiple strings, and stores the result.", bitop),
];

function setbit({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const offset = bitOffset(request, 2);
  if (offset === undefined) return reply.error(BIT_OFFSET_ERROR);
  const bit = int64(request, 3);
  if (bit !== 0n && bit !== 1n) return reply.error("ERR bit is not an integer or out of range");
  const key = request.view(1);
  keyspace.checkValueLength(byteOf(offset) + 1);
  const stored = keyspace.peek(key);
  const old = stored === undefined ? 0 : bitAt(stored.value, offset);
  const { bytes, hasGrown } = writableBytes(stored?.value, byteOf(offset) + 1);
  if (hasGrown || old !== Number(bit)) {
    setBitAt(bytes, offset, Number(bit));
    keyspace.set(key, bytes, stored?.expiresAtMs ?? NEVER, connection, "raw");
  } else {
    // Redis has made the value writable by then.
    keyspace.noteEncoding(key, bytes, "raw");
  }
  reply.integer(old);
}

function getbit({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const offset = bitOffset(request, 2);
  if (offset === undefined) return reply.error(BIT_OFFSET_ERROR);
  const stored = keyspace.get(request.view(1));
  reply.integer(stored === undefined ? 0 : bitAt(stored.value, offset));
}

/** The bits [first, last] that a command covers; none when `first` is greater. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

const NO_BITS: BitRange = { first: 1, last: 0 };

/**
 * Reads `start end [BIT|BYTE]` from argument `at` on; `end` may be missing.
 * @returns an error text when the arguments have another form; Redis checks the unit before `end`
 */
function bitRange(request: Request, at: number, lengthBytes: number): BitRange | string {
  const { count } = request;
  const first = int64(request, at);
  if (first === undefined) return NOT_AN_INTEGER;
  const hasUnit = at + 2 < count;
  const isBits = hasUnit && isOption(request, at + 2, "bit");
  if (hasUnit && !isBits && !isOption(request, at + 2, "byte")) return SYNTAX_ERROR;
  const given = at + 1 < count ? int64(request, at + 1) : -1n;
  if (given === undefined) return NOT_AN_INTEGER;
  const total = isBits ? lengthBytes * 8 : lengthBytes;
  const from = fromStart(first, total);
  const to = Math.min(fromStart(given, total), total - 1);
  if (from > to) return NO_BITS;
  return isBits ? { first: from, last: to } : { first: from * 8, last: to * 8 + 7 };
}

/** Resolves a position: a negative one counts from the end, and one before the beginning becomes 0. */
function fromStart(position: bigint, total: number): number {
  return Math.max(position < 0n ? Number(position) + total : Number(position), 0);
}

function bitcount({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const stored = keyspace.get(request.view(1));
  if (stored === undefined) return reply.integer(0);
  const { value } = stored;
  if (request.count === 3 || request.count > 5) return reply.error(SYNTAX_ERROR);
  const range = countedRange(request, value.length);
  if (typeof range === "string") return reply.error(range);
  reply.integer(range.first > range.last ? 0 : countBits(value, range.first, range.last));
}

/** Reads a range as `bitRange`, after the checks that BITCOUNT makes first. */
function countedRange(request: Request, lengthBytes: number): BitRange | string {
  if (request.count === 2) return { first: 0, last: lengthBytes * 8 - 1 };
  const first = int64(request, 2);
  const last = int64(request, 3);
  if (first === undefined || last === undefined) return NOT_AN_INTEGER;
  if (first < 0n && last < 0n && first > last) return NO_BITS;
  return bitRange(request, 2, lengthBytes);
}

function bitpos({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const wanted = int64(request, 2);
  if (wanted === undefined) return reply.error(NOT_AN_INTEGER);
  if (wanted !== 0n && wanted !== 1n) return reply.error("ERR The bit argument must be 1 or 0.");
  const stored = keyspace.get(request.view(1));
  // A missing key counts as endless zeros.
  if (stored === undefined) return reply.integer(wanted === 0n ? 0 : -1);
  const { value } = stored;
  if (request.count > 6) return reply.error(SYNTAX_ERROR);
  const range =
    request.count === 3 ? { first: 0, last: value.length * 8 - 1 } : bitRange(request, 3, value.length);
  if (typeof range === "string") return reply.error(range);
  if (range.first > range.last) return reply.integer(-1);
  const found = findBit(value, range.first, range.last, Number(wanted));
  const hasEnd = request.count > 4;
  // Without a given end, zeros follow the last byte.
  reply.integer(found < 0 && wanted === 0n && !hasEnd ? range.last + 1 : found);
}

function bitop({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const operation = OPERATIONS.find((name) => isOption(request, 1, name));
  if (operation === undefined) return reply.error(SYNTAX_ERROR);
  if (operation === "not" && request.count !== 4) {
    return reply.error("ERR BITOP NOT must be called with a single source key.");
  }
  const sources: Uint8Array[] = [];
  for (let index = 3; index < request.count; index++) {
    sources.push(keyspace.get(request.view(index))?.value ?? EMPTY);
  }
  const result = combine(operation, sources);
  const target = request.view(2);
  if (result.length === 0) keyspace.delete(target, connection);
  else keyspace.set(target, result, NEVER, connection, "raw");
  reply.integer(result.length);
}

const OPERATIONS = ["and", "or", "xor", "not"] as const;

/** Combines the sources into a value as long as the longest; shorter ones are padded with zeros. */
function combine(operation: (typeof OPERATIONS)[number], sources: readonly Uint8Array[]): Uint8Array {
  const length = Math.max(...sources.map((source) => source.length));
  const result = new Uint8Array(length);
  result.set(sources[0]!);
  if (operation === "not") {
    for (let at = 0; at < length; at++) result[at] = ~result[at]!;
    return result;
  }
  for (const source of sources.slice(1)) {
    const shared = source.length;
    if (operation === "and") {
      for (let at = 0; at < shared; at++) result[at] = result[at]! & source[at]!;
      result.fill(0, shared);
    } else if (operation === "or") {
      for (let at = 0; at < shared; at++) result[at] = result[at]! | source[at]!;
    } else {
      for (let at = 0; at < shared; at++) result[at] = result[at]! ^ source[at]!;
    }
  }
  return result;
}
