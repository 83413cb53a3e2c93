import { type Command, command } from "../../commands/command.ts";
import { NOT_AN_INTEGER } from "../../commands/command-errors.ts";
import { NEVER } from "../../engine/engine.ts";
import { latin1, parseDecimal, parseInt64, utf8 } from "../../lib/bytes.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64 } from "../arguments.ts";
import type { ServerContext } from "../context.ts";
import { addLongDouble, formatLongDouble, parseLongDouble } from "../long-double.ts";

const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;
const NOT_A_FLOAT = "ERR value is not a valid float";
const ZERO = utf8("0");

/** Commands on values as numbers. */
export const numberCommands: readonly Command<ServerContext>[] = [
  command(
    "incr",
    "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
    (context, request, reply) => add(context, request, reply, 1),
  ),
  command(
    "decr",
    "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
    (context, request, reply) => add(context, request, reply, -1),
  ),
  command(
    "incrby",
    "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
    (context, request, reply) => {
      const increment = integer(request, 2);
      if (increment === undefined) reply.error(NOT_AN_INTEGER);
      else add(context, request, reply, increment);
    },
  ),
  command(
    "decrby",
    "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
    (context, request, reply) => {
      const decrement = integer(request, 2);
      if (decrement === undefined) reply.error(NOT_AN_INTEGER);
      // The negative of the decrement is no 64-bit integer.
      else if (decrement === INT64_MIN) reply.error("ERR decrement would overflow");
      else add(context, request, reply, -decrement);
    },
  ),
  command(
    "incrbyfloat",
    "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
    addFloat,
  ),
];

function add(
  { keyspace, connection }: ServerContext,
  request: Request,
  reply: ReplyWriter,
  increment: number | bigint,
) {
  const key = request.view(1);
  const old = keyspace.peek(key);
  const value = sum(old === undefined ? ZERO : old.value, increment);
  if (value === undefined) return reply.error(NOT_AN_INTEGER);
  if (value > INT64_MAX || value < INT64_MIN) {
    return reply.error("ERR increment or decrement would overflow");
  }
  keyspace.set(key, utf8(String(value)), old?.expiresAtMs ?? NEVER, connection);
  reply.integer(value);
}

/** Returns the sum, as a `number` when that is exact; undefined when the value is not an integer. */
function sum(value: Uint8Array, increment: number | bigint): number | bigint | undefined {
  const small = parseDecimal(value, 0, value.length);
  if (small !== undefined && typeof increment === "number") {
    const total = small + increment;
    if (Number.isSafeInteger(total)) return total;
  }
  const large = parseInt64(value);
  return large === undefined ? undefined : large + BigInt(increment);
}

/** Reads a signed 64-bit integer, as a `number` when that is exact; undefined when the argument is none. */
function integer(request: Request, index: number): number | bigint | undefined {
  return parseDecimal(request.bytes, request.starts[index]!, request.ends[index]!) ?? int64(request, index);
}

function addFloat({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  const old = keyspace.peek(key);
  const value = parseLongDouble(old === undefined ? "0" : latin1(old.value));
  const increment = value === undefined ? undefined : parseLongDouble(request.text(2));
  if (value === undefined || increment === undefined) return reply.error(NOT_A_FLOAT);
  const total =
    value === "infinite" || increment === "infinite" ? undefined : addLongDouble(value, increment);
  if (total === undefined) return reply.error("ERR increment would produce NaN or Infinity");
  const text = utf8(formatLongDouble(total));
  keyspace.set(key, text, old?.expiresAtMs ?? NEVER, connection, "embstr");
  reply.bulk(text);
}
