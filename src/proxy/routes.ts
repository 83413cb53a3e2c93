import type { Request } from "../protocol/protocol.ts";

/**
 * Where each command goes. What is not listed goes over a connection of its client's own for as long as it runs, which is
 * right for every command: scripts, and what is not known here.
 *
 * - `cached`: answered from the cache where possible.
 * - `read`: over the main connection; its reply has the same shape in RESP2 and RESP3 (no maps, sets, doubles). It
 *   shows something of the keys named by `keys`, or of `all`.
 * - `write`: the same, and changes the keys named by `keys`, which the proxy itself invalidates; `all` for every key.
 * - `side`: its reply depends on the client's RESP version, or its effects cannot be told from its arguments.
 * - `pin`: binds the client to an upstream connection of its own: transactions, subscriptions, blocking commands.
 * - `refuse`: would not do what it says when connections are shared.
 *
 * To make another read cacheable, turn its route from `read` into `cached` and teach `read-through.ts` its reply.
 */
export interface Route {
  readonly name: string;
  readonly kind: "cached" | "read" | "write" | "side" | "pin" | "refuse";
  /** Positions of the keys a `write` changes and a `read` shows: first, last (negative: from the end), step. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** A `write` that changes every key, a `read` that shows any. */
  readonly all?: boolean;
  /** Takes this route only with so many arguments, the name included; otherwise `side`. */
  readonly onlyWithCount?: number;
  /** May concern another database than the client's, or all of the origin. */
  readonly reachesFar?: boolean;
  /** Changes nothing, whatever its lane. */
  readonly changesNothing?: boolean;
  /** May wait as long as it likes: no time-out. */
  readonly blocks?: boolean;
  /** Begins replication: it is refused unless the proxy was started with `--allow-admin`. */
  readonly replicates?: boolean;
  /** Why a command is refused. */
  readonly reason?: string;
}

const FIRST_KEY = [1, 1, 1] as const;
const TWO_KEYS = [1, 2, 1] as const;
const ALL_KEYS = [1, -1, 1] as const;

function names(text: string): string[] {
  return text.trim().split(/\s+/);
}

const readNames = names(`
  bitcount bitpos expiretime getbit getrange hexists hget hkeys hlen hmget hscan hstrlen hvals lindex llen lrange
  pexpiretime pttl scard sismember smismember sscan strlen substr ttl type xlen zcard zcount zlexcount zscan
`);

const readsManyKeys = names("exists touch");
const readsAllKeys = names("dbsize keys randomkey scan");
const readsNoKey = names("lastsave publish spublish time");

const writesOneKey = names(`
  append decr decrby expire expireat getdel getex getset hdel hincrby hincrbyfloat hmset hset hsetnx incr incrby
  incrbyfloat linsert lpush lpushx lrem lset ltrim pexpire pexpireat persist pfadd psetex restore rpush rpushx sadd
  set setbit setex setnx setrange srem xack xadd xdel xtrim zrem zremrangebylex zremrangebyrank zremrangebyscore
`);

/** Their replies are maps, sets or doubles in RESP3, or they name their keys in ways of their own. */
const sideReads = names(`
  bitfield_ro command dump geodist geohash geopos georadius_ro georadiusbymember_ro geosearch hgetall hrandfield info
  latency lcs lolwut lpos memory object pubsub role sdiff sinter sintercard slowlog smembers sort_ro srandmember sunion
  xinfo xpending xrange xrevrange zdiff zinter zintercard zmscore zrandmember zrange zrangebylex zrangebyscore zrank
  zrevrange zrevrangebylex zrevrangebyscore zrevrank zscore zunion
`);

const sideWrites = names(`
  bitfield geoadd georadius georadiusbymember geosearchstore lmpop sdiffstore sinterstore sort sunionstore xautoclaim
  xclaim xgroup xsetid zadd zdiffstore zincrby zinterstore zmpop zpopmax zpopmin zrangestore zunionstore
`);

/** What is told to the origin itself. */
const sideNames = names("acl cluster config migrate module script function");

const pinNames = names(`
  multi watch subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe
`);

const blockingNames = names(`
  blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop xread xreadgroup
`);

