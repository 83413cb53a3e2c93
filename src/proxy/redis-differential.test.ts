/**
 * Gives random pipelines of several clients to a real Redis, once directly and once through the proxy. Every reply
 * must be the same, byte for byte. `GLASSCACHE_DIFFERENTIAL_RUNS` sets the number of runs,
 * `GLASSCACHE_DIFFERENTIAL_SEED` the seed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameClient } from "../../test/support/frame-client.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startGlasscache, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";

const RUNS = Number(process.env["GLASSCACHE_DIFFERENTIAL_RUNS"] ?? 100);
const THREADED_RUNS = Math.ceil(RUNS / 3);
const SEED = Number(process.env["GLASSCACHE_DIFFERENTIAL_SEED"] ?? 20_261_122);
/** A reply that has not come after this time will not come. */
const REPLY_WITHIN_MS = 5000;

const redis = requireProgram("redis-server");

type Command = readonly string[];

/** Commands that one client sends in one packet. */
interface Packet {
  readonly client: number;
  readonly commands: readonly Command[];
}

/** The RESP versions of the clients in a run. */
const CLIENTS: readonly (2 | 3)[] = [2, 3, 2];

const KEYS = ["s:1", "s:2", "n:1", "l:1", "l:2", "h:1", "h:2", "t:1", "t:2", "z:1", "z:2", "x:1", "g:1"];
const VALUES = ["", "a", "b", "12", "-7", "3.5", "hello world", "é\r\n", "x".repeat(300)];

/** The meaning of the words in a form that begin with `$`. Now and then a key has another kind than its name says. */
const PLACEHOLDERS: Record<string, fc.Arbitrary<string>> = {
  $key: fc.constantFrom(...KEYS),
  $string: keyOf("s:1", "s:2"),
  $number: keyOf("n:1"),
  $list: keyOf("l:1", "l:2"),
  $hash: keyOf("h:1", "h:2"),
  $set: keyOf("t:1", "t:2"),
  // At most one member, so that a member drawn at random is known.
  $one: fc.constant("one"),
  $zset: keyOf("z:1", "z:2"),
  $stream: keyOf("x:1"),
  $geo: keyOf("g:1"),
  $value: fc.constantFrom(...VALUES),
  $field: fc.constantFrom("f", "g", "", "1"),
  $member: fc.constantFrom("m", "n", "o", "5", "6"),
  $int: fc.constantFrom("0", "1", "-1", "2", "100", "-100", "9223372036854775807", "x", ""),
  $small: fc.constantFrom("0", "1", "2", "-1"),
  $score: fc.constantFrom("1", "2.5", "-inf", "+inf", "0.1", "1e30", "nan", "3"),
  $id: fc.constantFrom("1-1", "1-2", "2-1", "3", "0", "-", "+"),
  // A time long past, and one too far ahead to come.
  $at: fc.constantFrom("1", "4102444800"),
  $db: fc.constantFrom("0", "1", "0", "00", "99", "x"),
};

function keyOf(...keys: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...keys) },
    { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
  );
}

