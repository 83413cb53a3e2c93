/**
 * Random commands on keys of several slots: pipelined through the proxy in front of a cluster, and one after the other
 * at the cluster. Every reply must be the same. `GLASSCACHE_DIFFERENTIAL_RUNS` sets the number of runs,
 * `GLASSCACHE_DIFFERENTIAL_SEED` the seed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { COMMAND_FACTS } from "../../src/commands/command-facts.ts";
import { fromLatin1, latin1 } from "../../src/lib/bytes.ts";
import { startGlasscache } from "../support/origins.ts";
import { RawClient } from "../support/raw-client.ts";
import { RedirectedClient } from "../support/redirected-client.ts";
import { requireClusterServer } from "../support/redis-cluster.ts";
import { requireProgram } from "../support/requirements.ts";
import { FIXTURE, FORMS, SPLIT } from "./command-forms.ts";
import { ComparedCluster, keysIn, TAG, TAGS, type Words } from "./compared-cluster.ts";
import { elementsOf, shown, told } from "./compared-replies.ts";

const server = requireClusterServer();
const cli = requireProgram("redis-cli");
const RUNS = Number(process.env["GLASSCACHE_DIFFERENTIAL_RUNS"] ?? 50);
const SEED = Number(process.env["GLASSCACHE_DIFFERENTIAL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Groups whose commands are about keys. */
const GROUPS = [
  ...["string", "generic", "hash", "list", "set", "sorted-set", "stream", "bitmap", "geo", "hyperloglog"],
  "scripting",
];
/** Chance or time decides about their replies, or about what they leave. */
const UNSURE = [
  ...["spop", "srandmember", "hrandfield", "zrandmember", "object|idletime", "migrate"],
  ...["ttl", "pttl", "expiretime", "pexpiretime", "xinfo|consumers", "memory|usage"],
];

/** A line of `FORMS`. */
interface Form {
  readonly name: string;
  readonly line: string;
}

const LINES: readonly Form[] = Object.entries(FORMS).flatMap(([name, lines]) => {
  const { group, flags } = COMMAND_FACTS.get(name)!;
  const isAboutKeys = GROUPS.includes(group) && !/^(script|function)\b/.test(name);
  if (!isAboutKeys || UNSURE.includes(name) || flags.includes("blocking")) return [];
  return lines.map((line) => ({ name, line }));
});

/** Keys that exist at first, and some that do not, without their tags. */
const KEYS = [...new Set(FIXTURE.flatMap((line) => line.split(" ").filter((word) => /^\$./.test(word))))]
  .map((word) => word.slice(1))
  .concat("new", "none");

/** A request whose keys may have another type or tag than its form says. */
interface RandomRequest {
  readonly form: Form;
  /** Numbers that say what becomes of each key. */
  readonly rolls: readonly number[];
}

/** Requests of one client. Those of a transaction are mostly of one slot. */
interface RandomPart {
  readonly isTransaction: boolean;
  readonly tag: string;
  readonly requests: readonly RandomRequest[];
}

const request: fc.Arbitrary<RandomRequest> = fc.record({
  form: fc.constantFrom(...LINES),
  rolls: fc.array(fc.nat(99), { minLength: 4, maxLength: 4 }),
});

const parts: fc.Arbitrary<RandomPart[]> = fc.array(
  fc.record({
    isTransaction: fc.nat(4).map((roll) => roll === 0),
    tag: fc.constantFrom(...TAGS),
    requests: fc.array(request, { minLength: 1, maxLength: 12, size: "max" }),
  }),
  { minLength: 1, maxLength: 8, size: "max" },
);

const PROXIES = [
  ["one thread", undefined],
  ["two threads", (origin: string) => startGlasscache(["proxy", "--origin", origin, "--threads", "2"])],
] as const;

let compared: ComparedCluster;

interface Sent {
  readonly name: string;
  readonly words: Words;
}

function sentOf({ form: { name, line }, rolls }: RandomRequest, tag: string, mayMix: boolean): Sent {
  const words = compared.wordsOf(line, tag);
  for (const [at, index] of keysIn(words).entries()) {
    const roll = rolls[at % rolls.length]!;
    const key = roll < 10 ? KEYS[(roll * 7 + at) % KEYS.length]! : words[index]!.slice(tag.length);
    // Most requests have keys of one slot.
    const other = mayMix && roll >= 90 ? TAGS[roll % TAGS.length]! : tag;
    words[index] = other + key;
  }
  return { name, words };
}

/** All requests of a run, those of a transaction between MULTI and EXEC. */
function sequenceOf(run: readonly RandomPart[]): Sent[] {
  return run.flatMap(({ isTransaction, tag, requests }) => {
    const sent = requests.map((one) => sentOf(one, tag, !isTransaction));
    if (!isTransaction) return sent;
    // A request without keys goes along with the others.
    const first = { name: "exists", words: ["EXISTS", `${tag}string`] };
    return [first, { name: "multi", words: ["MULTI"] }, first, ...sent, { name: "exec", words: ["EXEC"] }];
  });
}

