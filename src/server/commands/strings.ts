import { type Command, command } from "../../commands/command.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from "../../commands/command-errors.ts";
import { NEVER } from "../../engine/engine.ts";
import { copyBytes } from "../../lib/byte-buffer.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64, isOption } from "../arguments.ts";
import type { ServerContext } from "../context.ts";
import {
  MS_FROM_NOW,
  MS_SINCE_EPOCH,
  positiveExpiryTime,
  SECONDS_FROM_NOW,
  SECONDS_SINCE_EPOCH,
  type TimeForm,
  timeError,
} from "../expiry-times.ts";
import { VALUE_BYTES } from "../limits.ts";
import { setAll } from "../set-all.ts";

const VALUE_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
const EMPTY = new Uint8Array(0);

/** Commands on values as byte strings. */
export const stringCommands: readonly Command<ServerContext>[] = [
  command("get", "Returns the string value of a key.", get),
  command(
    "set",
    "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
    set,
  ),
  command("setnx", "Set the string value of a key only when the key doesn't exist.", setnx),
  command(
    "setex",
    "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
    (context, request, reply) => setWithExpiry(context, request, reply, SECONDS_FROM_NOW, "setex"),
  ),
  command(
    "psetex",
    "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
    (context, request, reply) => setWithExpiry(context, request, reply, MS_FROM_NOW, "psetex"),
  ),
  command("getset", "Returns the previous string value of a key after setting it to a new value.", getset),
  command("getdel", "Returns the string value of a key after deleting the key.", getdel),
  command("getex", "Returns the string value of a key after setting its expiration time.", getex),
  command("mget", "Atomically returns the string values of one or more keys.", mget),
  command("mset", "Atomically creates or modifies the string values of one or more keys.", mset),
  command(
    "msetnx",
    "Atomically modifies the string values of one or more keys only when all keys don't exist.",
    msetnx,
  ),
  command("append", "Appends a string to the value of a key. Creates the key if it doesn't exist.", append),
  command("strlen", "Returns the length of a string value.", (context, request, reply) =>
    reply.integer(context.keyspace.length(request.view(1)) ?? 0),
  ),
  command("getrange", "Returns a substring of the string stored at a key.", getrange),
  command("substr", "Returns a substring from a string value.", getrange),
  command(
    "setrange",
    "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
    setrange,
  ),
];

