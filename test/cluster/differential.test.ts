/**
 * Every command of the table through the proxy in front of a cluster, and at the cluster by a client that follows
 * redirections as `redis-cli -c` does.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { COMMAND_FACTS } from "../../src/commands/command-facts.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { FrameClient } from "../support/frame-client.ts";
import { RedirectedClient } from "../support/redirected-client.ts";
import { requireClusterServer } from "../support/redis-cluster.ts";
import {
  AT_ALL_NODES,
  BY_DESIGN,
  FORMS,
  NOT_QUEUED,
  OWN_FORMS,
  REFUSED,
  SPLIT,
  STANDALONE,
} from "./command-forms.ts";
import { ComparedCluster, FAR, keysIn, NEIGHBOR, repliesOf, TAG, type Words } from "./compared-cluster.ts";
import { difference, differencesOf, elementsOf, headOf, textsIn, told } from "./compared-replies.ts";

const server = requireClusterServer();
const VERSIONS = [2, 3] as const;

let compared: ComparedCluster;
beforeAll(async () => {
  if (server.available) compared = await ComparedCluster.start();
});
afterAll(() => compared?.[Symbol.asyncDispose]());

/** The same request with another word at one place. */
function withWord(words: Words, index: number, change: (word: string) => string): string[] {
  return words.map((word, at) => (at === index ? change(word) : word));
}

// ---- what is sent

/** A request and whether its reply should be an error; undefined: either. */
interface Step {
  readonly words: Words;
  readonly fails?: boolean;
}

/** Requests that try a command: well formed, with wrong, missing and too many arguments, and with keys of several slots. */
function stepsOf(name: string): Step[] {
  const steps: Step[] = FORMS[name]!.map((line) => ({
    words: compared.wordsOf(line),
    fails: line.startsWith("!"),
  }));
  const isOfTransactions = COMMAND_FACTS.get(name)!.group === "transactions";
  const variants = FORMS[name]!.filter(
    (line) => !isOfTransactions || compared.wordsOf(line)[0]!.toLowerCase() === name,
  ).flatMap((line, index) => variantsOf(name, compared.wordsOf(line), index === 0));
  // A transaction that was left open would swallow the next request.
  const between = isOfTransactions ? [{ words: ["DISCARD"] }, { words: ["UNWATCH"] }] : [];
  return [
    // The other client is at the keys' node from now on.
    { words: ["EXISTS", `${TAG}string`] },
    ...steps,
    ...variants.flatMap((words) => [...between, { words }]),
  ];
}

function variantsOf(name: string, words: Words, isFirst: boolean): string[][] {
  const variants: string[][] = [];
  const keys = keysIn(words);
  for (const index of keys) {
    const isList = words[index]!.startsWith(`${TAG}list`);
    variants.push(withWord(words, index, () => `${TAG}${isList ? "string" : "list"}`));
    variants.push(withWord(words, index, () => `${TAG}none`));
  }

  for (const tag of SPLIT.includes(name) ? [] : [NEIGHBOR, FAR]) {
    if (keys.length > 1) variants.push(withWord(words, keys.at(-1)!, (key) => key.replace(TAG, tag)));
    if (keys.length > 2) variants.push(withWord(words, keys[1]!, (key) => key.replace(TAG, tag)));
  }
  if (isFirst) {
    for (let count = name.split("|").length; count < words.length; count++) {
      variants.push(words.slice(0, count));
    }
    // One more key would be of another slot.
    if (!SPLIT.includes(name)) variants.push([...words, "extra"]);
  }
  return variants;
}
/** Those of `forms` that the nodes have and that are of a group of the table. */
function namesOf(forms: Readonly<Record<string, unknown>>, group: string): string[] {
  return Object.keys(forms).filter(
    (name) => compared.known.has(name) && COMMAND_FACTS.get(name)!.group === group,
  );
}

function groupsOf(forms: Readonly<Record<string, unknown>>): string[] {
  return [...new Set(Object.keys(forms).map((name) => COMMAND_FACTS.get(name)!.group))];
}

const SCRIPTS = "scripting";
const CROSS_SLOT = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
const ABORTED = "-EXECABORT Transaction discarded because of previous errors.\r\n";

