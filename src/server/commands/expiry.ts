import { type Command, command } from "../../commands/command.ts";
import { shownText } from "../../commands/command-errors.ts";
import { NEVER } from "../../engine/engine.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { isOption } from "../arguments.ts";
import type { ServerContext } from "../context.ts";
import {
  expiryTime,
  MS_FROM_NOW,
  MS_SINCE_EPOCH,
  SECONDS_FROM_NOW,
  SECONDS_SINCE_EPOCH,
  type TimeForm,
  timeError,
} from "../expiry-times.ts";

/** The replies of TTL and its like for a missing key, and for a key without an expiry. */
const NO_KEY = -2;
const NO_EXPIRY = -1;

/** Commands about the expiry of keys. */
export const expiryCommands: readonly Command<ServerContext>[] = [
  expireCommand("expire", SECONDS_FROM_NOW, "Sets the expiration time of a key in seconds."),
  expireCommand("pexpire", MS_FROM_NOW, "Sets the expiration time of a key in milliseconds."),
  expireCommand("expireat", SECONDS_SINCE_EPOCH, "Sets the expiration time of a key to a Unix timestamp."),
  expireCommand(
    "pexpireat",
    MS_SINCE_EPOCH,
    "Sets the expiration time of a key to a Unix milliseconds timestamp.",
  ),
  ttlCommand("ttl", SECONDS_FROM_NOW, "Returns the expiration time in seconds of a key."),
  ttlCommand("pttl", MS_FROM_NOW, "Returns the expiration time in milliseconds of a key."),
  ttlCommand("expiretime", SECONDS_SINCE_EPOCH, "Returns the expiration time of a key as a Unix timestamp."),
  ttlCommand(
    "pexpiretime",
    MS_SINCE_EPOCH,
    "Returns the expiration time of a key as a Unix milliseconds timestamp.",
  ),
  command("persist", "Removes the expiration time of a key.", persist),
];

function expireCommand(name: string, form: TimeForm, summary: string): Command<ServerContext> {
  return command(name, summary, (context, request, reply) => expire(context, request, reply, form, name));
}

function ttlCommand(name: string, form: TimeForm, summary: string): Command<ServerContext> {
  return command(name, summary, (context, request, reply) => timeToLive(context, request, reply, form));
}

function expire(
  { keyspace, connection, host }: ServerContext,
  request: Request,
  reply: ReplyWriter,
  form: TimeForm,
  name: string,
) {
  let onlyWithout = false;
  let onlyWith = false;
  let onlyLater = false;
  let onlyEarlier = false;
  for (let index = 3; index < request.count; index++) {
    if (isOption(request, index, "nx")) onlyWithout = true;
    else if (isOption(request, index, "xx")) onlyWith = true;
    else if (isOption(request, index, "gt")) onlyLater = true;
    else if (isOption(request, index, "lt")) onlyEarlier = true;
    else return reply.error(`ERR Unsupported option ${shownText(request, index)}`);
  }
  if (onlyWithout && (onlyWith || onlyLater || onlyEarlier)) {
    return reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (onlyLater && onlyEarlier) {
    return reply.error("ERR GT and LT options at the same time are not compatible");
  }
  const nowMs = host.clock.wallMs();
  const time = expiryTime(request, 2, form, nowMs);
  if (typeof time === "string") return reply.error(timeError(time, name));
  const key = request.view(1);
  const current = keyspace.peekExpiry(key);
  if (current === undefined) return reply.integer(0);
  const hasExpiry = current !== NEVER;
  if (
    (onlyWithout && hasExpiry) ||
    (onlyWith && !hasExpiry) ||
    // A key without an expiry counts as expiring never.
    (onlyLater && (!hasExpiry || time <= current)) ||
    (onlyEarlier && hasExpiry && time >= current)
  ) {
    return reply.integer(0);
  }
  if (time <= nowMs) keyspace.delete(key, connection);
  else keyspace.setExpiry(key, time, connection);
  reply.integer(1);
}

function timeToLive({ keyspace, host }: ServerContext, request: Request, reply: ReplyWriter, form: TimeForm) {
  const expiresAtMs = keyspace.expiry(request.view(1));
  if (expiresAtMs === undefined) return reply.integer(NO_KEY);
  if (expiresAtMs === NEVER) return reply.integer(NO_EXPIRY);
  const ms = Math.max(form.isRelative ? expiresAtMs - host.clock.wallMs() : expiresAtMs, 0);
  const time = form.inSeconds ? Math.floor((ms + 500) / 1000) : ms;
  // The digits of a number beyond 2^53 are those of the float.
  reply.integer(Number.isSafeInteger(time) ? time : BigInt(time));
}

function persist({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const key = request.view(1);
  const current = keyspace.peekExpiry(key);
  if (current === undefined || current === NEVER) return reply.integer(0);
  keyspace.setExpiry(key, NEVER, connection);
  reply.integer(1);
}