function get({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  if (!keyspace.read(request.bytes, request.starts[1]!, request.ends[1]!, reply)) reply.null();
}

function set(context: ServerContext, request: Request, reply: ReplyWriter) {
  if (request.count > 3) return setWithOptions(context, request, reply);
  context.keyspace.setArgument(request, 1, 2, NEVER, context.connection);
  reply.ok();
}

/** The options that set an expiry, and how they state it. */
const EXPIRY_OPTIONS: readonly (readonly [string, TimeForm])[] = [
  ["ex", SECONDS_FROM_NOW],
  ["px", MS_FROM_NOW],
  ["exat", SECONDS_SINCE_EPOCH],
  ["pxat", MS_SINCE_EPOCH],
];

function expiryOption(request: Request, index: number): TimeForm | undefined {
  for (const [name, form] of EXPIRY_OPTIONS) if (isOption(request, index, name)) return form;
  return undefined;
}

function setWithOptions(context: ServerContext, request: Request, reply: ReplyWriter) {
  const { keyspace, connection, host } = context;
  let onlyIfAbsent = false;
  let onlyIfPresent = false;
  let returnOld = false;
  let keepExpiry = false;
  let form: TimeForm | undefined;
  let timeIndex = 0;
  for (let index = 3; index < request.count; index++) {
    const expiry = expiryOption(request, index);
    if (expiry !== undefined) {
      // An option may be repeated, and the last one counts. Different ones may not be combined.
      if (keepExpiry || (form !== undefined && form !== expiry) || index + 1 === request.count) {
        return reply.error(SYNTAX_ERROR);
      }
      form = expiry;
      timeIndex = ++index;
    } else if (isOption(request, index, "nx") && !onlyIfPresent) onlyIfAbsent = true;
    else if (isOption(request, index, "xx") && !onlyIfAbsent) onlyIfPresent = true;
    else if (isOption(request, index, "get")) returnOld = true;
    else if (isOption(request, index, "keepttl") && form === undefined) keepExpiry = true;
    else return reply.error(SYNTAX_ERROR);
  }
  let expiresAtMs = NEVER;
  if (form !== undefined) {
    const time = positiveExpiryTime(request, timeIndex, form, host.clock.wallMs());
    if (typeof time === "string") return reply.error(timeError(time, "set"));
    expiresAtMs = time;
  }
  const key = request.view(1);
  const old = returnOld ? keyspace.get(key) : undefined;
  const oldExpiry = old?.expiresAtMs ?? keyspace.peekExpiry(key);
  const exists = oldExpiry !== undefined;
  const allowed = exists ? !onlyIfAbsent : !onlyIfPresent;
  if (allowed) {
    keyspace.setArgument(request, 1, 2, keepExpiry ? (oldExpiry ?? NEVER) : expiresAtMs, connection);
  }
  if (old !== undefined) reply.bulk(old.value);
  else if (returnOld || !allowed) reply.null();
  else reply.ok();
}

function setnx({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  if (keyspace.has(key)) return reply.integer(0);
  keyspace.setArgument(request, 1, 2, NEVER, connection);
  reply.integer(1);
}

function setWithExpiry(
  { keyspace, connection, host }: ServerContext,
  request: Request,
  reply: ReplyWriter,
  form: TimeForm,
  command: string,
) {
  const time = positiveExpiryTime(request, 2, form, host.clock.wallMs());
  if (typeof time === "string") return reply.error(timeError(time, command));
  keyspace.setArgument(request, 1, 3, time, connection);
  reply.ok();
}

function getset({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  const old = keyspace.get(key);
  keyspace.setArgument(request, 1, 2, NEVER, connection);
  if (old === undefined) reply.null();
  else reply.bulk(old.value);
}

function getdel({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  const old = keyspace.get(key);
  if (old === undefined) return reply.null();
  keyspace.delete(key, connection);
  reply.bulk(old.value);
}

function getex({ keyspace, connection, host }: ServerContext, request: Request, reply: ReplyWriter) {
  let form: TimeForm | undefined;
  let timeIndex = 0;
  let persist = false;
  for (let index = 2; index < request.count; index++) {
    const expiry = expiryOption(request, index);
    if (expiry !== undefined) {
      if (persist || (form !== undefined && form !== expiry) || index + 1 === request.count) {
        return reply.error(SYNTAX_ERROR);
      }
      form = expiry;
      timeIndex = ++index;
    } else if (isOption(request, index, "persist") && form === undefined) persist = true;
    else return reply.error(SYNTAX_ERROR);
  }
  const key = request.view(1);
  const stored = keyspace.get(key);
  if (stored === undefined) return reply.null();
  if (form !== undefined) {
    const nowMs = host.clock.wallMs();
    const time = positiveExpiryTime(request, timeIndex, form, nowMs);
    if (typeof time === "string") return reply.error(timeError(time, "getex"));
    if (time <= nowMs) keyspace.delete(key, connection);
    else keyspace.setExpiry(key, time, connection);
  } else if (persist && stored.expiresAtMs !== NEVER) {
    keyspace.setExpiry(key, NEVER, connection);
  }
  reply.bulk(stored.value);
}

function mget({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  reply.array(request.count - 1);
  for (let index = 1; index < request.count; index++) {
    if (!keyspace.read(request.bytes, request.starts[index]!, request.ends[index]!, reply)) reply.null();
  }
}

function mset({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  if (request.count % 2 === 0) return reply.error(wrongArity("mset"));
  setAll(keyspace, request, connection);
  reply.ok();
}

function msetnx({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  if (request.count % 2 === 0) return reply.error(wrongArity("msetnx"));
  for (let index = 1; index < request.count; index += 2) {
    if (keyspace.has(request.view(index))) return reply.integer(0);
  }
  setAll(keyspace, request, connection);
  reply.integer(1);
}

function append({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  const addition = request.view(2);
  const old = keyspace.peek(key);
  if (old === undefined) {
    keyspace.set(key, addition, NEVER, connection);
    return reply.integer(addition.length);
  }
  const length = old.value.length + addition.length;
  if (length > VALUE_BYTES) return reply.error(VALUE_TOO_LONG);
  keyspace.checkValueLength(length);
  const value = new Uint8Array(length);
  value.set(old.value);
  value.set(addition, old.value.length);
  keyspace.set(key, value, old.expiresAtMs, connection, "raw");
  reply.integer(length);
}

function getrange({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const first = int64(request, 2);
  const last = int64(request, 3);
  if (first === undefined || last === undefined) return reply.error(NOT_AN_INTEGER);
  const stored = keyspace.get(request.view(1));
  const length = stored?.value.length ?? 0;
  if (stored === undefined || length === 0) return reply.bulk(EMPTY);
  if (first < 0n && last < 0n && first > last) return reply.bulk(EMPTY);
  const start = rangeEnd(first, length);
  const end = Math.min(rangeEnd(last, length), length - 1);
  if (start > end) reply.bulk(EMPTY);
  else reply.bulk(stored.value, start, end + 1);
}

/** Resolves a position: a negative one counts from the end, and one before the beginning becomes 0. */
function rangeEnd(position: bigint, length: number): number {
  const absolute = position < 0n ? Number(position) + length : Number(position);
  return Math.max(absolute, 0);
}

function setrange({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const offset = int64(request, 2);
  if (offset === undefined) return reply.error(NOT_AN_INTEGER);
  if (offset < 0n) return reply.error("ERR offset is out of range");
  const key = request.view(1);
  const patch = request.view(3);
  if (patch.length === 0) return reply.integer(keyspace.peekLength(key) ?? 0);
  const end = Number(offset) + patch.length;
  if (end > VALUE_BYTES) return reply.error(VALUE_TOO_LONG);
  keyspace.checkValueLength(end);
  const old = keyspace.peek(key);
  const value = new Uint8Array(Math.max(end, old?.value.length ?? 0));
  if (old !== undefined) value.set(old.value);
  copyBytes(patch, 0, patch.length, value, Number(offset));
  keyspace.set(key, value, old?.expiresAtMs ?? NEVER, connection, "raw");
  reply.integer(value.length);
}
