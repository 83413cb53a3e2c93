import { DELETE, READ, WRITE } from "../records.ts";

/** What a Redis command does to its keys. */
export interface MonitoredCommand {
  readonly operation: number;
  /** Positions of its keys: first, last (negative: from the end), step. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** How far behind a key the value stands whose length is the object's size; 0: none. */
  readonly valueAfterKey: number;
  /** Position of its time to live and how many milliseconds its unit is. */
  readonly ttl: readonly [at: number, unitMs: number] | undefined;
  /** From which position on there may be EX, PX, EXAT or PXAT; 0: nowhere. */
  readonly optionsFrom: number;
}

const FIRST = [1, 1, 1] as const;
const ALL = [1, -1, 1] as const;
const PAIRS = [1, -1, 2] as const;

/** By name in lower case; what is not here is about other things than values. */
export const MONITORED_COMMANDS: ReadonlyMap<string, MonitoredCommand> = new Map([
  ...commands(
    `get getrange substr strlen type getbit bitcount bitpos bitfield_ro hget hgetall hmget hexists hkeys hvals hlen
     hstrlen hrandfield hscan lindex llen lrange lpos scard sismember smismember smembers srandmember sscan zcard
     zcount zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex
     zrevrangebyscore zrevrank zscan zscore geodist geohash geopos geosearch georadius_ro georadiusbymember_ro xlen
     xrange xrevrange dump`,
    { operation: READ },
  ),
  ...commands("mget sdiff sinter sunion pfcount", { operation: READ, keys: ALL }),
  ...commands("set", { valueAfterKey: 1, optionsFrom: 3 }),
  ...commands("setnx getset", { valueAfterKey: 1 }),
  ...commands("setex", { valueAfterKey: 2, ttl: [2, 1000] }),
  ...commands("psetex", { valueAfterKey: 2, ttl: [2, 1] }),
  ...commands("mset msetnx", { keys: PAIRS, valueAfterKey: 1 }),
  ...commands("getex", { operation: READ }),
  ...commands(
    `append setrange setbit bitfield incr decr incrby decrby incrbyfloat hset hsetnx hmset hdel hincrby hincrbyfloat
     lpush lpushx rpush rpushx lpop rpop linsert lrem lset ltrim sadd srem spop zadd zrem zincrby zpopmin zpopmax
     zremrangebylex zremrangebyrank zremrangebyscore geoadd pfadd xadd xdel xtrim restore expire pexpire expireat
     pexpireat persist`,
    {},
  ),
  ...commands("del unlink", { operation: DELETE, keys: ALL }),
  ...commands("getdel", { operation: DELETE }),
]);

function commands(names: string, parts: Partial<MonitoredCommand>): [string, MonitoredCommand][] {
  const command = {
    operation: WRITE,
    keys: FIRST,
    valueAfterKey: 0,
    ttl: undefined,
    optionsFrom: 0,
    ...parts,
  };
  return names.split(/\s+/).map((name) => [name, command]);
}