/** Replies at the cluster, one request after the other. What the proxy splits by keys is split here. */
async function directReplies(version: 2 | 3, sequence: readonly Sent[]): Promise<string[]> {
  using client = await RedirectedClient.connect(compared.cluster.nodes[0]!.port, version);
  const replies: string[] = [];
  let isQueued = false;
  for (const { name, words } of sequence) {
    const keys = words.slice(1);
    const isSplit =
      !isQueued && SPLIT.includes(name) && new Set(keys.map((key) => key.slice(0, TAG.length))).size > 1;
    if (!isSplit) replies.push(await client.ask(...words));
    else {
      const each: string[] = [];
      for (const key of keys) each.push(await client.ask(words[0]!, key));
      replies.push(joined(name, each));
    }
    isQueued = name === "multi" || (isQueued && name !== "exec");
  }
  return replies;
}

/** One reply of those about each key. */
function joined(name: string, replies: readonly string[]): string {
  if (name !== "mget") return `:${replies.reduce((sum, reply) => sum + Number(reply.slice(1)), 0)}\r\n`;
  return `*${replies.length}\r\n${replies.flatMap(elementsOf).join("")}`;
}

/** Replies through the proxy, all requests at once. */
async function proxiedReplies(version: 2 | 3, sequence: readonly Sent[]): Promise<string[]> {
  const client = await RawClient.connect(compared.proxy.port);
  if (version === 3) await client.ask("HELLO", "3");
  const replies = await Promise.all(sequence.map(({ words }) => client.ask(...words.map(fromLatin1))));
  client.close();
  return replies.map((reply) => latin1(reply));
}

/** Replies with what they answer. */
function readable(sequence: readonly Sent[], replies: readonly string[]): string[] {
  let queued: string[] = [];
  return sequence.map(({ name, words }, index) => {
    const reply = replies[index]!;
    if (name === "multi") queued = [];
    else if (reply === "+QUEUED\r\n") queued.push(name);
    const isExecuted = name === "exec" && reply.startsWith("*");
    const text = isExecuted
      ? elementsOf(reply)
          .map((element, at) => shown(queued[at]!, element))
          .join(" ")
      : shown(name, reply);
    return `${told(words)} => ${text}`;
  });
}

describe.skipIf(!server.available).each(PROXIES)(server.title("a proxy of %s over a cluster"), (_, start) => {
  beforeAll(async () => {
    compared = await ComparedCluster.start(start);
  });
  afterAll(() => compared?.[Symbol.asyncDispose]());

  test.each([2, 3] as const)(
    `random commands have the same replies as at the cluster, in RESP%i (${RUNS} runs, seed ${SEED})`,
    async (version) => {
      let errors = 0;
      let count = 0;
      await fc.assert(
        fc.asyncProperty(parts, async (run) => {
          const sequence = sequenceOf(run);
          await compared.prepare(true);
          const direct = await directReplies(version, sequence);
          await compared.prepare(true);
          const proxied = await proxiedReplies(version, sequence);
          expect(readable(sequence, proxied)).toEqual(readable(sequence, direct));
          errors += direct.filter((reply) => reply.startsWith("-")).length;
          count += direct.length;
        }),
        { numRuns: RUNS, seed: SEED },
      );
      console.info(`${count} requests, ${errors} of them answered with errors`);
    },
    Number.POSITIVE_INFINITY,
  );

  test.skipIf(!cli.available)(
    cli.title("redis-cli prints the same for the proxy as with -c for the cluster"),
    async () => {
      const lines = [
        ...[
          "SET {a}k 1",
          "SET {b}k 2",
          "SET {c}k 3",
          "INCR {a}k",
          "GET {b}k",
          "GET {none}k",
          "LPUSH {a}l x y",
        ],
        ...[
          "LRANGE {a}l 0 -1",
          "LPUSH {b}k x",
          "HSET {c}h f v",
          "HGETALL {c}h",
          "MSET {a}k 1 {b}k 2",
          "NOSUCH x",
        ],
        ...[
          "MSET {a}k 5 {a}m 6",
          "SUNION {a}s {b}s",
          "ZADD {b}z 1.5 m",
          "ZRANGE {b}z 0 -1 WITHSCORES",
          "GET",
        ],
        ...[
          "EVAL 'return redis.call(\"get\", KEYS[1])' 1 {a}k",
          "BLPOP {a}l 1",
          "XADD {c}x 1-1 f v",
          "SELECT 1",
        ],
        ...["XRANGE {c}x - +", "TYPE {b}z", "OBJECT ENCODING {c}h", "RENAME {a}k {c}n", "RENAME {a}k {a}n"],
        // The client is at the node of the keys.
        ...[
          "GET {a}n",
          "MULTI",
          "INCR {a}n",
          "GET {a}n",
          "EXEC",
          "WATCH {a}n",
          "MULTI",
          "INCR {a}n",
          "DISCARD",
        ],
      ];
      const printed = async (...options: string[]): Promise<string> => {
        const child = Bun.spawn([cli.path, "--no-raw", ...options], {
          stdin: Buffer.from(`${lines.join("\n")}\n`),
          stdout: "pipe",
          stderr: "pipe",
        });
        const output = await new Response(child.stdout).text();
        expect(await new Response(child.stderr).text()).toBe("");
        expect(await child.exited).toBe(0);
        // With -c it tells where it goes.
        return output.replace(/^-> Redirected to .*\n/gm, "");
      };
      for (const version of ["-2", "-3"]) {
        await compared.prepare(false);
        const direct = await printed(version, "-c", "-p", String(compared.cluster.nodes[0]!.port));
        await compared.prepare(false);
        expect(await printed(version, "-p", String(compared.proxy.port))).toBe(direct);
        expect(direct).toContain("CROSSSLOT");
      }
    },
  );
});