/** Commands whose replies and effects depend on their arguments only. */
const FORMS = `
GET $string
GET $key
MGET $key $key $key
MGET $string $string $string
SET $string $value
SET $string $value GET
SET $string $value NX
SET $string $value XX GET
SET $string $value EXAT 4102444800
SET $key $value
SETNX $string $value
GETSET $string $value
GETDEL $string
GETEX $string PERSIST
GETEX $string EXAT 4102444800
APPEND $string $value
STRLEN $string
GETRANGE $string $int $int
SETRANGE $string 3 $value
INCR $number
INCRBY $number $int
DECR $number
INCRBYFLOAT $number 0.25
MSET $string $value $key $value
MSETNX $string $value $number 5
SETBIT $string 7 1
GETBIT $string 7
BITCOUNT $string
BITPOS $string 1
BITOP XOR $string $string $string
BITFIELD $string GET u8 0 INCRBY u4 0 1
BITFIELD $number OVERFLOW FAIL INCRBY u2 0 3
PFADD $string a b
PFCOUNT $string
DEL $key $key
UNLINK $key
EXISTS $key $key
TOUCH $key
TYPE $key
RENAME $key $key
RENAMENX $key $key
COPY $key $key
COPY $string $string REPLACE
COPY $key $key REPLACE
COPY $key $key DB 1 REPLACE
MOVE $key 1
OBJECT ENCODING $key
OBJECT HELP
DUMP $key
RESTORE $key 0 garbage
EXPIREAT $key $at
PERSIST $key
EXPIRETIME $key
PEXPIRETIME $key
DBSIZE
KEYS $key
SCAN 0 MATCH $key COUNT 1000
LPUSH $list $value $value
RPUSH $list $value
LPUSHX $list $value
LPOP $list
LPOP $list $small
RPOP $list $small
RPOP $list
LLEN $list
LRANGE $list 0 -1
LINDEX $list $small
LSET $list 0 $value
LREM $list 1 $value
LTRIM $list 0 2
LINSERT $list BEFORE a $value
LPOS $list a
LPOS $list a COUNT 0
LMOVE $list $list LEFT RIGHT
RPOPLPUSH $list $list
LMPOP 2 $list $list LEFT
BLPOP $list $list 0.01
BRPOP $list 0.01
BLMOVE $list $list LEFT RIGHT 0.01
BLMPOP 0.01 1 $list LEFT COUNT 2
BRPOPLPUSH $list $list 0.01
SORT $list ALPHA
SORT $list ALPHA STORE $list
SORT_RO $list ALPHA LIMIT 0 2
HSET $hash $field $value
HSET $hash f 1 g 2
HMSET $hash f 1
HSETNX $hash $field $value
HGET $hash $field
HMGET $hash f g h
HGETALL $hash
HDEL $hash $field
HLEN $hash
HEXISTS $hash $field
HKEYS $hash
HVALS $hash
HSTRLEN $hash $field
HINCRBY $hash f $small
HINCRBYFLOAT $hash f 0.5
HRANDFIELD nosuchkey
HRANDFIELD nosuchkey 2
HSCAN $hash 0
SADD $set $member $member
SREM $set $member
SCARD $set
SMEMBERS $set
SISMEMBER $set $member
SMISMEMBER $set m n
SMOVE $set $set $member
SINTER $set $set
SUNION $set $set
SDIFF $set $set
SINTERSTORE $set $set $set
SINTERCARD 2 $set $set
SSCAN $set 0
SADD $one m
SPOP $one
SPOP $one 3
SPOP $set 100
SRANDMEMBER $one
SRANDMEMBER $one 2
ZADD $zset $score $member
ZADD $zset 1 m 2 n 3 o
ZADD $zset INCR 1.5 $member
ZADD $zset NX INCR 1.5 $member
ZINCRBY $zset 0.5 $member
ZSCORE $zset $member
ZMSCORE $zset m n q
ZRANK $zset $member
ZREVRANK $zset $member
ZCARD $zset
ZCOUNT $zset -inf +inf
ZLEXCOUNT $zset - +
ZRANGE $zset 0 -1
ZRANGE $zset 0 -1 WITHSCORES
ZRANGE $zset (1 +inf BYSCORE LIMIT 0 1
ZRANGEBYSCORE $zset -inf +inf WITHSCORES
ZREVRANGE $zset 0 1 WITHSCORES
ZRANGEBYLEX $zset - +
ZRANGESTORE $zset $zset 0 1
ZPOPMIN $zset
ZPOPMAX $zset 2
ZMPOP 1 $zset MIN COUNT 2
BZPOPMIN $zset 0.01
BZMPOP 0.01 1 $zset MAX
ZUNION 2 $zset $set WITHSCORES
ZINTER 2 $zset $zset
ZDIFF 2 $zset $zset WITHSCORES
ZUNIONSTORE $zset 2 $zset $zset
ZREM $zset $member
ZREMRANGEBYRANK $zset 0 0
ZREMRANGEBYSCORE $zset -inf 1
ZRANDMEMBER nosuchkey
ZRANDMEMBER nosuchkey 2 WITHSCORES
ZSCAN $zset 0
GEOADD $geo 13.36 38.11 Palermo 15.08 37.5 Catania
GEODIST $geo Palermo Catania km
GEOPOS $geo Palermo nowhere
GEOHASH $geo Palermo nowhere
GEOSEARCH $geo FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST
XADD $stream $id f $value
XADD $stream MAXLEN = 2 $id f $value
XADD $stream NOMKSTREAM $id f $value
XLEN $stream
XRANGE $stream - +
XREVRANGE $stream + - COUNT 1
XREAD COUNT 2 STREAMS $stream 0
XREAD BLOCK 10 STREAMS $stream $
XDEL $stream $id
XTRIM $stream MAXLEN 1
XINFO STREAM $stream
XGROUP CREATE $stream group 0 MKSTREAM
XREADGROUP GROUP group me COUNT 1 STREAMS $stream >
XACK $stream group $id
XPENDING $stream group
XSETID $stream 5-1
EVAL return_1 0
EVAL set 1 $string $value
EVAL set 1 $key $value
EVAL hgetall 1 $hash
EVAL hgetall3 1 $hash
EVAL map3 0
EVAL nested 0
EVAL nil 0
EVAL true 0
EVAL error 0
EVAL fail 1 $list
EVAL syntax 0
EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
SCRIPT EXISTS ffffffffffffffffffffffffffffffffffffffff
MULTI
MULTI
EXEC
EXEC
DISCARD
WATCH $key $key
WATCH $string
UNWATCH
SELECT $db
SELECT 0
SELECT 1
SWAPDB 0 1
FLUSHDB
FLUSHALL
PUBLISH channel $value
PUBSUB NUMSUB channel
PING
PING $value
ECHO $value
RESET
HELLO 2
HELLO 3
COMMAND COUNT
COMMAND GETKEYS GET $key
LATENCY RESET
NOSUCHCOMMAND $value
OBJECT NOSUCHSUBCOMMAND
CONFIG
CONFIG GET save
CONFIG GET maxmemory appendonly
CONFIG GET nosuch
CONFIG SET slowlog-max-len $int
CONFIG SET notify-keyspace-events $value
CONFIG SET nosuch
INFO nosuch
WAITFOR
`;

