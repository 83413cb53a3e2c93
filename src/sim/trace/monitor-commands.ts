import { COMMAND_FACTS, factsOfRequest, SUBCOMMAND_FACTS } from "../../commands/command-facts.ts";
import { arityFits } from "../../commands/command-table.ts";
import { type CommandFacts, type KeyUse, keysOf } from "../../commands/facts.ts";
import { type KnownKey, type MonitoredKeyspace, NEVER } from "./monitored-keyspace.ts";

/** Adds no record if the command neither reads nor changes a value. */
type Effect = (keyspace: MonitoredKeyspace) => void;

/**
 * Commands, by name in lower case, whose effect depends on options or on the keyspace, or that tell a value's size;
 * after the source of Redis 8. The table of commands says what all others do.
 */
const SPECIAL: ReadonlyMap<string, Effect> = new Map([
  // Replace the value and its time to live.
  ...named("set", set),
  ...named("getset", (keyspace) => keyspace.write(1, valueSize(keyspace, 2), NEVER)),
  ...named("setnx", (keyspace) =>
    keyspace.known(1).exists ? undefined : keyspace.write(1, valueSize(keyspace, 2), NEVER),
  ),
  ...named("setex", (keyspace) => setExpiring(keyspace, 1000)),
  ...named("psetex", (keyspace) => setExpiring(keyspace, 1)),
  ...named("mset", setMany),
  ...named("msetnx", (keyspace) => (isAnyThere(keyspace) ? undefined : setMany(keyspace))),
  ...named("msetex", setManyExpiring),
  ...named("restore restore-asking", restore),
  ...named("zunionstore zdiffstore zinterstore", (keyspace) => store(keyspace, 1, 3, 2 + keyspace.number(2))),
  ...named("sinterstore sunionstore sdiffstore", (keyspace) =>
    store(keyspace, 1, 2, keyspace.line.count - 1),
  ),
  ...named("zrangestore geosearchstore", (keyspace) => store(keyspace, 1, 2, 2)),
  ...named("bitop", (keyspace) => store(keyspace, 2, 3, keyspace.line.count - 1)),
  ...named("sort", (keyspace) => storing(keyspace, ["store"])),
  ...named("georadius georadiusbymember", (keyspace) => storing(keyspace, ["store", "storedist"])),

  // Change the value and keep its time to live.
  ...named("lmove rpoplpush blmove brpoplpush smove", (keyspace) => {
    if (keyspace.known(1).isAbsent) return;
    keyspace.write(1, 0, undefined);
    keyspace.write(2, 0, undefined);
  }),
  ...named("append", (keyspace) =>
    keyspace.write(1, grown(keyspace.known(1)) + keyspace.lengthOf(2), undefined),
  ),
  ...named("setrange", setRange),
  ...named("pfmerge", (keyspace) => keyspace.write(1, 0, undefined)),
  // Changes only the times to live of fields.
  ...named("hgetex", (keyspace) => keyspace.read(1)),
  // Caches its count in the value, which readers do not see.
  ...named("pfcount", (keyspace) => everyKey(keyspace, 1, (key) => keyspace.read(key))),

  ...named("flushall", (keyspace) => keyspace.flush(true)),
  ...named("flushdb", (keyspace) => keyspace.flush(false)),
  ...named("swapdb", (keyspace) => keyspace.swap(keyspace.number(1), keyspace.number(2))),
  ...named("migrate", migrate),

  // Change only the time to live.
  ...named("expire", (keyspace) => expire(keyspace, keyspace.nowMs + 1000 * keyspace.number(2))),
  ...named("pexpire", (keyspace) => expire(keyspace, keyspace.nowMs + keyspace.number(2))),
  ...named("expireat", (keyspace) => expire(keyspace, 1000 * keyspace.number(2))),
  ...named("pexpireat", (keyspace) => expire(keyspace, keyspace.number(2))),
  ...named("persist", (keyspace) => (keyspace.known(1).isAbsent ? undefined : keyspace.expire(1, NEVER))),
  ...named("getex", getAndExpire),

  ...named("rename", (keyspace) => rename(keyspace, true)),
  ...named("renamenx", (keyspace) => rename(keyspace, false)),
  ...named("copy", copy),
  ...named("move", move),
]);

