/**
 * Every command of the table as the differential test sends it to a cluster, or why it does not. A line is one request.
 * Words that begin with `$` are keys, of `FIXTURE` or new ones; all are of one hash slot. Words in `<>` stand for the
 * texts in `TEXTS`. A line that begins with `!` is answered with an error, all others are not.
 */

/** What the keys have when a command is tried. */
export const FIXTURE = lines(`
SET $string value
SET $string2 other
SET $number 10
RPUSH $list a b c
RPUSH $list2 x y
HSET $hash f 1 g 2
SADD $set m n
SADD $set2 n o
SADD $one m
ZADD $zset 1 m 2 n 3 o
ZADD $zset2 5 m
XADD $stream 1-1 f v
XADD $stream 2-1 f w
XGROUP CREATE $stream group 0
XREADGROUP GROUP group me COUNT 1 STREAMS $stream >
GEOADD $geo 13.36 38.11 Palermo 15.08 37.5 Catania
PFADD $hll a b
PFADD $hll2 c
`);

/** Scripts and libraries, which all nodes know. Payloads come from a node. */
export const TEXTS: Readonly<Record<string, string>> = {
  "<get>": "return redis.call('GET', KEYS[1])",
  "<set>": "return redis.call('SET', KEYS[1], ARGV[1])",
  "<nested>": "redis.setresp(3) return {map={a=1}, double=1.5}",
  "<fail>": "return redis.error_reply('MYERROR of a script')",
  "<spaced>": "a name",
  "<library>": `#!lua name=lib
redis.register_function('count', function(keys) return redis.call('INCR', keys[1]) end)
redis.register_function{function_name='read', flags={'no-writes'},
  callback=function(keys) return redis.call('GET', keys[1]) end}`,
};