const SCRIPTS: Record<string, string> = {
  return_1: "return 1",
  set: "return redis.call('SET', KEYS[1], ARGV[1])",
  hgetall: "return redis.call('HGETALL', KEYS[1])",
  hgetall3: "redis.setresp(3) return redis.call('HGETALL', KEYS[1])",
  map3: "redis.setresp(3) return {map={a=1}, double=1.5}",
  nested: "return {1, {2, {3, 'x'}}, false, 3.99, 'y'}",
  nil: "return nil",
  true: "redis.setresp(3) return true",
  error: "return redis.error_reply('MYERROR of a script')",
  fail: "return redis.call('INCR', KEYS[1])",
  syntax: "return (",
};

const command: fc.Arbitrary<Command> = fc
  .oneof(...FORMS.trim().split("\n").map(formed))
  .chain((words) => fc.nat(39).map((roll) => malformed(words, roll)));

function formed(form: string): fc.Arbitrary<string[]> {
  const words = form.split(" ").map((word) => PLACEHOLDERS[word] ?? fc.constant(word));
  return fc
    .tuple(...words)
    .map((args) => (args[0] === "EVAL" ? [args[0], SCRIPTS[args[1]!]!, ...args.slice(2)] : args));
}

/** A few commands lack their last argument or have one too many. */
function malformed(words: readonly string[], roll: number): Command {
  if (roll === 0 && words.length > 1) return words.slice(0, -1);
  // `one` should have one member.
  const mayHaveMore = words[0] !== "HELLO" && words[1] !== "one";
  return roll === 1 && mayHaveMore ? [...words, "extra"] : words;
}

/** The proxy refuses HELLO in a transaction, Redis queues it. */
function withoutQueuedHello(run: Packet[]): Packet[] {
  const mayQueue = CLIENTS.map(() => false);
  return run.map(({ client, commands }) => ({
    client,
    commands: commands.map((sent) => {
      const [name] = sent;
      if (name === "MULTI") mayQueue[client] = true;
      else if (name === "RESET" || ((name === "EXEC" || name === "DISCARD") && sent.length === 1))
        mayQueue[client] = false;
      return name === "HELLO" && mayQueue[client] ? ["PING"] : sent;
    }),
  }));
}

const packets: fc.Arbitrary<Packet[]> = fc
  .array(
    fc.record({
      client: fc.nat(CLIENTS.length - 1),
      commands: fc.array(command, { minLength: 1, maxLength: 12, size: "max" }),
    }),
    { minLength: 1, maxLength: 8, size: "max" },
  )
  .map(withoutQueuedHello);