/** Commands that ask about a key, not for its value. */
const ABOUT_KEYS: ReadonlySet<string> = new Set([
  ...[
    "exists",
    "touch",
    "type",
    "watch",
    "glass.explain",
    "ttl",
    "pttl",
    "expiretime",
    "pexpiretime",
    "httl",
    "hpttl",
  ],
  ...["hexpiretime", "hpexpiretime", "memory|usage"],
  ...["object|encoding", "object|freq", "object|idletime", "object|refcount"],
]);

/** The effect of a command on its keys. */
interface Plan {
  readonly arity: number;
  readonly apply: Effect;
}

/** All commands without subcommands, by name in lower case. */
const PLANS: ReadonlyMap<string, Plan> = new Map(
  [...COMMAND_FACTS].flatMap(([name, facts]) => {
    const plan = planOf(facts);
    return plan === undefined ? [] : [[name, plan]];
  }),
);

/** @returns undefined if the command makes no record */
function planOf(facts: CommandFacts | undefined): Plan | undefined {
  // MONITOR prints the commands of scripts on lines of their own.
  if (facts === undefined || facts.group === "scripting" || ABOUT_KEYS.has(facts.name)) return undefined;
  const { name, arity, uses } = facts;
  const special = SPECIAL.get(name);
  if (special !== undefined) return { arity, apply: special };
  if (uses.length === 0) return undefined;
  const [use] = uses;
  // The most frequent commands, without lists of keys.
  if (
    uses.length === 1 &&
    use!.effect === "reads" &&
    use!.first === 1 &&
    use!.last === 1 &&
    !use!.isCounted
  ) {
    return { arity, apply: (keyspace) => keyspace.read(1) };
  }
  return {
    arity,
    apply: (keyspace) => {
      for (const each of uses) applyUse(keyspace, each);
    },
  };
}

function applyUse(keyspace: MonitoredKeyspace, use: KeyUse): void {
  for (const key of keysOf(use, keyspace.line)) {
    if (use.effect === "reads") keyspace.read(key);
    else if (use.effect === "deletes") keyspace.delete(key);
    else if (use.effect === "creates") keyspace.write(key, 0, undefined);
    else if (use.effect === "replaces") keyspace.write(key, 0, NEVER);
    else change(keyspace, key);
  }
}

/**
 * Adds a record for each key whose value the command reads or changes; none if Redis would refuse the command.
 * @returns whether the command is known
 */
export function applyCommand(keyspace: MonitoredKeyspace): boolean {
  const { line } = keyspace;
  const name = line.text(0).toLowerCase();
  const plan = SUBCOMMAND_FACTS.has(name) ? planOf(factsOfRequest(line)) : PLANS.get(name);
  if (plan === undefined) return COMMAND_FACTS.has(name);
  if (arityFits(plan, line.count)) plan.apply(keyspace);
  return true;
}

/** `MIGRATE host port key|"" database timeout [COPY] [REPLACE] … [KEYS key …]`. */
function migrate(keyspace: MonitoredKeyspace): void {
  const { count } = keyspace.line;
  if (keyspace.lengthOf(3) > 0) {
    for (let at = 6; at < count; at++) if (keyspace.word(at) === "copy") return;
    keyspace.delete(3);
    return;
  }
  for (let at = 6; at < count && keyspace.word(at) !== "copy"; at++) {
    if (keyspace.word(at) === "keys") everyKey(keyspace, at + 1, (key) => keyspace.delete(key));
  }
}

function named(names: string, apply: Effect): [string, Effect][] {
  return names.split(" ").map((name) => [name, apply]);
}

function everyKey({ line }: MonitoredKeyspace, first: number, visit: (key: number) => void): void {
  for (let key = first; key < line.count; key++) visit(key);
}