/** By the names of the table. */
export const FORMS: Readonly<Record<string, readonly string[]>> = {
  // ---- strings
  append: lines("APPEND $string x"),
  decr: lines("DECR $number"),
  decrby: lines("DECRBY $number 3"),
  get: lines("GET $string"),
  getdel: lines("GETDEL $string"),
  getex: lines("GETEX $string; GETEX $string EXAT 4102444800; GETEX $string PERSIST"),
  getrange: lines("GETRANGE $string 1 -2"),
  getset: lines("GETSET $string new"),
  incr: lines("INCR $number"),
  incrby: lines("INCRBY $number 5"),
  incrbyfloat: lines("INCRBYFLOAT $number 0.25"),
  lcs: lines("LCS $string $string2; LCS $string $string2 LEN; LCS $string $string2 IDX WITHMATCHLEN"),
  mget: lines("MGET $string $string2; MGET $string $list $none $string"),
  mset: lines("MSET $string 1 $string2 2"),
  msetnx: lines("MSETNX $new 1 $new2 2; MSETNX $new 3 $new3 4"),
  psetex: lines("PSETEX $string 1000000 x"),
  set: lines(
    "SET $string 1; SET $string 2 GET; SET $string 3 NX; SET $string 4 XX EXAT 4102444800; SET $string 5 KEEPTTL",
  ),
  setex: lines("SETEX $string 1000 x"),
  setnx: lines("SETNX $new 1; SETNX $string 1"),
  setrange: lines("SETRANGE $string 7 x"),
  strlen: lines("STRLEN $string"),
  substr: lines("SUBSTR $string 0 1"),

  // ---- keys of any type
  copy: lines("COPY $string $new; COPY $list $string2 REPLACE; !COPY $list $new DB 1"),
  del: lines("DEL $string $none $list; DEL $hash"),
  dump: lines("DUMP $string"),
  exists: lines("EXISTS $string $none $list $list; EXISTS $hash"),
  expire: lines("EXPIRE $string 1000; EXPIRE $string 10 GT; EXPIRE $string -1"),
  expireat: lines("EXPIREAT $string 4102444800; EXPIREAT $string 1"),
  expiretime: lines("EXPIRETIME $string"),
  migrate: lines("MIGRATE 127.0.0.1 1 $none 0 100"),
  move: lines("!MOVE $string 1"),
  object: lines("!OBJECT NOSUCH $string"),
  "object|encoding": lines("OBJECT ENCODING $string; OBJECT ENCODING $list"),
  "object|freq": lines("!OBJECT FREQ $string"),
  "object|help": lines("OBJECT HELP"),
  "object|idletime": lines("OBJECT IDLETIME $string"),
  "object|refcount": lines("OBJECT REFCOUNT $string"),
  persist: lines("EXPIRE $string 1000; PERSIST $string; PERSIST $string"),
  pexpire: lines("PEXPIRE $string 1000000; PEXPIRE $string 1 GT"),
  pexpireat: lines("PEXPIREAT $string 4102444800000; PEXPIREAT $string 1"),
  pexpiretime: lines("PEXPIREAT $string 4102444800000; PEXPIRETIME $string"),
  pttl: lines("PTTL $string; PTTL $none"),
  rename: lines("RENAME $string $new; RENAME $list $string2"),
  renamenx: lines("RENAMENX $string $new; RENAMENX $list $new"),
  restore: lines("RESTORE $new 0 <dump>; RESTORE $string 0 <dump> REPLACE; !RESTORE $string 0 <dump>"),
  "restore-asking": lines("RESTORE-ASKING $new 0 <dump>"),
  sort: lines(
    "SORT $list ALPHA DESC; SORT $list ALPHA LIMIT 0 1 STORE $new; SORT $list BY nosort; !SORT $list BY w_*",
  ),
  sort_ro: lines("SORT_RO $list ALPHA; !SORT_RO $list ALPHA GET w_*"),
  touch: lines("TOUCH $string $none $list; TOUCH $hash"),
  ttl: lines("TTL $string; TTL $none"),
  type: lines("TYPE $string; TYPE $none"),
  unlink: lines("UNLINK $string $none $list; UNLINK $hash"),

  // ---- hashes
  hdel: lines("HDEL $hash f none"),
  hexists: lines("HEXISTS $hash f"),
  hget: lines("HGET $hash f; HGET $hash none"),
  hgetall: lines("HGETALL $hash; HGETALL $none"),
  hincrby: lines("HINCRBY $hash f 4"),
  hincrbyfloat: lines("HINCRBYFLOAT $hash f 0.5"),
  hkeys: lines("HKEYS $hash"),
  hlen: lines("HLEN $hash"),
  hmget: lines("HMGET $hash f none"),
  hmset: lines("HMSET $hash f 5 h 6"),
  hrandfield: lines("HRANDFIELD $hash; HRANDFIELD $hash 5; HRANDFIELD $hash -3 WITHVALUES"),
  hscan: lines("HSCAN $hash 0; HSCAN $hash 0 MATCH f COUNT 10"),
  hset: lines("HSET $hash f 5 h 6; HSET $new f 1"),
  hsetnx: lines("HSETNX $hash f 5; HSETNX $hash h 5"),
  hstrlen: lines("HSTRLEN $hash f"),
  hvals: lines("HVALS $hash"),

  // ---- lists
  blmove: lines("BLMOVE $list $list2 LEFT RIGHT 0.01; BLMOVE $none $list2 LEFT RIGHT 0.01"),
  blmpop: lines("BLMPOP 0.01 2 $none $list LEFT COUNT 2; BLMPOP 0.01 1 $none LEFT"),
  blpop: lines("BLPOP $none $list 0.01; BLPOP $none 0.01"),
  brpop: lines("BRPOP $list $list2 0.01; BRPOP $none 0.01"),
  brpoplpush: lines("BRPOPLPUSH $list $list2 0.01; BRPOPLPUSH $none $list 0.01"),
  lindex: lines("LINDEX $list -1"),
  linsert: lines("LINSERT $list BEFORE b x"),
  llen: lines("LLEN $list"),
  lmove: lines("LMOVE $list $list2 LEFT RIGHT; LMOVE $none $list2 LEFT LEFT"),
  lmpop: lines("LMPOP 2 $none $list RIGHT COUNT 2; LMPOP 1 $none LEFT"),
  lpop: lines("LPOP $list; LPOP $list 2; LPOP $none; LPOP $none 2"),
  lpos: lines("LPOS $list b; LPOS $list b COUNT 0"),
  lpush: lines("LPUSH $list x y; LPUSH $new x"),
  lpushx: lines("LPUSHX $list x; LPUSHX $none x"),
  lrange: lines("LRANGE $list 0 -1"),
  lrem: lines("LREM $list 0 a"),
  lset: lines("LSET $list 0 x; !LSET $none 0 x"),
  ltrim: lines("LTRIM $list 1 1"),
  rpop: lines("RPOP $list; RPOP $list 2; RPOP $none"),
  rpoplpush: lines("RPOPLPUSH $list $list2; RPOPLPUSH $none $list"),
  rpush: lines("RPUSH $list x y"),
  rpushx: lines("RPUSHX $list x; RPUSHX $none x"),

  // ---- sets
  sadd: lines("SADD $set m x"),
  scard: lines("SCARD $set"),
  sdiff: lines("SDIFF $set $set2"),
  sdiffstore: lines("SDIFFSTORE $new $set $set2"),
  sinter: lines("SINTER $set $set2"),
  sintercard: lines("SINTERCARD 2 $set $set2; SINTERCARD 2 $set $set2 LIMIT 1"),
  sinterstore: lines("SINTERSTORE $new $set $set2"),
  sismember: lines("SISMEMBER $set m"),
  smembers: lines("SMEMBERS $set; SMEMBERS $none"),
  smismember: lines("SMISMEMBER $set m x"),
  smove: lines("SMOVE $set $set2 m"),
  spop: lines("SPOP $one; SPOP $set 100; SPOP $none; SPOP $none 2"),
  srandmember: lines("SRANDMEMBER $set; SRANDMEMBER $set 5; SRANDMEMBER $set -3; SRANDMEMBER $none"),
  srem: lines("SREM $set m x"),
  sscan: lines("SSCAN $set 0"),
  sunion: lines("SUNION $set $set2"),
  sunionstore: lines("SUNIONSTORE $new $set $set2"),

  // ---- sorted sets
  bzmpop: lines("BZMPOP 0.01 2 $none $zset MIN COUNT 2; BZMPOP 0.01 1 $none MAX"),
  bzpopmax: lines("BZPOPMAX $none $zset 0.01; BZPOPMAX $none 0.01"),
  bzpopmin: lines("BZPOPMIN $zset $zset2 0.01; BZPOPMIN $none 0.01"),
  zadd: lines("ZADD $zset 4 p; ZADD $zset INCR 1.5 m; ZADD $zset NX INCR 1 m; ZADD $zset XX CH 9 n"),
  zcard: lines("ZCARD $zset"),
  zcount: lines("ZCOUNT $zset (1 +inf"),
  zdiff: lines("ZDIFF 2 $zset $zset2; ZDIFF 2 $zset $zset2 WITHSCORES"),
  zdiffstore: lines("ZDIFFSTORE $new 2 $zset $zset2"),
  zincrby: lines("ZINCRBY $zset 0.5 m"),
  zinter: lines("ZINTER 2 $zset $zset2; ZINTER 2 $zset $zset2 WEIGHTS 2 3 AGGREGATE MAX WITHSCORES"),
  zintercard: lines("ZINTERCARD 2 $zset $zset2"),
  zinterstore: lines("ZINTERSTORE $new 2 $zset $zset2"),
  zlexcount: lines("ZLEXCOUNT $zset - +"),
  zmpop: lines("ZMPOP 2 $none $zset MIN COUNT 2; ZMPOP 1 $none MAX"),
  zmscore: lines("ZMSCORE $zset m none"),
  zpopmax: lines("ZPOPMAX $zset; ZPOPMAX $zset 2"),
  zpopmin: lines("ZPOPMIN $zset; ZPOPMIN $zset 2"),
  zrandmember: lines("ZRANDMEMBER $zset; ZRANDMEMBER $zset 5; ZRANDMEMBER $zset -3 WITHSCORES"),
  zrange: lines("ZRANGE $zset 0 -1; ZRANGE $zset 0 -1 WITHSCORES; ZRANGE $zset (1 +inf BYSCORE LIMIT 0 1"),
  zrangebylex: lines("ZRANGEBYLEX $zset - +"),
  zrangebyscore: lines("ZRANGEBYSCORE $zset -inf +inf; ZRANGEBYSCORE $zset -inf +inf WITHSCORES"),
  zrangestore: lines("ZRANGESTORE $new $zset 0 1"),
  zrank: lines("ZRANK $zset n; ZRANK $zset none"),
  zrem: lines("ZREM $zset m none"),
  zremrangebylex: lines("ZREMRANGEBYLEX $zset - [m"),
  zremrangebyrank: lines("ZREMRANGEBYRANK $zset 0 0"),
  zremrangebyscore: lines("ZREMRANGEBYSCORE $zset -inf 1"),
  zrevrange: lines("ZREVRANGE $zset 0 1; ZREVRANGE $zset 0 1 WITHSCORES"),
  zrevrangebylex: lines("ZREVRANGEBYLEX $zset + -"),
  zrevrangebyscore: lines("ZREVRANGEBYSCORE $zset +inf -inf WITHSCORES"),
  zrevrank: lines("ZREVRANK $zset n"),
  zscan: lines("ZSCAN $zset 0"),
  zscore: lines("ZSCORE $zset m; ZSCORE $zset none"),
  zunion: lines("ZUNION 2 $zset $zset2; ZUNION 2 $zset $set WITHSCORES"),
  zunionstore: lines("ZUNIONSTORE $new 2 $zset $zset2"),

  // ---- streams
  xack: lines("XACK $stream group 1-1"),
  xadd: lines("XADD $stream 3-1 f x; XADD $stream MAXLEN = 2 4-1 f y; XADD $none NOMKSTREAM 5-1 f z"),
  xautoclaim: lines("XAUTOCLAIM $stream group other 0 0; XAUTOCLAIM $stream group me 0 0 JUSTID"),
  xclaim: lines("XCLAIM $stream group other 0 1-1; XCLAIM $stream group me 0 1-1 JUSTID"),
  xdel: lines("XDEL $stream 1-1"),
  xgroup: lines("!XGROUP NOSUCH $stream"),
  "xgroup|create": lines("XGROUP CREATE $stream more 0; XGROUP CREATE $new group $ MKSTREAM"),
  "xgroup|createconsumer": lines("XGROUP CREATECONSUMER $stream group you"),
  "xgroup|delconsumer": lines("XGROUP DELCONSUMER $stream group me"),
  "xgroup|destroy": lines("XGROUP DESTROY $stream group"),
  "xgroup|help": lines("XGROUP HELP"),
  "xgroup|setid": lines("XGROUP SETID $stream group 0"),
  xinfo: lines("!XINFO NOSUCH $stream"),
  "xinfo|consumers": lines("XINFO CONSUMERS $stream group"),
  "xinfo|groups": lines("XINFO GROUPS $stream"),
  "xinfo|help": lines("XINFO HELP"),
  "xinfo|stream": lines("XINFO STREAM $stream; XINFO STREAM $stream2 FULL").slice(0, 1),
  xlen: lines("XLEN $stream"),
  xpending: lines("XPENDING $stream group"),
  xrange: lines("XRANGE $stream - +; XRANGE $stream 1 1 COUNT 1"),
  xread: lines(
    "XREAD COUNT 2 STREAMS $stream 0; XREAD BLOCK 10 STREAMS $stream $; XREAD STREAMS $stream $none 0 0",
  ),
  xreadgroup: lines(
    "XREADGROUP GROUP group me COUNT 1 STREAMS $stream >; XREADGROUP GROUP group me STREAMS $stream 0",
  ),
  xrevrange: lines("XREVRANGE $stream + - COUNT 1"),
  xsetid: lines("XSETID $stream 5-1"),
  xtrim: lines("XTRIM $stream MAXLEN 1"),

  // ---- bits, positions, HyperLogLogs
  bitcount: lines("BITCOUNT $string; BITCOUNT $string 0 0"),
  bitfield: lines("BITFIELD $string GET u8 0 INCRBY u4 0 1; BITFIELD $number OVERFLOW FAIL INCRBY u2 0 3"),
  bitfield_ro: lines("BITFIELD_RO $string GET u8 0"),
  bitop: lines("BITOP XOR $new $string $string2; BITOP NOT $new $string"),
  bitpos: lines("BITPOS $string 1"),
  getbit: lines("GETBIT $string 1"),
  setbit: lines("SETBIT $string 7 1"),
  geoadd: lines("GEOADD $geo 15 37 Etna; GEOADD $geo XX CH 15.1 37.1 Etna"),
  geodist: lines("GEODIST $geo Palermo Catania km"),
  geohash: lines("GEOHASH $geo Palermo none"),
  geopos: lines("GEOPOS $geo Palermo none"),
  georadius: lines(
    "GEORADIUS $geo 15 37 200 km WITHCOORD WITHDIST ASC; GEORADIUS $geo 15 37 200 km STORE $new",
  ),
  georadius_ro: lines("GEORADIUS_RO $geo 15 37 200 km ASC"),
  georadiusbymember: lines(
    "GEORADIUSBYMEMBER $geo Palermo 200 km ASC; GEORADIUSBYMEMBER $geo Palermo 200 km STOREDIST $new",
  ),
  georadiusbymember_ro: lines("GEORADIUSBYMEMBER_RO $geo Palermo 200 km ASC WITHHASH"),
  geosearch: lines("GEOSEARCH $geo FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST"),
  geosearchstore: lines("GEOSEARCHSTORE $new $geo FROMMEMBER Palermo BYBOX 400 400 km ASC"),
  pfadd: lines("PFADD $hll x; PFADD $new x"),
  pfcount: lines("PFCOUNT $hll; PFCOUNT $hll $hll2"),
  pfmerge: lines("PFMERGE $hll $hll2"),

  // ---- the connection and transactions
  auth: lines("!AUTH secret; AUTH default secret; !AUTH nobody secret"),
  echo: lines("ECHO hello"),
  ping: lines("PING; PING hello"),
  select: lines("SELECT 0; !SELECT 1; !SELECT x"),
  discard: lines("!DISCARD; MULTI; SET $string 1; DISCARD; GET $string"),
  exec: lines("!EXEC; MULTI; SET $string 1; GET $string; EXEC; MULTI; !NOSUCH; !EXEC"),
  multi: lines("MULTI; !MULTI; INCR $number; EXEC; MULTI; EXEC"),
  unwatch: lines("UNWATCH; WATCH $string; UNWATCH; SET $string 1; MULTI; EXEC"),
  watch: lines(
    "WATCH $string $string2; SET $string2 1; MULTI; GET $string; EXEC; WATCH $string; MULTI; !WATCH $string; DISCARD",
  ),

  // ---- scripts
  eval: lines("EVAL <get> 1 $string; EVAL <set> 2 $string $string2 x; EVAL <nested> 0; !EVAL <fail> 0"),
  eval_ro: lines("EVAL_RO <get> 1 $string; !EVAL_RO <set> 1 $string x"),
  evalsha: lines(
    "EVALSHA <sha> 1 $string; EVALSHA <sha> 2 $string $string2; !EVALSHA ffffffffffffffffffffffffffffffffffffffff 0",
  ),
  evalsha_ro: lines("EVALSHA_RO <sha> 1 $string"),
  fcall: lines("FCALL count 1 $number; FCALL count 2 $number $string; !FCALL nosuch 0"),
  fcall_ro: lines("FCALL_RO read 1 $string; !FCALL_RO count 1 $number"),
  function: lines("!FUNCTION NOSUCH"),
  "function|delete": lines("FUNCTION DELETE lib; !FUNCTION DELETE lib"),
  "function|dump": lines("FUNCTION DUMP"),
  "function|flush": lines("FUNCTION FLUSH; FUNCTION FLUSH ASYNC"),
  "function|help": lines("FUNCTION HELP"),
  "function|kill": lines("!FUNCTION KILL"),
  "function|list": lines("FUNCTION LIST; FUNCTION LIST LIBRARYNAME lib WITHCODE"),
  "function|load": lines("FUNCTION LOAD REPLACE <library>; !FUNCTION LOAD <library>"),
  "function|restore": lines("FUNCTION RESTORE <functions> REPLACE; !FUNCTION RESTORE <functions>"),
  "function|stats": lines("FUNCTION STATS"),
  script: lines("!SCRIPT NOSUCH"),
  "script|exists": lines("SCRIPT EXISTS <sha> ffffffffffffffffffffffffffffffffffffffff"),
  "script|flush": lines("SCRIPT FLUSH; SCRIPT FLUSH ASYNC"),
  "script|help": lines("SCRIPT HELP"),
  "script|kill": lines("!SCRIPT KILL"),
  "script|load": lines("SCRIPT LOAD <set>"),

  // ---- messages
  publish: lines("PUBLISH channel hello"),
  pubsub: lines("!PUBSUB NOSUCH"),
  "pubsub|channels": lines("PUBSUB CHANNELS; PUBSUB CHANNELS c*"),
  "pubsub|help": lines("PUBSUB HELP"),
  "pubsub|numpat": lines("PUBSUB NUMPAT"),
  "pubsub|numsub": lines("PUBSUB NUMSUB channel"),
  "pubsub|shardchannels": lines("PUBSUB SHARDCHANNELS"),
  "pubsub|shardnumsub": lines("PUBSUB SHARDNUMSUB $channel"),
  spublish: lines("SPUBLISH $channel hello"),

  // ---- the server
  "cluster|help": lines("CLUSTER HELP"),
  "cluster|keyslot": lines("CLUSTER KEYSLOT $string"),
  lastsave: lines("LASTSAVE"),
  latency: lines("!LATENCY NOSUCH"),
  "latency|doctor": lines("LATENCY DOCTOR"),
  "latency|graph": lines("!LATENCY GRAPH command"),
  "latency|help": lines("LATENCY HELP"),
  "latency|histogram": lines("LATENCY HISTOGRAM nosuch"),
  "latency|history": lines("LATENCY HISTORY command"),
  "latency|latest": lines("LATENCY LATEST"),
  "latency|reset": lines("LATENCY RESET"),
  lolwut: lines("LOLWUT; LOLWUT VERSION 5 1 1 1"),
  memory: lines("!MEMORY NOSUCH"),
  "memory|doctor": lines("MEMORY DOCTOR"),
  "memory|help": lines("MEMORY HELP"),
  "memory|malloc-stats": lines("MEMORY MALLOC-STATS"),
  "memory|purge": lines("MEMORY PURGE"),
  "memory|stats": lines("MEMORY STATS"),
  "memory|usage": lines("MEMORY USAGE $string; MEMORY USAGE $list SAMPLES 0; MEMORY USAGE $none"),
  "module|help": lines("MODULE HELP"),
  "module|list": lines("MODULE LIST"),
  role: lines("ROLE"),
  slowlog: lines("!SLOWLOG NOSUCH"),
  "slowlog|get": lines("SLOWLOG GET; SLOWLOG GET 1"),
  "slowlog|help": lines("SLOWLOG HELP"),
  "slowlog|len": lines("SLOWLOG LEN"),
  "slowlog|reset": lines("SLOWLOG RESET"),
  swapdb: lines("!SWAPDB 0 1"),
  time: lines("TIME"),
};

