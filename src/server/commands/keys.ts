import { type Command, command } from "../../commands/command.ts";
import { INT32_MAX, NOT_AN_INTEGER, OUTSIDE_INT32, SYNTAX_ERROR } from "../../commands/command-errors.ts";
import { matchesGlob } from "../../lib/glob.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64, isOption, isSame } from "../arguments.ts";
import type { ServerContext } from "../context.ts";

const NO_SUCH_KEY = "ERR no such key";
const STAR = 0x2a;
/** Keys visited by a step of SCAN without COUNT. */
const DEFAULT_SCAN_COUNT = 10;
/** The largest step of SCAN; a larger COUNT is reduced to it. */
const LARGEST_SCAN_COUNT = 1_000_000;
/** Keys visited by one step of KEYS; it takes as many steps as needed. */
const KEYS_STEP = 1024;

/** Commands on keys, independent of their values. */
export const keyCommands: readonly Command<ServerContext>[] = [
  command("del", "Deletes one or more keys.", del),
  command("unlink", "Deletes one or more keys; here it is the same as DEL.", del),
  command("exists", "Determines whether one or more keys exist.", exists),
  command(
    "touch",
    "Returns the number of existing keys out of those specified; the eviction policy counts them as read.",
    touch,
  ),
  command("type", "Determines the type of value stored at a key.", ({ keyspace }, request, reply) =>
    reply.status(keyspace.expiry(request.view(1)) === undefined ? "none" : "string"),
  ),
  command("rename", "Renames a key and overwrites the destination.", rename),
  command("renamenx", "Renames a key only when the target key name doesn't exist.", renamenx),
  command("copy", "Copies the value of a key to a new key.", copy),
  command("keys", "Returns all key names that match a pattern.", keys),
  command("scan", "Iterates over the key names in the database.", scan),
  command("randomkey", "Returns a random key name from the database.", ({ keyspace }, _request, reply) => {
    const key = keyspace.engine.randomKey();
    if (key === undefined) reply.null();
    else reply.bulk(key);
  }),
  command("dbsize", "Returns the number of keys in the database.", ({ keyspace }, _request, reply) =>
    reply.integer(keyspace.engine.size()),
  ),
  command("flushdb", "Removes all keys from the current database.", flush),
  command("flushall", "Removes all keys from all databases.", flush),
];