/** At least 1, because 0 stands for unknown. */
function valueSize(keyspace: MonitoredKeyspace, value: number): number {
  return Math.max(1, keyspace.lengthOf(value));
}

function grown({ isAbsent, size }: KnownKey): number {
  return isAbsent ? 0 : size;
}

/** Changes a value that exists; does not create one. */
function change(keyspace: MonitoredKeyspace, key: number): void {
  if (!keyspace.known(key).isAbsent) keyspace.write(key, 0, undefined);
}

/** `SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`. */
function set(keyspace: MonitoredKeyspace): void {
  const { exists, isAbsent } = keyspace.known(1);
  let expiryMs: number | undefined = NEVER;
  for (let at = 3; at < keyspace.line.count; at++) {
    const option = keyspace.word(at);
    if ((option === "nx" && exists) || (option === "xx" && isAbsent)) return;
    if (option === "keepttl") expiryMs = undefined;
    const given = expiryOption(keyspace, option, at + 1);
    if (given !== undefined) {
      // Otherwise Redis replies with an error.
      if (!(keyspace.number(++at) > 0)) return;
      expiryMs = given;
    }
  }
  keyspace.write(1, valueSize(keyspace, 2), expiryMs);
}

/** Returns the expiry time that this option and its argument set; undefined if it is another option. */
function expiryOption(keyspace: MonitoredKeyspace, option: string, argument: number): number | undefined {
  switch (option) {
    case "ex":
      return keyspace.nowMs + 1000 * keyspace.number(argument);
    case "px":
      return keyspace.nowMs + keyspace.number(argument);
    case "exat":
      return 1000 * keyspace.number(argument);
    case "pxat":
      return keyspace.number(argument);
    default:
      return undefined;
  }
}

function setExpiring(keyspace: MonitoredKeyspace, unitMs: number): void {
  const ttl = keyspace.number(2);
  if (ttl > 0) keyspace.write(1, valueSize(keyspace, 3), keyspace.nowMs + unitMs * ttl);
}

function setMany(keyspace: MonitoredKeyspace): void {
  for (let key = 1; key + 1 < keyspace.line.count; key += 2) {
    keyspace.write(key, valueSize(keyspace, key + 1), NEVER);
  }
}

/** `MSETEX count key value … [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`. */
function setManyExpiring(keyspace: MonitoredKeyspace): void {
  const { line } = keyspace;
  const end = 2 + 2 * keyspace.number(1);
  const keys: number[] = [];
  for (let key = 2; key < Math.min(end, line.count - 1); key += 2) keys.push(key);
  let expiryMs: number | undefined = NEVER;
  for (let at = end; at < line.count; at++) {
    const option = keyspace.word(at);
    if (option === "nx" && keys.some((key) => keyspace.known(key).exists)) return;
    if (option === "xx" && keys.some((key) => keyspace.known(key).isAbsent)) return;
    if (option === "keepttl") expiryMs = undefined;
    const given = expiryOption(keyspace, option, at + 1);
    if (given !== undefined) {
      // Otherwise Redis replies with an error.
      if (!(keyspace.number(++at) > 0)) return;
      expiryMs = given;
    }
  }
  for (const key of keys) keyspace.write(key, valueSize(keyspace, key + 1), expiryMs);
}

function isAnyThere(keyspace: MonitoredKeyspace): boolean {
  for (let key = 1; key + 1 < keyspace.line.count; key += 2) if (keyspace.known(key).exists) return true;
  return false;
}

function setRange(keyspace: MonitoredKeyspace): void {
  const length = keyspace.lengthOf(3);
  const end = length === 0 ? 0 : keyspace.number(2) + length;
  keyspace.write(1, Math.max(grown(keyspace.known(1)), end), undefined);
}