/**
 * Commands about the proxy, its clients and its users. Their replies have the form of a node's replies, and tell
 * something else.
 */
export const OWN_FORMS: Readonly<Record<string, readonly string[]>> = {
  acl: lines("!ACL NOSUCH"),
  "acl|cat": lines("ACL CAT; ACL CAT string; !ACL CAT nosuch"),
  "acl|deluser": lines("ACL DELUSER nobody; !ACL DELUSER default"),
  "acl|dryrun": lines("ACL DRYRUN default GET x; !ACL DRYRUN nobody GET x"),
  "acl|genpass": lines("ACL GENPASS; ACL GENPASS 5"),
  "acl|getuser": lines("ACL GETUSER default; ACL GETUSER nobody"),
  "acl|help": lines("ACL HELP"),
  "acl|list": lines("ACL LIST"),
  "acl|load": lines("!ACL LOAD"),
  "acl|log": lines("ACL LOG; ACL LOG RESET"),
  "acl|save": lines("!ACL SAVE"),
  "acl|setuser": lines(
    "ACL SETUSER reader on nopass ~* +get; ACL DELUSER reader; !ACL SETUSER reader nosuch",
  ),
  "acl|users": lines("ACL USERS"),
  "acl|whoami": lines("ACL WHOAMI"),
  client: lines("!CLIENT NOSUCH"),
  "client|caching": lines("!CLIENT CACHING YES"),
  "client|getname": lines("CLIENT GETNAME; CLIENT SETNAME me; CLIENT GETNAME"),
  "client|getredir": lines("CLIENT GETREDIR"),
  "client|help": lines("CLIENT HELP"),
  "client|id": lines("CLIENT ID"),
  "client|info": lines("CLIENT INFO"),
  "client|kill": lines("CLIENT KILL ID 99999999; !CLIENT KILL 127.0.0.1:1"),
  "client|list": lines("CLIENT LIST; CLIENT LIST TYPE normal"),
  "client|no-evict": lines("CLIENT NO-EVICT ON; CLIENT NO-EVICT OFF"),
  "client|pause": lines("CLIENT PAUSE 0"),
  "client|reply": lines("CLIENT REPLY ON"),
  "client|setname": lines("CLIENT SETNAME me; !CLIENT SETNAME <spaced>"),
  "client|trackinginfo": lines("CLIENT TRACKINGINFO"),
  "client|unblock": lines("CLIENT UNBLOCK 99999999"),
  "client|unpause": lines("CLIENT UNPAUSE"),
  command: lines("COMMAND"),
  "command|count": lines("COMMAND COUNT"),
  "command|docs": lines("COMMAND DOCS get"),
  "command|getkeys": lines("COMMAND GETKEYS MSET a 1 b 2; !COMMAND GETKEYS PING"),
  "command|getkeysandflags": lines("COMMAND GETKEYSANDFLAGS MSET a 1 b 2"),
  "command|help": lines("COMMAND HELP"),
  "command|info": lines("COMMAND INFO get nosuch"),
  "command|list": lines("COMMAND LIST; COMMAND LIST FILTERBY ACLCAT string"),
  config: lines("!CONFIG NOSUCH"),
  "config|get": lines("CONFIG GET maxmemory; CONFIG GET nosuch"),
  "config|help": lines("CONFIG HELP"),
  "config|resetstat": lines("CONFIG RESETSTAT"),
  "config|rewrite": lines("!CONFIG REWRITE"),
  "config|set": lines("CONFIG SET slowlog-max-len 128; !CONFIG SET nosuch 1"),
  hello: lines("HELLO; HELLO 3; HELLO 2; !HELLO 9"),
  info: lines("INFO; INFO server; INFO nosuch"),
  monitor: lines("MONITOR"),
  quit: lines("QUIT"),
  reset: lines("RESET"),
};