function del({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  let count = 0;
  for (let index = 1; index < request.count; index++) {
    if (keyspace.delete(request.view(index), connection)) count++;
  }
  reply.integer(count);
}

function exists({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  let count = 0;
  for (let index = 1; index < request.count; index++) {
    if (keyspace.expiry(request.view(index)) !== undefined) count++;
  }
  reply.integer(count);
}

function touch({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  let count = 0;
  for (let index = 1; index < request.count; index++) {
    if (keyspace.get(request.view(index)) !== undefined) count++;
  }
  reply.integer(count);
}

function rename(context: ServerContext, request: Request, reply: ReplyWriter) {
  const { keyspace, connection } = context;
  const from = request.view(1);
  const stored = keyspace.peek(from);
  if (stored === undefined) return reply.error(NO_SUCH_KEY);
  if (!isSame(request, 1, 2)) {
    const { value, expiresAtMs } = stored;
    keyspace.set(request.view(2), value, expiresAtMs, connection, keyspace.encodingOf(from, value));
    keyspace.delete(from, connection);
  }
  reply.ok();
}

function renamenx(context: ServerContext, request: Request, reply: ReplyWriter) {
  const { keyspace, connection } = context;
  const from = request.view(1);
  const to = request.view(2);
  const stored = keyspace.peek(from);
  if (stored === undefined) return reply.error(NO_SUCH_KEY);
  if (keyspace.has(to)) return reply.integer(0);
  const { value, expiresAtMs } = stored;
  keyspace.set(to, value, expiresAtMs, connection, keyspace.encodingOf(from, value));
  keyspace.delete(from, connection);
  reply.integer(1);
}

function copy({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  let replace = false;
  for (let index = 3; index < request.count; index++) {
    if (isOption(request, index, "replace")) replace = true;
    else if (isOption(request, index, "db") && index + 1 < request.count) {
      const database = int64(request, ++index);
      if (database === undefined) return reply.error(NOT_AN_INTEGER);
      if (database > INT32_MAX || database < -INT32_MAX - 1n) {
        return reply.error(OUTSIDE_INT32);
      }
      if (database !== 0n) return reply.error("ERR DB index is out of range");
    } else return reply.error(SYNTAX_ERROR);
  }
  if (isSame(request, 1, 2)) return reply.error("ERR source and destination objects are the same");
  const from = request.view(1);
  const stored = keyspace.get(from);
  const to = request.view(2);
  if (stored === undefined || (!replace && keyspace.has(to))) return reply.integer(0);
  const { value, expiresAtMs } = stored;
  keyspace.set(to, value, expiresAtMs, connection, keyspace.encodingOf(from, value));
  reply.integer(1);
}

function keys({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const pattern = request.view(1);
  const found: Uint8Array[] = [];
  const visit = keyCollector(pattern, found);
  let cursor = 0;
  do {
    cursor = keyspace.engine.scan(cursor, KEYS_STEP, visit);
  } while (cursor !== 0);
  reply.array(found.length);
  for (const key of found) reply.bulk(key);
}

function scan({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const cursor = scanCursor(request.text(1));
  if (cursor === undefined) return reply.error("ERR invalid cursor");
  let count = DEFAULT_SCAN_COUNT;
  let pattern: Uint8Array | undefined;
  let hasType = true;
  for (let index = 2; index < request.count; index += 2) {
    if (index + 1 === request.count) return reply.error(SYNTAX_ERROR);
    if (isOption(request, index, "count")) {
      const given = int64(request, index + 1);
      if (given === undefined) return reply.error(NOT_AN_INTEGER);
      if (given < 1n) return reply.error(SYNTAX_ERROR);
      count = Math.min(Number(given), LARGEST_SCAN_COUNT);
    } else if (isOption(request, index, "match")) pattern = request.view(index + 1);
    else if (isOption(request, index, "type")) hasType = isOption(request, index + 1, "string");
    else return reply.error(SYNTAX_ERROR);
  }
  const found: Uint8Array[] = [];
  const collect = keyCollector(pattern, found);
  const next = keyspace.engine.scan(cursor, count, hasType ? collect : () => undefined);
  reply.array(2);
  reply.bulkText(String(next));
  reply.array(found.length);
  for (const key of found) reply.bulk(key);
}

/** Returns a visitor that collects copies of matching keys. */
function keyCollector(pattern: Uint8Array | undefined, found: Uint8Array[]): (key: Uint8Array) => void {
  // Unlike any other pattern, a lone star also matches the empty key.
  if (pattern === undefined || (pattern.length === 1 && pattern[0] === STAR)) {
    return (key) => {
      found.push(new Uint8Array(key));
    };
  }
  return (key) => {
    if (matchesGlob(pattern, key)) found.push(new Uint8Array(key));
  };
}

/**
 * Reads a cursor as C's `strtoul` does, within the range of engines' cursors; undefined when it is no number. A
 * cursor that no engine has returned still names a place to continue from.
 */
function scanCursor(text: string): number | undefined {
  if (!/^[+-]?[0-9]*$/.test(text)) return undefined;
  if (text === "+" || text === "-") return undefined;
  const magnitude = BigInt(text.replace(/^[+-]/, "") || "0");
  if (magnitude >= 1n << 64n) return undefined;
  return Number(BigInt.asUintN(48, text.startsWith("-") ? -magnitude : magnitude));
}

function flush({ keyspace, connection }: ServerContext, request: Request, reply: ReplyWriter) {
  const isPlain = request.count === 1;
  const hasMode = request.count === 2 && (isOption(request, 1, "sync") || isOption(request, 1, "async"));
  if (!isPlain && !hasMode) return reply.error(SYNTAX_ERROR);
  keyspace.clear(connection);
  reply.ok();
}
