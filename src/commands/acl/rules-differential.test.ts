/**
 * Gives the same random rules to users here and at a real Redis, and asks both what those users may do.
 * `GLASSCACHE_ACL_SEED` repeats a run, `GLASSCACHE_ACL_USERS` sets the number of users.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer, startRedis } from "../../../test/support/origins.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromLatin1 } from "../../lib/bytes.ts";
import { SeededRandom } from "../../lib/random.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { Request } from "../../protocol/protocol.ts";
import { ReplyError } from "../../protocol/reply-value.ts";
import { factsOfRequest } from "../command-facts.ts";
import { denialOf, describeDenial } from "./denial.ts";
import type { Selector } from "./selector.ts";
import type { User } from "./user.ts";
import { Users } from "./users.ts";

const SEED = Number(process.env["GLASSCACHE_ACL_SEED"] ?? 20_261_130);
const USERS = Number(process.env["GLASSCACHE_ACL_USERS"] ?? 400);

const redis = requireProgram("redis-server");

const HASH = "34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6";

const COMMAND_RULES = [
  ...[
    "+@all",
    "-@all",
    "allcommands",
    "nocommands",
    "+@read",
    "-@write",
    "+@string",
    "-@dangerous",
    "+@fast",
  ],
  ...["-@slow", "+@CONNECTION", "+@nosuch", "-@keyspace", "+@scripting", "+@pubsub", "+@admin", "+@blocking"],
  ...[
    "+get",
    "+GET",
    "-get",
    "+set",
    "-set",
    "+mget",
    "+nosuch",
    "-nosuch",
    "+config",
    "-config",
    "+config|get",
  ],
  ...["-config|set", "+config|nosuch", "+config|get|x", "+client", "-client", "+client|id", "-client|kill"],
  ...[
    "+select|0",
    "+select|1",
    "-select",
    "+SELECT|A",
    "-select|0",
    "+get|a|b",
    "+get|",
    "+select|",
    "+object|help",
  ],
  ...["+eval", "+watch", "+xread", "+sort", "+zunionstore", "+incr", "+bitfield", "+publish", "+subscribe"],
];
const KEY_RULES = [
  ...[
    "~*",
    "allkeys",
    "ALLKEYS",
    "resetkeys",
    "~a*",
    "~a:*",
    "%R~a*",
    "%W~a*",
    "%RW~b*",
    "%wr~c?",
    "%r~*",
    "%W~*",
  ],
  ...["%~a", "%RR~a", "%X~a", "%R~", "~", "~b", "%RWa", "~a b", "~[ab]1", "%R~b1", "%W~b1"],
];
const CHANNEL_RULES = ["&*", "allchannels", "resetchannels", "&news", "&news:*", "&a b", "&"];
const USER_RULES = [
  ...[
    "on",
    "off",
    "ON",
    "nopass",
    "resetpass",
    ">pass",
    ">",
    "<pass",
    "<other",
    `#${HASH}`,
    `!${HASH}`,
    "#abc",
    "!x",
  ],
  ...[
    "sanitize-payload",
    "skip-sanitize-payload",
    "reset",
    "clearselectors",
    "",
    "nosuch",
    "()",
    "( )",
    "(+get ~b*)",
  ],
  ...[
    "(%R~c* +@read)",
    "(+get",
    "~d*)",
    "(&news +@pubsub)",
    "(+nosuch)",
    "(on)",
    "(~* +@all)",
    "(+@all %W~a*)",
  ],
];

/** Requests whose rights are as in Redis 7.0. Those that may show any key are told apart here (`denial.test.ts`). */
const REQUESTS = [
  ...[
    "get a1",
    "GET b",
    "get z",
    "set a1 v",
    "set b1 v",
    "set a1 v get",
    "set b1 v ex 10 get",
    "getset a1 v",
  ],
  ...[
    "mget a1 b1",
    "mget a1 z",
    "mset a1 v b1 v",
    "mset a1 v z v",
    "del a1 b1",
    "exists a1 b1 z",
    "ttl a1",
    "type b1",
  ],
  ...[
    "incr a1",
    "append b1 x",
    "strlen a1",
    "getdel a1",
    "getex a1",
    "copy a1 b1",
    "copy b1 a1",
    "rename a1 b1",
  ],
  ...["bitfield a1 get u8 0", "bitfield a1 set u8 0 1", "bitfield_ro a1 get u8 0", "lpush a1 v", "lpop b1"],
  ...["blpop a1 b1 0", "lmove a1 b1 left right", "sinterstore a1 b1 c1", "zunionstore a1 2 b1 c1"],
  ...[
    "xread count 1 streams a1 b1 0 0",
    "xreadgroup group g c streams a1 0",
    "georadius a1 0 0 1 km store b1",
  ],
  ...[
    "sort a1 limit 0 1",
    "sort a1 store b1",
    "eval x 1 a1",
    "eval x 0",
    "watch a1",
    "multi",
    "exec",
    "object freq a1",
  ],
  ...["client id", "client kill 1.2.3.4:5", "config get maxmemory", "config set a b", "select 0", "select 1"],
  ...[
    "select a",
    "ping",
    "auth x",
    "hello 3",
    "quit",
    "reset",
    "publish news x",
    "publish news:1 x",
    "publish other x",
  ],
  ...[
    "subscribe news",
    "subscribe news other",
    "psubscribe news:*",
    "psubscribe news:1",
    "ssubscribe news:1",
  ],
  ...[
    "flushall",
    "dbsize",
    "info",
    "acl whoami",
    "acl list",
    "command count",
    "pfcount a1 b1",
    "pfmerge a1 b1",
  ],
  ...["migrate h 1 a1 0 1", "hget a1 f", "hset b1 f v", "hexists a1 f", "memory usage a1", "unlink b1"],
];

