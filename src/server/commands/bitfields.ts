import { type Command, command } from "../../commands/command.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../../commands/command-errors.ts";
import { NEVER } from "../../engine/engine.ts";
import { parseDecimal } from "../../lib/bytes.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64, isOption } from "../arguments.ts";
import { BIT_OFFSET_ERROR, bitOffset, writableBytes } from "../bit-arguments.ts";
import { addToField, byteOf, type FieldType, type Overflow, readField, writeField } from "../bits.ts";
import type { ServerContext } from "../context.ts";
import { VALUE_BYTES } from "../limits.ts";

const BAD_TYPE =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
const EMPTY = new Uint8Array(0);

/** Commands on values as numbers of any width. */
export const bitFieldCommands: readonly Command<ServerContext>[] = [
  command(
    "bitfield",
    "Performs arbitrary bitfield integer operations on strings.",
    (context, request, reply) => bitfield(context, request, reply, false),
  ),
  command(
    "bitfield_ro",
    "Performs arbitrary read-only bitfield integer operations on strings.",
    (context, request, reply) => bitfield(context, request, reply, true),
  ),
];

/** One GET, SET or INCRBY. */
interface Step {
  readonly kind: "get" | "set" | "incrby";
  readonly type: FieldType;
  /** In bits. */
  readonly offset: number;
  readonly operand: bigint;
  readonly overflow: Overflow;
}

function bitfield(context: ServerContext, request: Request, reply: ReplyWriter, onlyReads: boolean) {
  const steps = readSteps(request);
  if (typeof steps === "string") return reply.error(steps);
  const writtenBits = Math.max(
    ...steps.map(({ kind, offset, type }) => (kind === "get" ? 0 : offset + type.bits)),
    0,
  );
  if (writtenBits > 0 && onlyReads) return reply.error("ERR BITFIELD_RO only supports the GET subcommand");
  if (writtenBits > VALUE_BYTES * 8) return reply.error(BIT_OFFSET_ERROR);
  const results =
    writtenBits === 0 ? read(context, request, steps) : write(context, request, steps, writtenBits);
  reply.array(results.length);
  for (const result of results) {
    if (result === undefined) reply.null();
    else reply.integer(result);
  }
}

function read({ keyspace }: ServerContext, request: Request, steps: readonly Step[]): bigint[] {
  const value = keyspace.get(request.view(1))?.value ?? EMPTY;
  return steps.map(({ offset, type }) => readField(value, offset, type));
}

/** Runs all steps on a copy, and stores it if it has changed. */
function write(
  { keyspace, connection }: ServerContext,
  request: Request,
  steps: readonly Step[],
  writtenBits: number,
): (bigint | undefined)[] {
  const key = request.view(1);
  const lengthBytes = byteOf(writtenBits - 1) + 1;
  keyspace.checkValueLength(lengthBytes);
  const stored = keyspace.peek(key);
  const { bytes, hasGrown } = writableBytes(stored?.value, lengthBytes);
  let hasChanged = hasGrown;
  const results = steps.map(({ kind, offset, type, operand, overflow }) => {
    const old = readField(bytes, offset, type);
    if (kind === "get") return old;
    const isSet = kind === "set";
    const start = isSet ? (type.isSigned ? operand : BigInt.asUintN(64, operand)) : old;
    const next = addToField(start, isSet ? 0n : operand, type, overflow);
    if (next === undefined) return undefined;
    writeField(bytes, offset, type, next);
    hasChanged ||= next !== old;
    return isSet ? old : next;
  });
  if (hasChanged) keyspace.set(key, bytes, stored?.expiresAtMs ?? NEVER, connection, "raw");
  // Redis has made the value writable by then.
  else keyspace.noteEncoding(key, bytes, "raw");
  return results;
}

const OVERFLOWS = ["wrap", "sat", "fail"] as const;

/** Reads the steps. @returns an error text when the arguments are no steps */
function readSteps(request: Request): Step[] | string {
  const { count } = request;
  const steps: Step[] = [];
  let overflow: Overflow = "wrap";
  let at = 2;
  while (at < count) {
    const behind = count - at - 1;
    if (isOption(request, at, "overflow") && behind >= 1) {
      const given = OVERFLOWS.find((name) => isOption(request, at + 1, name));
      if (given === undefined) return "ERR Invalid OVERFLOW type specified";
      overflow = given;
      at += 2;
      continue;
    }
    const kind = stepKind(request, at, behind);
    if (kind === undefined) return SYNTAX_ERROR;
    const type = fieldType(request, at + 1);
    if (type === undefined) return BAD_TYPE;
    const offset = bitOffset(request, at + 2, type.bits);
    if (offset === undefined) return BIT_OFFSET_ERROR;
    const operand = kind === "get" ? 0n : int64(request, at + 3);
    if (operand === undefined) return NOT_AN_INTEGER;
    steps.push({ kind, type, offset, operand, overflow });
    at += kind === "get" ? 3 : 4;
  }
  return steps;
}

/** @param behind how many arguments follow */
function stepKind(request: Request, index: number, behind: number): Step["kind"] | undefined {
  if (behind >= 2 && isOption(request, index, "get")) return "get";
  if (behind >= 3 && isOption(request, index, "set")) return "set";
  return behind >= 3 && isOption(request, index, "incrby") ? "incrby" : undefined;
}

const SIGNED = 0x69;
const UNSIGNED = 0x75;

function fieldType(request: Request, index: number): FieldType | undefined {
  const start = request.starts[index]!;
  const end = request.ends[index]!;
  if (start === end) return undefined;
  const sign = request.bytes[start];
  if (sign !== SIGNED && sign !== UNSIGNED) return undefined;
  const isSigned = sign === SIGNED;
  const bits = parseDecimal(request.bytes, start + 1, end);
  if (bits === undefined || bits < 1 || bits > (isSigned ? 64 : 63)) return undefined;
  return { isSigned, bits };
}