const WHOLE = "is about the keys of all nodes";
export const REFUSED = "acts on a server, or belongs to one connection to it";
export const STANDALONE = "is answered as by a Redis that is no cluster";
const MESSAGES = "is answered by messages";

/** Commands that the proxy answers otherwise than a node does, and why. */
export const BY_DESIGN: Readonly<Record<string, string>> = {
  ...each(WHOLE, "dbsize flushall flushdb keys randomkey scan"),
  ...each(REFUSED, "bgrewriteaof bgsave debug failover pfdebug pfselftest psync replconf replicaof save"),
  ...each(REFUSED, "shutdown slaveof sync wait script|debug module module|load module|loadex module|unload"),
  ...each(REFUSED, "client|tracking cluster cluster|addslots cluster|addslotsrange cluster|bumpepoch"),
  ...each(
    REFUSED,
    "cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget",
  ),
  ...each(REFUSED, "cluster|meet cluster|replicate cluster|reset cluster|saveconfig"),
  ...each(REFUSED, "cluster|set-config-epoch cluster|setslot"),
  ...each(STANDALONE, "asking readonly readwrite cluster|count-failure-reports cluster|countkeysinslot"),
  ...each(STANDALONE, "cluster|getkeysinslot cluster|info cluster|links cluster|myid cluster|nodes"),
  ...each(STANDALONE, "cluster|replicas cluster|shards cluster|slaves cluster|slots"),
  ...each(MESSAGES, "psubscribe punsubscribe ssubscribe subscribe sunsubscribe unsubscribe"),
};

/** Commands that take keys of several slots: each node executes its part. */
export const SPLIT: readonly string[] = ["mget", "del", "exists", "touch", "unlink"];

export const AT_ALL_NODES = "is executed at all nodes";

/** Commands that a node queues in a transaction, and the proxy does not, and why. */
export const NOT_QUEUED: Readonly<Record<string, string>> = {
  auth: "is executed at once",
  ...each(AT_ALL_NODES, "function|delete function|flush function|kill function|load function|restore"),
  ...each(AT_ALL_NODES, "script|exists script|flush script|kill script|load"),
};

function each(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, reason]));
}

/** Splits a text into its lines; a semicolon ends one, too. */
function lines(text: string): string[] {
  return text
    .split(/;|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
