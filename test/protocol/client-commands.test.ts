/**
 * CLIENT PAUSE, UNBLOCK, TRACKING … REDIRECT, and what CLIENT LIST tells: what Redis answers to several clients, our
 * server answers, and our proxy in front of a Redis, of one thread and of several.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { FrameClient } from "../support/frame-client.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import { type RunningServer, startGlasscache, startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";
import { infoField } from "../support/threads.ts";
import { until } from "../support/until.ts";

const redis = requireProgram("redis-server");

/**
 * `name: command` is sent, in one write where commands are parted by ` / `; what has come to everybody is taken down
 * behind it; `␣` and `⏎` are a blank and a line feed within an argument. `name! command` is not waited for. `name~flags` waits until CLIENT LIST shows these flags, `name? n` until
 * so many frames have come. `name.` ends the client, `name.!` and waits until the origin knows. `@ms` says whether so much time has passed. `$name` is that client's
 * id.
 */
interface Scenario {
  readonly title: string;
  /** Names of the clients that speak RESP3; all others speak RESP2. */
  readonly resp3?: string;
  readonly steps: readonly string[];
  /** The server has strings alone, and nothing to be blocked by. */
  readonly needsLists?: boolean;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** Ids that are no other number of a scenario. */
const LEAST_ID = 20;

const SCENARIOS: readonly Scenario[] = [
  {
    title: "invalidations go to a RESP2 client that is subscribed",
    steps: [
      "b: SUBSCRIBE __redis__:invalidate",
      "a: CLIENT TRACKING ON REDIRECT $b / GET k / GET l / CLIENT GETREDIR / CLIENT TRACKINGINFO",
      "c: SET k 1",
      "c: SET k 2",
      "a: GET k / GET k",
      "c: MSET k 3 l 3",
      "a: GET k",
      "c: FLUSHALL",
      "a: SET own 1 / GET own / SET own 2",
      "a: CLIENT TRACKING OFF / CLIENT GETREDIR / GET k",
      "c: SET k 4",
      "b: UNSUBSCRIBE __redis__:invalidate / PING",
    ],
  },
  {
    title: "of every key with a prefix",
    steps: [
      "b: SUBSCRIBE __redis__:invalidate",
      "a: CLIENT TRACKING ON REDIRECT $b BCAST PREFIX user: PREFIX redirect / CLIENT TRACKINGINFO",
      "c: SET user:1 a",
      "c: SET other 1",
      "c: DEL user:1",
    ],
  },
  {
    title: "to a RESP3 client that has asked for nothing, from a RESP2 and a RESP3 client",
    resp3: "bc",
    steps: [
      "a: CLIENT TRACKING ON REDIRECT $b / GET k",
      "c: CLIENT TRACKING ON REDIRECT $b NOLOOP / GET l / CLIENT GETREDIR",
      "d: SET k 1",
      "d: SET l 1",
      "c: GET l / SET l 2",
      "b: SET x 1 / GET x / PING",
    ],
  },
  {
    title: "to oneself, in so many words",
    resp3: "a",
    steps: ["a: CLIENT TRACKING ON REDIRECT $a / GET k / CLIENT GETREDIR", "c: SET k 1"],
  },
  {
    title: "that is redirected and then not",
    resp3: "ab",
    steps: [
      "a: CLIENT TRACKING ON REDIRECT $b / GET k",
      "a: CLIENT TRACKING ON / CLIENT GETREDIR / CLIENT TRACKINGINFO / GET k",
      "c: SET k 1",
    ],
  },
  {
    title: "to a client that has gone",
    resp3: "ac",
    steps: [
      "a: CLIENT TRACKING ON REDIRECT $b / GET k",
      "b.!",
      "d: SET k 1",
      "a: CLIENT TRACKINGINFO / CLIENT TRACKING OFF / CLIENT GETREDIR",
    ],
  },
  {
    title: "errors of redirection",
    resp3: "c",
    steps: [
      ...["a", "c"].flatMap((name) => [
        `${name}: CLIENT TRACKING ON REDIRECT 99999999 / CLIENT TRACKING ON REDIRECT x / CLIENT TRACKING ON REDIRECT`,
        `${name}: CLIENT GETREDIR / CLIENT TRACKING ON / CLIENT GETREDIR / CLIENT TRACKING OFF / CLIENT GETREDIR`,
        `${name}: CLIENT TRACKING ON REDIRECT $b OPTIN OPTOUT / CLIENT TRACKING ON PREFIX redirect REDIRECT $b`,
      ]),
    ],
  },
  {
    title: "PAUSE WRITE holds up writes, and nothing else",
    steps: [
      "a: SET k 1",
      "a: CLIENT PAUSE 100000 WRITE",
      "a: GET k / PING / CLIENT GETNAME / ECHO x",
      "b! SET k 2",
      "b~b",
      "a: GET k",
      "c! MULTI / PING / EXEC",
      "c? 3",
      "d! MULTI / SET k 3",
      "d~xb",
      "a: CLIENT UNPAUSE",
      "b? 1",
      "d! EXEC",
      "d? 3",
      "a: GET k",
    ],
  },
  {
    title: "PAUSE WRITE holds up messages and transactions that write",
    steps: [
      "c! MULTI / SET k 1",
      "c~x",
      "a: CLIENT PAUSE 100000 write",
      "b! PUBLISH channel message",
      "b~b",
      "c! EXEC",
      "c~xb",
      "d! PING / SET k 2 / GET k / PING",
      "d~b",
      "a: CLIENT UNPAUSE",
      "b? 1",
      "c? 3",
      "d? 4",
    ],
  },
  {
    title: "PAUSE WRITE holds up scripts that do not say that they write nothing",
    needsLists: true,
    steps: [
      "a: SCRIPT LOAD #!lua␣flags=no-writes⏎return␣2",
      "a: SCRIPT LOAD #!lua⏎return␣3",
      "a: CLIENT PAUSE 100000 WRITE",
      "c! EVAL #!lua␣flags=no-writes⏎return␣1 0 / EVAL_RO return(4) 0",
      "c? 2",
      "c! EVALSHA 9d0ea3d7e4f0b1d93fcff8c5eae71b04d0f1f5d2 0",
      "c~b",
      `b! EVALSHA ${sha1("#!lua flags=no-writes\nreturn 2").toUpperCase()} 0`,
      "b? 1",
      `b! MULTI / EVALSHA ${sha1("#!lua flags=no-writes\nreturn 2")} 0 / EXEC`,
      "b? 3",
      `b! EVALSHA ${sha1("#!lua\nreturn 3")} 0`,
      "b~b",
      "a: CLIENT UNPAUSE",
      "b? 1",
      "c? 1",
    ],
  },
  {
    title: "PAUSE WRITE holds up functions that do not say that they write nothing",
    needsLists: true,
    steps: [
      "a: FUNCTION FLUSH / FUNCTION LOAD #!lua␣name=l⏎local␣f=function()return(1)end⏎redis.register_function{function_name='r',callback=f,flags={'allow-stale','no-writes'}}⏎redis.register_function{function_name='w',callback=f}",
      "d! MULTI / FCALL r 0 / FCALL w 0",
      "d~x",
      "c! MULTI / FCALL r 0",
      "c~x",
      "a: CLIENT PAUSE 100000 WRITE",
      "b! FCALL r 0 / FCALL_RO r 0",
      "b? 2",
      "b! FCALL w 0 / PING",
      "b~b",
      "c! FCALL r 0 / EXEC",
      "c? 4",
      "d! EXEC",
      "d~xb",
      "c! FCALL nosuch 0",
      "c~b",
      "a: CLIENT UNPAUSE",
      "b? 2",
      "c? 1",
      "d? 4",
    ],
  },
  {
    title: "PAUSE and UNPAUSE within a transaction count when it is executed",
    steps: [
      "a! MULTI / SET k 1 / CLIENT PAUSE 100000 WRITE / SET k 2",
      "a~x",
      "b: SET l 1",
      "a! EXEC",
      "a? 5",
      "b! SET l 2",
      "b~b",
      "a: GET k / GET l / MULTI / CLIENT UNPAUSE / GET l / EXEC",
      "b? 1",
      "a: GET l / MULTI / CLIENT PAUSE 100000 / DISCARD / SET l 3",
      "a: MULTI / CLIENT PAUSE 100000 / NOSUCH / EXEC / SET l 4",
      "c: WATCH k",
      "a: SET k 3",
      "c: MULTI / CLIENT PAUSE 100000 / EXEC / SET l 5",
      "c: MULTI / CLIENT UNPAUSE / EXEC / MULTI / CLIENT PAUSE 0 / EXEC",
      "a: MULTI / CLIENT PAUSE / EXEC / MULTI / CLIENT UNPAUSE x / EXEC / SET l 6",
    ],
  },
  {
    title: "MONITOR shows what everybody asks",
    steps: [
      "a: SET k 1",
      "d: MONITOR",
      "a: GET k / get k / MGET k l / CLIENT GETNAME",
      "b: CONFIG GET nosuch / CLIENT LIST x / GET / NOSUCH x / MULTI / SET k 2 / EXEC",
      `c: SET "q"\\⏎␣é \r\t\b\x07\x00 / GET k`,
      "a: AUTH secret / AUTH user secret / HELLO 2 AUTH default secret SETNAME me / HELLO 2",
      "c: MONITOR / PING one",
      "a: GET k",
      "d: RESET",
      "a: GET k",
      "c: PING two",
      "c.",
      "a: GET k",
      "d: MULTI / DISCARD / GET k",
    ],
  },
  {
    title: "MONITOR shows a command once, however long it waits",
    needsLists: true,
    steps: [
      "c: SELECT 3",
      "d: MONITOR",
      "b! BLPOP l 0",
      "b~b",
      "a: GET k / EVAL return(1) 0 / LPUSH l 1",
      "b? 1",
      "c: GET k / LRANGE l 0 -1 / PUBLISH c m",
      "a: SUBSCRIBE c / PING",
      "a: UNSUBSCRIBE c",
    ],
  },
  {
    title: "PAUSE holds up everything until it ends by itself",
    steps: [
      "a! CLIENT PAUSE 300",
      "a? 1",
      "b! PING",
      "c! HELLO 3 / GET nosuch",
      "b? 1",
      "c? 2",
      "@290",
      "a: PING",
    ],
  },
  {
    title: "PAUSE 0 ends at once",
    steps: [
      "a! CLIENT PAUSE 200 ALL",
      "a? 1",
      "b! GET nosuch",
      "b? 1",
      "@190",
      "a: CLIENT PAUSE 0",
      "b: PING",
    ],
  },
  {
    title: "a client that is held up can go, and be killed",
    steps: [
      "a: CLIENT PAUSE 100000 WRITE",
      "b! SET k 1",
      "b~b",
      "b.",
      "c! SET k 2",
      "c~b",
      "a: CLIENT KILL ID $c",
      "a: CLIENT UNPAUSE / GET k",
    ],
  },
  {
    title: "errors of KILL",
    steps: [
      "a: CLIENT KILL / CLIENT KILL ID / CLIENT KILL ID 0 / CLIENT KILL ID x / CLIENT KILL 1.2.3.4:5",
      "a: CLIENT KILL ID $b ADDR / CLIENT KILL ID $b SKIPME / CLIENT KILL ID $b SKIPME maybe",
      "a: CLIENT KILL ID $b TYPE / CLIENT KILL ID $b TYPE none / CLIENT KILL ID $b USER nobody / CLIENT KILL WORD x",
      "b: PING",
    ],
  },
  {
    title: "errors of PAUSE and UNBLOCK",
    steps: [
      "a: CLIENT PAUSE / CLIENT PAUSE x / CLIENT PAUSE -1 / CLIENT PAUSE 1 x / CLIENT PAUSE 1 write x / CLIENT PAUSE 0",
      "a: CLIENT UNPAUSE x / CLIENT UNBLOCK / CLIENT UNBLOCK x / CLIENT UNBLOCK 1 x / CLIENT UNBLOCK 1 error x",
      "a: CLIENT UNBLOCK 9999999 / CLIENT UNBLOCK $a / CLIENT UNBLOCK $b TIMEOUT / CLIENT UNPAUSE",
    ],
  },
  {
    title: "UNBLOCK as by a time-out, and by an error",
    needsLists: true,
    resp3: "c",
    steps: [
      "b! BLPOP l 0",
      "b~b",
      "a: CLIENT UNBLOCK $b",
      "b? 1",
      "b! BRPOP l 0 / ECHO behind",
      "b~b",
      "a: CLIENT UNBLOCK $b error",
      "b? 2",
      "c! BLMOVE l m LEFT RIGHT 0",
      "c~b",
      "a: CLIENT UNBLOCK $c Timeout / CLIENT UNBLOCK $c",
      "c? 1",
      "b! XREAD BLOCK 0 STREAMS x $",
      "b~b",
      "a: CLIENT UNBLOCK $b",
      "b? 1",
      "b! BLPOP l 0",
      "b~b",
      "a: RPUSH l 1",
      "b? 1",
      "a: CLIENT UNBLOCK $b",
    ],
  },
  {
    title: "blocked clients and PAUSE",
    needsLists: true,
    steps: [
      "b! BLPOP l 0",
      "b~b",
      "a: CLIENT PAUSE 100000 WRITE",
      "c! RPUSH l 1",
      "c~b",
      "a: CLIENT UNPAUSE",
      "c? 1",
      "b? 1",
    ],
  },
];

/** What CLIENT LIST tells that does not depend on the moment or the program. */
const LISTED = ["flags", "db", "sub", "psub", "ssub", "multi", "cmd", "redir", "resp", "name", "user"];

/** Steps for CLIENT LIST: what `a` does, and then how it is listed. */
const LISTS: readonly {
  readonly title: string;
  readonly resp3?: boolean;
  readonly steps: readonly string[];
}[] = [
  { title: "a client that has done nothing", steps: [] },
  { title: "plain commands", steps: ["GET k", "SET k 1"] },
  { title: "RESP3 and a name", resp3: true, steps: ["CLIENT SETNAME me", "PING"] },
  { title: "a command with a subcommand", steps: ["OBJECT ENCODING k"] },
  { title: "CONFIG", steps: ["CONFIG GET maxmemory"] },
  { title: "INFO", steps: ["INFO server"] },
  { title: "a transaction", steps: ["MULTI"] },
  { title: "a transaction with commands", steps: ["MULTI", "GET k", "GET k", "NOSUCH", "SET k 1"] },
  { title: "a transaction that was executed", steps: ["MULTI", "GET k", "EXEC"] },
  { title: "a transaction that was given up", steps: ["MULTI", "GET k", "DISCARD"] },
  { title: "another database", steps: ["SELECT 5", "GET k"] },
  { title: "another database and back", steps: ["SELECT 5", "SELECT 0"] },
  { title: "another database within a transaction", steps: ["MULTI", "SELECT 3", "GET k", "EXEC", "GET k"] },
  { title: "a database given up with its transaction", steps: ["MULTI", "SELECT 3", "DISCARD"] },
  { title: "a database that there is not", steps: ["SELECT 99"] },
  { title: "channels", steps: ["SUBSCRIBE a b c"] },
  { title: "channels and patterns", steps: ["SUBSCRIBE a b c", "PSUBSCRIBE x* y*", "UNSUBSCRIBE a"] },
  { title: "patterns first", resp3: true, steps: ["PSUBSCRIBE x* y*", "SUBSCRIBE a", "PUNSUBSCRIBE x*"] },
  { title: "shard channels", resp3: true, steps: ["SSUBSCRIBE a b", "SUBSCRIBE c"] },
  { title: "channels left", steps: ["SUBSCRIBE a b", "UNSUBSCRIBE", "PING"] },
  { title: "tracking", resp3: true, steps: ["CLIENT TRACKING ON", "GET k"] },
  { title: "tracking prefixes", resp3: true, steps: ["CLIENT TRACKING ON BCAST"] },
  { title: "tracking no more", resp3: true, steps: ["CLIENT TRACKING ON", "CLIENT TRACKING OFF"] },
  { title: "all of it, and RESET", steps: ["SELECT 2", "MULTI", "RESET"] },
  { title: "watched keys", steps: ["WATCH k"] },
  { title: "a script", steps: ["EVAL return(1) 0"] },
  { title: "NO-EVICT", steps: ["CLIENT NO-EVICT on"] },
];

interface Address {
  readonly port: number;
}

describe.skipIf(!redis.available)(redis.title("commands about clients"), () => {
  let origin: RunningServer;
  let another: RunningServer;
  let server: RunningServer;
  let proxy: LocalProxy;
  let threads: RunningServer;
  const targets: [title: string, address: () => Address, hasAll: boolean][] = [
    ["the server", () => server, false],
    ["the proxy", () => proxy, true],
    ["the proxy of three threads", () => threads, true],
  ];

  beforeAll(async () => {
    origin = await startRedis();
    another = await startRedis();
    server = await startGlasscache(["server", "--engine", "memory"]);
    proxy = await LocalProxy.ready({ origin: origin.port });
    threads = await startGlasscache(["proxy", "--origin", `127.0.0.1:${origin.port}`, "--threads", "3"]);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    for (const program of [threads, server, another, origin]) await program?.[Symbol.asyncDispose]();
  });

  for (const [title, address, hasAll] of targets) {
    describe(title, () => {
      const scenarios = SCENARIOS.filter(({ needsLists }) => hasAll || needsLists !== true);
      test.each(scenarios.map((scenario) => [scenario.title, scenario] as const))(
        "%s",
        async (_, scenario) => {
          const expected = await transcript(another.port, scenario);
          expect(await transcript(address().port, scenario)).toEqual(expected);
        },
      );
    });
  }

  for (const [title, address] of targets.slice(1)) {
    describe(`CLIENT LIST of ${title}`, () => {
      test.each(LISTS.map((list) => [list.title, list] as const))("%s", async (_, { steps, resp3 }) => {
        const listed = async (port: number): Promise<Record<string, string>> => {
          using observer = await RespClient.connect({ port });
          using client = await FrameClient.connect(port);
          const id = await idOf(client);
          if (resp3 === true) client.send(["HELLO", "3"]);
          for (const step of steps) client.send(step.split(" "));
          await client.received(steps.reduce((sum, step) => sum + framesOf(step), resp3 === true ? 1 : 0));
          const line = String(await observer.must("CLIENT", "LIST", "ID", String(id)));
          return Object.fromEntries(
            LISTED.map((name) => [name, new RegExp(` ${name}=(\\S*)`).exec(line)?.[1] ?? line]),
          );
        };
        expect(await listed(address().port)).toEqual(await listed(another.port));
      });
    });
  }
});

function argumentsOf(command: string): string[] {
  return command.split(" ").map((text) => text.replaceAll("␣", " ").replaceAll("⏎", "\n"));
}

/** How many frames a step of `LISTS` is answered with. */
function framesOf(step: string): number {
  const [name, ...args] = step.split(" ");
  if (step === "UNSUBSCRIBE") return 2;
  return /SUBSCRIBE$/.test(name!) ? args.length : 1;
}

async function idOf(client: FrameClient): Promise<number> {
  client.send(["CLIENT", "ID"]);
  await client.received(1);
  return Number(client.frames.splice(0)[0]!.slice(1));
}

/** Everything that each client has received, step by step. */
async function transcript(port: number, { steps, resp3 = "" }: Scenario): Promise<string[]> {
  using observer = await RespClient.connect({ port });
  const clients = new Map<string, FrameClient>();
  const ids = new Map<string, number>();
  /** Those that are in the middle of something: they are not asked whether all has come. */
  const busy = new Set<string>();
  const monitors = new Set<string>();
  const lines: string[] = [];
  const startedAt = performance.now();
  await observer.must("FLUSHALL");
  for (let id = 0; id < LEAST_ID; ) {
    using passing = await FrameClient.connect(port);
    id = await idOf(passing);
  }
  try {
    for (const name of ["a", "b", "c", "d"]) {
      const client = await FrameClient.connect(port);
      clients.set(name, client);
      ids.set(name, await idOf(client));
      if (!resp3.includes(name)) continue;
      client.send(["HELLO", "3"]);
      await client.received(1);
      client.frames.length = 0;
    }
    for (const step of steps) {
      const [, name = "", kind, rest = ""] = /^(\w?)([:!~?.@]) ?(.*)$/s.exec(step)!;
      const client = clients.get(name)!;
      const listed = async () => String(await observer.must("CLIENT", "LIST", "ID", String(ids.get(name))));
      if (kind === ":" || kind === "!") {
        const texts = rest.replace(/\$([a-d])\b/g, (_, other: string) => String(ids.get(other)));
        client.send(...texts.split(" / ").map(argumentsOf));
      }
      if (kind === "!") busy.add(name);
      else if (kind === ":") {
        // What it has changed is done by then.
        const last = await settle(new Map([[name, client]]), busy);
        // Threads tell each other what their clients ask, so a line of another client may come later than a reply.
        for (const [each, monitor] of clients) {
          if (monitors.has(each) && each !== name && !busy.has(each) && last !== undefined)
            await monitor.receivedFrame((frame) => frame.includes(`"${last}"`));
        }
        if (/(?:^|\/ )MONITOR(?: |$)/.test(rest)) monitors.add(name);
        if (/(?:^|\/ )RESET(?: |$)/.test(rest)) monitors.delete(name);
        await settle(clients, busy);
      } else if (kind === "?") {
        await client.received(Number(rest));
        busy.delete(name);
      } else if (kind === "~") {
        for (let flags = ""; ![...rest].every((flag) => flags.includes(flag)); await Bun.sleep(1)) {
          flags = / flags=(\S*)/.exec(await listed())?.[1] ?? "";
        }
      } else if (kind === ".") {
        const connections = async () =>
          Number(infoField(await observer.must("INFO", "clients"), "connected_clients"));
        const before = await connections();
        client.close();
        clients.delete(name);
        // Its connection to the origin ends later than its own.
        if (rest === "!") await until(async () => (await connections()) < before);
        await until(async () => (await listed()) === "");
      } else lines.push(`${performance.now() - startedAt >= Number(rest)}`);
      lines.push(step);
      for (const [each, { frames }] of clients) {
        if (busy.has(each)) continue;
        for (const frame of frames.splice(0)) {
          if (!isOwnLine(frame)) lines.push(`${each} < ${withNames(frame, ids)}`);
        }
      }
    }
    return lines;
  } finally {
    await observer.ask("CLIENT", "UNPAUSE");
    for (const client of clients.values()) client.close();
  }
}

/**
 * Waits until everything that was on its way to clients that are not busy has come.
 * @returns the text by which the last of them was asked
 */
async function settle(
  clients: ReadonlyMap<string, FrameClient>,
  busy: ReadonlySet<string>,
): Promise<string | undefined> {
  let last: string | undefined;
  for (const [name, client] of clients) {
    if (busy.has(name)) continue;
    const token = `barrier-${name}-${Math.trunc(performance.now() * 1000)}`;
    const isBarrier = (frame: string) => frame.endsWith(`${token}\r\n`);
    client.send(["PING", token]);
    await client.receivedFrame(isBarrier);
    client.frames.splice(client.frames.findIndex(isBarrier), 1);
    last = token;
  }
  return last;
}

/** Ids by their clients' names. */
function withNames(frame: string, ids: ReadonlyMap<string, number>): string {
  let text = frame;
  for (const [name, id] of ids) text = text.replaceAll(`:${id}\r\n`, `:<${name}>\r\n`);
  // A line of MONITOR begins with the time and the client's address.
  return text.replace(/^\+[0-9]{10}\.[0-9]{6} \[(\d+) [0-9.:]+\]/, "+<time> [$1 <address>]");
}

/** A line of MONITOR about what the test itself asks. */
function isOwnLine(frame: string): boolean {
  return /^\+\d+\.\d+ \[.*"(?:barrier-[^"]*|INFO|FLUSHALL)"/.test(frame);
}