/** Runs that failed once. */
const EXAMPLES: Packet[][] = [
  [["MULTI"], ["PING"], ["ECHO", "a"], ["EXEC"], ["PING"]],
  [
    ["WATCH", "s:1"],
    ["HELLO", "3"],
    ["HGETALL", "h:1"],
    ["HELLO", "2"],
    ["ZADD", "z:1", "INCR", "1.5", "m"],
  ],
  // PFCOUNT stores its result in the value.
  [
    ["PFADD", "s:1", "a", "b"],
    ["GET", "s:1"],
    ["PFCOUNT", "s:1"],
    ["GET", "s:1"],
  ],
  [["SELECT", "1"], ["SET", "s:1", "a"], ["MULTI"], ["SELECT", "00"], ["EXEC"], ["GET", "s:1"]],
  [["WATCH", "s:1"], ["EXEC"], ["SET", "s:1", "a"], ["MULTI"], ["GET", "s:1"], ["EXEC"]],
].flatMap((commands) => [
  [{ client: 0, commands }],
  commands.map((sent) => ({ client: 0, commands: [sent] })),
]);

describe.skipIf(!redis.available)(redis.title("through the proxy as without it"), () => {
  let origin: RunningServer;

  beforeAll(async () => {
    // Blocking commands end soon after their time-out only if Redis checks often.
    origin = await startRedis({ args: ["--hz", "500"] });
  });
  afterAll(() => origin?.[Symbol.asyncDispose]());

  async function expectSame(port: number, numRuns: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(packets, async (run) => {
        const straight = await replies(origin.port, run);
        const proxied = await replies(port, run);
        expect(proxied).toEqual(straight);
      }),
      {
        numRuns,
        seed: SEED,
        examples: EXAMPLES.map((example) => [example]),
        endOnFailure: process.env["GLASSCACHE_DIFFERENTIAL_SHRINK"] === "0",
      },
    );
  }

  test(
    `Redis gives the same replies (${RUNS} runs, seed ${SEED})`,
    async () => {
      await using local = await LocalProxy.ready({ origin: origin.port });
      await expectSame(local.port, RUNS);
    },
    Number.POSITIVE_INFINITY,
  );

  test(
    `Redis gives the same replies through a proxy of two threads (${THREADED_RUNS} runs)`,
    async () => {
      const args = ["proxy", "--origin", `127.0.0.1:${origin.port}`, "--threads", "2"];
      await using proxy = await startGlasscache(args);
      await expectSame(proxy.port, THREADED_RUNS);
    },
    Number.POSITIVE_INFINITY,
  );
});

/** Returns the replies to each packet, with the commands they answer. */
async function replies(port: number, run: readonly Packet[]): Promise<string[]> {
  const clients = await Promise.all(CLIENTS.map(() => FrameClient.connect(port)));
  try {
    clients[0]!.send(["FLUSHALL"], ["SCRIPT", "FLUSH"]);
    await complete(clients[0]!, 2);
    for (const [index, version] of CLIENTS.entries()) {
      if (version === 3) {
        clients[index]!.send(["HELLO", "3"]);
        await complete(clients[index]!, 1);
      }
    }
    const answered: string[] = [];
    for (const { client: index, commands } of run) {
      const client = clients[index]!;
      client.send(...commands);
      const frames = await complete(client, commands.length);
      for (const [at, sent] of commands.entries()) {
        answered.push(`${index}: ${sent.join(" ")} => ${shown(sent, frames[at])}`);
      }
    }
    return answered;
  } finally {
    for (const client of clients) client.close();
  }
}

/** Waits for this many replies, and takes them. Returns fewer if they do not come. */
async function complete(client: FrameClient, count: number): Promise<string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(resolve, REPLY_WITHIN_MS);
  });
  await Promise.race([client.received(count), client.closed, tooLate]);
  clearTimeout(timer);
  return client.frames.splice(0);
}

/** The reply to HELLO describes the connection, so only its form is compared. */
function shown([name]: Command, frame: string | undefined): string {
  if (frame === undefined) return "nothing";
  return name === "HELLO" && frame.startsWith("%")
    ? "%"
    : name === "HELLO" && frame.startsWith("*")
      ? "*"
      : frame;
}