test("every command has forms or a reason why it has none, and no other one has", () => {
  const lists = [FORMS, OWN_FORMS, BY_DESIGN];
  const counts = [...COMMAND_FACTS.keys()].map((name) => [name, lists.filter((list) => name in list).length]);
  if (server.available) {
    expect(counts.filter(([name, count]) => compared.known.has(name as string) && count !== 1)).toEqual([]);
  }
  expect(lists.flatMap((list) => Object.keys(list)).filter((name) => !COMMAND_FACTS.has(name))).toEqual([]);
});

describe.skipIf(!server.available).each(VERSIONS)(
  server.title("commands over a cluster, in RESP%i"),
  (version) => {
    test.each(groupsOf(FORMS))("the same replies as at the cluster: %s", async (group) => {
      const differences: string[] = [];
      for (const name of namesOf(FORMS, group)) {
        const steps = stepsOf(name);
        const requests = steps.map(({ words }) => words);
        const { direct, proxied } = await compared.bothReplies(version, requests, group === SCRIPTS);
        for (const [index, { words, fails }] of steps.entries()) {
          const isError = direct[index]!.startsWith("-");
          if (fails !== undefined && fails !== isError) {
            differences.push(`${told(words)}: the cluster says ${JSON.stringify(direct[index])}`);
          }
        }
        differences.push(...differencesOf(name, requests, direct, proxied));
      }
      expect(differences).toEqual([]);
    });

    test.each(groupsOf(OWN_FORMS))("replies of the same form, about the proxy: %s", async (group) => {
      const differences: string[] = [];
      for (const name of namesOf(OWN_FORMS, group)) {
        const steps = OWN_FORMS[name]!.map((line) => ({
          words: compared.wordsOf(line),
          fails: line.startsWith("!"),
        }));
        const requests = steps.map(({ words }) => words);
        const direct = await repliesOf(compared.cluster.nodes[0]!.port, version, requests);
        const proxied = await repliesOf(compared.proxy.port, version, requests);
        for (const [index, { words, fails }] of steps.entries()) {
          const [expected, received] = [direct[index]!, proxied[index]!];
          const isAsTold = expected.startsWith("-") === fails;
          if (!isAsTold || expected[0] !== received[0])
            differences.push(difference(words, expected, received));
        }
      }
      expect(differences).toEqual([]);
    });

    test.each(groupsOf(FORMS).filter((group) => group !== "transactions"))(
      "the same in a transaction: %s",
      async (group) => {
        const differences: string[] = [];
        for (const name of namesOf(FORMS, group)) {
          if (name in NOT_QUEUED) continue;
          const queued = [
            ["EXISTS", `${TAG}string`],
            ...stepsOf(name)
              .filter(({ fails }) => fails === false)
              .map(({ words }) => words),
          ];
          const requests = [["EXISTS", `${TAG}string`], ["MULTI"], ...queued, ["EXEC"]];
          const { direct, proxied } = await compared.bothReplies(version, requests, group === SCRIPTS);
          const [expected, received] = [direct.pop()!, proxied.pop()!];
          differences.push(...differencesOf("exec", requests.slice(0, -1), direct, proxied));
          if (!expected.startsWith("*")) differences.push(`${name}: EXEC: ${expected} at the cluster`);
          else if (headOf(expected) !== headOf(received)) {
            differences.push(difference([name, "EXEC"], expected, received));
          } else {
            differences.push(...differencesOf(name, queued, elementsOf(expected), elementsOf(received)));
          }
        }
        expect(differences).toEqual([]);
      },
    );

    test.each(groupsOf(FORMS).filter((group) => group !== "transactions"))(
      "a transaction with a wrong request: %s",
      async (group) => {
        const differences: string[] = [];
        for (const name of namesOf(FORMS, group)) {
          if (name in NOT_QUEUED) continue;
          const wrong = stepsOf(name).filter(({ fails }) => fails === undefined);
          const requests = wrong.flatMap(({ words }) => [
            ...[["EXISTS", `${TAG}string`], ["MULTI"], ["GET", `${TAG}string`], words, ["EXEC"]],
          ]);
          const { direct, proxied } = await compared.bothReplies(version, requests, group === SCRIPTS);
          for (const [index, words] of requests.entries()) {
            const [expected, received] = [direct[index]!, proxied[index]!];
            // What EXEC executes is compared by the test above.
            const isSame = words[0] === "EXEC" ? expected[0] === received[0] : expected === received;
            if (!isSame)
              differences.push(difference([...requests[index - 1]!, ";", ...words], expected, received));
          }
        }
        expect(differences).toEqual([]);
      },
    );

    test("what all nodes execute is not queued in a transaction", async () => {
      await compared.prepare(true);
      using client = await RedirectedClient.connect(compared.proxy.port, version);
      const names = Object.keys(NOT_QUEUED).filter((name) => NOT_QUEUED[name] === AT_ALL_NODES);
      const lines = [...names.flatMap((name) => FORMS[name]!), "DBSIZE", "FLUSHALL", "FLUSHDB", "KEYS *"];
      for (const line of [...lines, "RANDOMKEY", "SCAN 0"]) {
        expect(await client.ask("MULTI")).toBe("+OK\r\n");
        expect(await client.ask("GET", `${TAG}string`)).toBe("+QUEUED\r\n");
        expect(await client.ask(...compared.wordsOf(line))).toMatch(
          /^-ERR .* is executed at every node of the cluster/,
        );
        expect(await client.ask("EXEC")).toBe(ABORTED);
      }
    });

    test("keys of several slots, where each node executes its part", async () => {
      const keys = [TAG, NEIGHBOR, FAR].flatMap((tag) =>
        ["string", "number", "list", "none"].map((key) => tag + key),
      );
      for (const name of SPLIT) {
        await compared.prepare(false);
        const each: string[] = [];
        {
          using client = await RedirectedClient.connect(compared.cluster.nodes[0]!.port, version);
          for (const key of [...keys, keys[0]!]) each.push(await client.ask(name, key));
        }
        await compared.prepare(false);
        using client = await RedirectedClient.connect(compared.proxy.port, version);
        const whole = await client.ask(name, ...keys, keys[0]!);
        const total = (replies: string[]): string =>
          `:${replies.reduce((sum, reply) => sum + Number(reply.slice(1)), 0)}\r\n`;
        expect(whole).toBe(
          name === "mget" ? `*${each.length}\r\n${each.map((one) => one.slice(4)).join("")}` : total(each),
        );
      }
    });

    test("requests about the keys of all nodes", async () => {
      await compared.prepare(false);
      using client = await RedirectedClient.connect(compared.proxy.port, version);
      const replies = await Promise.all(
        compared.nodes.map(async (node) => textsIn(latin1(await node.ask("KEYS", "*")))),
      );
      const all = replies.flat().toSorted();
      expect(all.length).toBeGreaterThan(30);
      expect(textsIn(await client.ask("KEYS", "*")).toSorted()).toEqual(all);
      expect(textsIn(await client.ask("KEYS", "*string")).toSorted()).toEqual(
        all.filter((key) => key.endsWith("string")),
      );
      expect(await client.ask("DBSIZE")).toBe(`:${all.length}\r\n`);
      const drawn = new Set<string>();
      for (let count = 0; count < 200; count++) drawn.add(textsIn(await client.ask("RANDOMKEY"))[0]!);
      expect(all).toEqual(expect.arrayContaining([...drawn]));
      expect(new Set([...drawn].map((key) => key.slice(0, 3)))).toEqual(new Set([TAG, NEIGHBOR, FAR]));
      const seen: string[] = [];
      let cursor = "0";
      do {
        const [next, ...keys] = textsIn(await client.ask("SCAN", cursor, "COUNT", "3", "TYPE", "string"));
        seen.push(...keys);
        cursor = next!;
      } while (cursor !== "0");
      const strings = ["string", "string2", "number", "hll", "hll2"];
      expect([...new Set(seen)].toSorted()).toEqual(all.filter((key) => strings.includes(key.slice(3))));
      // Wrong arguments are told as a node tells them.
      const wrong = [
        "KEYS",
        "DBSIZE extra",
        "RANDOMKEY extra",
        "SCAN",
        "SCAN x",
        "SCAN 0 COUNT 0",
        "SCAN 0 NOSUCH",
        "FLUSHALL NOSUCH",
        "FLUSHDB NOSUCH",
      ];
      for (const line of wrong) {
        const words = line.split(" ");
        expect(`${line} ${await client.ask(...words)}`).toBe(
          `${line} ${latin1(await compared.nodes[0]!.ask(...words))}`,
        );
      }
      for (const words of [["FLUSHDB", "ASYNC"], ["FLUSHALL"], ["FLUSHALL", "SYNC"]]) {
        await compared.prepare(false);
        expect(await client.ask(...words)).toBe("+OK\r\n");
        for (const node of compared.nodes) expect(latin1(await node.ask("DBSIZE"))).toBe(":0\r\n");
      }
      expect(await client.ask("RANDOMKEY")).toBe(version === 3 ? "_\r\n" : "$-1\r\n");
    });

    test("a transaction is for the slot of its keys", async () => {
      await compared.prepare(false);
      using client = await RedirectedClient.connect(compared.proxy.port, version);
      expect(await client.ask("MULTI")).toBe("+OK\r\n");
      expect(await client.ask("INCR", `${TAG}number`)).toBe("+QUEUED\r\n");
      expect(await client.ask("INCR", `${FAR}number`)).toBe(CROSS_SLOT);
      expect(await client.ask("EXEC")).toBe(ABORTED);
      // The node sees only at EXEC that its own slots are several.
      const neighbors = [["MULTI"], ["INCR", `${TAG}number`], ["INCR", `${NEIGHBOR}number`], ["EXEC"]];
      const requests = [["EXISTS", `${TAG}string`], ...neighbors];
      const { direct, proxied } = await compared.bothReplies(version, requests, false);
      expect(proxied).toEqual(direct);
      expect(direct.at(-1)).toBe(CROSS_SLOT);
    });

    test("refused: what acts on a server, or belongs to one connection to it", async () => {
      using client = await RedirectedClient.connect(compared.proxy.port, version);
      const names = Object.keys(BY_DESIGN).filter(
        (name) => BY_DESIGN[name] === REFUSED && compared.known.has(name),
      );
      expect(names.length).toBeGreaterThan(15);
      const given: Record<string, string[]> = { "client|tracking": ["ON"] };
      for (const name of names) {
        const { arity } = COMMAND_FACTS.get(name)!;
        const words = [...name.split("|"), ...(given[name] ?? [])];
        while (words.length < Math.abs(arity)) words.push("1");
        expect(`${name}: ${await client.ask(...words)}`).toMatch(
          /: -ERR .*(this proxy does not pass it on|ask the origin|needs a single server)/,
        );
      }
    });

    test("as a Redis that is no cluster", async () => {
      using client = await RedirectedClient.connect(compared.proxy.port, version);
      const names = Object.keys(BY_DESIGN).filter(
        (name) => BY_DESIGN[name] === STANDALONE && compared.known.has(name),
      );
      expect(names.length).toBeGreaterThan(10);
      for (const name of names) {
        const words = name.split("|");
        while (words.length < Math.abs(COMMAND_FACTS.get(name)!.arity)) words.push("1");
        const reply = await client.ask(...words);
        expect(`${name}: ${reply}`).toBe(`${name}: -ERR This instance has cluster support disabled\r\n`);
      }
    });

    test("messages", async () => {
      type Conversation = readonly [words: string[], frames: number][];
      const channels: Conversation = [
        [["SUBSCRIBE", "one", "two"], 2],
        [["PSUBSCRIBE", "t*"], 1],
        [["PING"], 1],
        [["SUBSCRIBE"], 1],
        [["UNSUBSCRIBE", "one"], 1],
        [["PUNSUBSCRIBE"], 1],
        [["UNSUBSCRIBE"], 1],
        [["UNSUBSCRIBE"], 1],
        [["PING"], 1],
      ];
      const shards: Conversation = [
        [["SSUBSCRIBE", `${TAG}shard`, `${TAG}other`], 2],
        [["SSUBSCRIBE"], 1],
        [["PING", "hello"], 1],
        [["SUNSUBSCRIBE", `${TAG}other`], 1],
        [["SUNSUBSCRIBE"], 1],
        [["GET", `${TAG}string`], 1],
      ];
      const framesOf = async (port: number, conversation: Conversation): Promise<string[]> => {
        using client = await FrameClient.connect(port);
        let count = version - 2;
        if (version === 3) client.send(["HELLO", "3"]);
        await client.received(count);
        for (const [words, frames] of conversation) {
          client.send(words);
          count += frames;
          await client.received(count);
        }
        return client.frames.slice(version - 2);
      };
      await compared.prepare(false);
      for (const conversation of [channels, shards]) {
        const direct = await framesOf(compared.ownerOf(TAG).port, conversation);
        expect(await framesOf(compared.proxy.port, conversation)).toEqual(direct);
      }
    });
  },
);