export const ROUTES: readonly Route[] = [
  { name: "get", kind: "cached", onlyWithCount: 2 },
  { name: "mget", kind: "cached" },
  ...readNames.map((name): Route => ({ name, kind: "read", keys: FIRST_KEY })),
  ...readsManyKeys.map((name): Route => ({ name, kind: "read", keys: ALL_KEYS })),
  ...readsAllKeys.map((name): Route => ({ name, kind: "read", all: true })),
  ...readsNoKey.map((name): Route => ({ name, kind: "read" })),
  ...writesOneKey.map((name): Route => ({ name, kind: "write", keys: FIRST_KEY })),
  // With a count they answer an array, and RESP2 tells a null array from a null.
  { name: "lpop", kind: "write", keys: FIRST_KEY, onlyWithCount: 2 },
  { name: "rpop", kind: "write", keys: FIRST_KEY, onlyWithCount: 2 },
  { name: "spop", kind: "write", keys: FIRST_KEY, onlyWithCount: 2 },
  { name: "rename", kind: "write", keys: TWO_KEYS },
  { name: "renamenx", kind: "write", keys: TWO_KEYS },
  { name: "copy", kind: "write", keys: TWO_KEYS, reachesFar: true },
  { name: "smove", kind: "write", keys: TWO_KEYS },
  { name: "lmove", kind: "write", keys: TWO_KEYS },
  { name: "rpoplpush", kind: "write", keys: TWO_KEYS },
  { name: "move", kind: "write", keys: FIRST_KEY, reachesFar: true },
  { name: "del", kind: "write", keys: ALL_KEYS },
  { name: "unlink", kind: "write", keys: ALL_KEYS },
  { name: "mset", kind: "write", keys: [1, -1, 2] },
  { name: "msetnx", kind: "write", keys: [1, -1, 2] },
  { name: "pfmerge", kind: "write", keys: ALL_KEYS },
  // It keeps what it has counted in the value.
  { name: "pfcount", kind: "write", keys: ALL_KEYS },
  { name: "bitop", kind: "write", keys: [2, -1, 1] },
  { name: "flushall", kind: "write", all: true },
  { name: "flushdb", kind: "write", all: true },
  { name: "swapdb", kind: "write", all: true },
  ...sideReads.map((name): Route => ({ name, kind: "side", changesNothing: true })),
  ...sideWrites.map((name): Route => ({ name, kind: "side" })),
  ...sideNames.map((name): Route => ({ name, kind: "side", reachesFar: true })),
  ...pinNames.map((name): Route => ({ name, kind: "pin", changesNothing: true })),
  ...blockingNames.map(
    (name): Route => ({ name, kind: "pin", blocks: true, changesNothing: name === "xread" }),
  ),
  ...names("wait waitaof").map(
    (name): Route => ({
      name,
      kind: "refuse",
      reason: `${name.toUpperCase()} cannot be told through a proxy whose clients share connections; ask the origin`,
    }),
  ),
  ...names("sync psync replconf").map(
    (name): Route => ({
      name,
      kind: "refuse",
      replicates: true,
      reason:
        "a replica of the origin reaches it through a proxy that was started with --allow-admin alone; ask the origin",
    }),
  ),
];

/** Whether a request of this route may have changed something when its reply is lost. */
export function mayWrite(route: Route | undefined): boolean {
  if (route === undefined) return true;
  return route.kind !== "cached" && route.kind !== "read" && route.changesNothing !== true;
}

/** Whether a request of this route concerns no other database than the client's. */
export function staysInDatabase(route: Route | undefined): boolean {
  if (route === undefined) return false;
  return !mayWrite(route) || (route.all !== true && route.reachesFar !== true);
}

/** What a Redis answers while it is busy with a script, so that somebody can end that. */
export function isUrgent({ name }: Route, request: Request): boolean {
  if (request.count < 2 || (name !== "script" && name !== "function")) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "kill" || (name === "function" && subcommand === "stats");
}

/** PUT and DELETE of the text protocol. */
export const TEXT_PUT: Route = { name: "put", kind: "write", keys: [1, 1, 1] };
export const TEXT_DELETE: Route = { name: "del", kind: "write", keys: [1, 1, 1] };

/** Whether a write leaves no value. */
export function removesKeys({ name }: Route): boolean {
  return name === "del" || name === "unlink" || name === "getdel";
}