/** `RESTORE key ttl-ms value [REPLACE] [ABSTTL] …`. */
function restore(keyspace: MonitoredKeyspace): void {
  const { count } = keyspace.line;
  const options = Array.from({ length: Math.max(0, count - 4) }, (_, i) => keyspace.word(4 + i));
  if (keyspace.known(1).exists && !options.includes("replace")) return;
  const ttl = keyspace.number(2);
  const expiryMs = options.includes("absttl") ? ttl : keyspace.nowMs + ttl;
  keyspace.write(1, valueSize(keyspace, 3), ttl > 0 ? expiryMs : NEVER);
}

/**
 * Stores a result computed from some keys. If none of these exists, there is no result and the destination is
 * deleted.
 */
function store(keyspace: MonitoredKeyspace, destination: number, first: number, last: number): void {
  let isAnyThere = false;
  for (let key = first; key <= Math.min(last, keyspace.line.count - 1); key++) {
    if (!keyspace.known(key).isAbsent) isAnyThere = true;
  }
  if (isAnyThere) keyspace.write(destination, 0, NEVER);
  else keyspace.delete(destination);
}

/** Commands that read their first key, and store the result if an option says so. */
function storing(keyspace: MonitoredKeyspace, options: readonly string[]): void {
  for (let at = 2; at + 1 < keyspace.line.count; at++) {
    if (!options.includes(keyspace.word(at))) continue;
    store(keyspace, at + 1, 1, 1);
    return;
  }
  keyspace.read(1);
}

/** `EXPIRE key s [NX | XX | GT | LT]`. A key without a time to live counts as expiring later than any other. */
function expire(keyspace: MonitoredKeyspace, expiryMs: number): void {
  const { isAbsent, expiryMs: before } = keyspace.known(1);
  if (isAbsent || Number.isNaN(expiryMs)) return;
  for (let at = 3; at < keyspace.line.count; at++) {
    const option = keyspace.word(at);
    if (option === "nx" && before !== NEVER) return;
    if (option === "xx" && before === NEVER) return;
    if (option === "gt" && expiryMs <= before) return;
    if (option === "lt" && expiryMs >= before) return;
  }
  if (expiryMs <= keyspace.nowMs) keyspace.delete(1);
  else keyspace.expire(1, expiryMs);
}

/** `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`. */
function getAndExpire(keyspace: MonitoredKeyspace): void {
  keyspace.read(1);
  if (keyspace.line.count < 3 || keyspace.known(1).isAbsent) return;
  const option = keyspace.word(2);
  const expiryMs = option === "persist" ? NEVER : expiryOption(keyspace, option, 3);
  if (expiryMs === undefined || Number.isNaN(expiryMs)) return;
  if (expiryMs <= keyspace.nowMs) keyspace.delete(1);
  else keyspace.expire(1, expiryMs);
}

function rename(keyspace: MonitoredKeyspace, replaces: boolean): void {
  const { isAbsent, size, expiryMs } = keyspace.known(1);
  if (isAbsent || keyspace.isSameKey(1, 2)) return;
  if (!replaces && keyspace.known(2).exists) return;
  keyspace.delete(1);
  keyspace.write(2, size, expiryMs);
}

/** `COPY source destination [DB database] [REPLACE]`. */
function copy(keyspace: MonitoredKeyspace): void {
  const { isAbsent, size, expiryMs } = keyspace.known(1);
  let database = keyspace.line.database;
  let replaces = false;
  for (let at = 3; at < keyspace.line.count; at++) {
    const option = keyspace.word(at);
    if (option === "replace") replaces = true;
    if (option === "db") database = keyspace.number(++at);
  }
  if (isAbsent || (!replaces && keyspace.known(2, database).exists)) return;
  keyspace.write(2, size, expiryMs, database);
}

/** `MOVE key database`. */
function move(keyspace: MonitoredKeyspace): void {
  const { isAbsent, size, expiryMs } = keyspace.known(1);
  const database = keyspace.number(2);
  if (isAbsent || keyspace.known(1, database).exists) return;
  keyspace.delete(1);
  keyspace.write(1, size, expiryMs, database);
}