function requestOf(text: string): Request {
  const bytes = new ByteBuffer();
  const request = new Request();
  const ranges: [number, number][] = [];
  for (const part of text.split(" ")) {
    const start = bytes.length;
    bytes.append(fromLatin1(part));
    ranges.push([start, bytes.length]);
  }
  request.reset(bytes.bytes);
  for (const [start, end] of ranges) request.add(start, end);
  return request;
}

type Told = Record<string, unknown>;

/** A list of names and values, as RESP2 has a map. */
function mapOf(list: unknown): Told {
  const items = list as unknown[];
  return Object.fromEntries(
    Array.from({ length: items.length / 2 }, (_, at) => [String(items[2 * at]), items[2 * at + 1]]),
  );
}

/**
 * What GETUSER of Redis 7.0 tells and newer versions tell in the same way: they repeat the rules about commands in the
 * order in which they were given, and show `sanitize-payload` where nobody has chosen.
 */
function told7({ flags, selectors }: Told): Told {
  return {
    flags: (flags as string[]).filter((flag) => flag !== "sanitize-payload"),
    commands: undefined,
    selectors: (selectors as unknown[]).map((selector) => ({ ...mapOf(selector), commands: undefined })),
  };
}

function describe7(user: User): Told {
  const [own, ...more] = user.selectors;
  const parts = ({ keys, channels }: Selector): Told => ({
    commands: undefined,
    keys: keys.text,
    channels: channels.text,
  });
  return {
    flags: user.flags.filter((flag) => flag !== "sanitize-payload"),
    passwords: [...user.passwords],
    ...parts(own!),
    selectors: more.map(parts),
  };
}

describe.skipIf(!redis.available)(redis.title("rules of ACL, held against Redis"), () => {
  let server: RunningServer;
  let client: RespClient;

  beforeAll(async () => {
    server = await startRedis();
    client = await RespClient.connect({ port: server.port });
  });
  afterAll(async () => {
    client?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test(`${USERS} random users may do the same (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random.next() * all.length)]!;
    const users = new Users(hashPassword);
    let denied = 0;
    let allowed = 0;
    for (let round = 0; round < USERS; round++) {
      const name = `user${round % 20}`;
      const rules = Array.from({ length: 1 + Math.floor(random.next() * 7) }, () => {
        const kind = random.next();
        if (kind < 0.5) return pick(COMMAND_RULES);
        if (kind < 0.75) return pick(KEY_RULES);
        return kind < 0.85 ? pick(CHANNEL_RULES) : pick(USER_RULES);
      });
      const shown = `${round}: ${name} ${JSON.stringify(rules)}`;
      const theirs = await client.ask("ACL", "SETUSER", name, ...rules);
      let ours = "OK";
      try {
        users.set(name, rules);
      } catch (error) {
        ours = `ERR ${(error as Error).message}`;
      }
      expect([shown, ours]).toEqual([shown, theirs instanceof ReplyError ? theirs.message : String(theirs)]);
      const user = users.get(name);
      if (user === undefined) continue;
      const told = mapOf(await client.must("ACL", "GETUSER", name));
      expect([shown, describe7(user)]).toEqual([shown, { ...told, ...told7(told) }]);
      const asked = Array.from({ length: 12 }, () => pick(REQUESTS));
      const answers = await Promise.all(
        asked.map((text) => client.ask("ACL", "DRYRUN", name, ...text.split(" "))),
      );
      for (const [at, text] of asked.entries()) {
        const request = requestOf(text);
        const facts = factsOfRequest(request)!;
        const denial = denialOf(user, facts, request, { scriptsMayAll: false });
        const answer = denial === undefined ? "OK" : describeDenial(denial);
        const expected =
          answers[at] instanceof ReplyError ? (answers[at] as ReplyError).message : answers[at];
        expect([shown, user.text, text, answer]).toEqual([shown, user.text, text, expected as string]);
        if (denial === undefined) allowed++;
        else denied++;
      }
    }
    // Both answers must be frequent, or the rules were chosen badly.
    expect(allowed).toBeGreaterThan(USERS / 2);
    expect(denied).toBeGreaterThan(USERS);
  }, 60_000);
});
