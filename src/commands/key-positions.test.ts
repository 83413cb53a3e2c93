/** Keys behind words, where an option's argument is such a word: what Redis takes for keys must be among them. */
import { expect, test } from "bun:test";
import { startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { SeededRandom } from "../lib/random.ts";
import { COMMAND_FACTS, factsOf } from "./command-facts.ts";
import { keysOf } from "./facts.ts";

function keys(line: string): string[] {
  const words = line.split(" ");
  const request = { count: words.length, text: (index: number) => words[index]! };
  return factsOf(words[0]!).uses.flatMap((use) => keysOf(use, request).map((index) => words[index]!));
}

test.each([
  ["xread streams a b 0 0", ["a", "b"]],
  ["xread count 1 block 0 streams a streams 0 0", ["a", "streams"]],
  ["xreadgroup group g c streams a >", ["a"]],
  ["xreadgroup count 1 group streams c streams a >", ["a"]],
  ["xreadgroup group streams streams noack streams a b > >", ["a", "b"]],
  ["xread count streams", []],
  ["georadius k 0 0 1 km store a", ["k", "a"]],
  ["georadius k 0 0 1 km store a store b", ["k", "a", "b"]],
  ["georadiusbymember k m 1 km storedist a count 1 storedist b", ["k", "a", "b"]],
  ["migrate h 1 k 0 1", ["k"]],
  ["migrate h 1  0 1 copy keys a b", ["", "a", "b"]],
] as const)("%s", (line, expected) => {
  expect(keys(line)).toEqual([...expected]);
});

test("SORT names every key that may be its destination", () => {
  for (const line of [
    "sort k by store store a",
    "sort k store b store a",
    "sort k get store limit 0 1 store a",
  ]) {
    expect(keys(line)).toEqual(expect.arrayContaining(["k", "a"]));
  }
});

const redis = requireProgram("redis-server");
const SEED = Number(process.env["GLASSCACHE_KEYS_SEED"] ?? 20_261_130);
const TRIES = Number(process.env["GLASSCACHE_KEYS_TRIES"] ?? 40_000);

/** Words that mean something to some command, where others take any argument. */
const WORDS = (
  "store STORE storedist streams STREAMS keys KEYS get by limit count block group noack copy auth auth2 weights " +
  "aggregate sum left right nx xx ex 0 1 2 3 10 -1 01 1.0 a b c secret $ >"
).split(" ");

test.skipIf(!redis.available)(
  redis.title(`no key is missed that Redis finds in random requests (seed ${SEED})`),
  async () => {
    await using server = await startRedis();
    using client = await RespClient.connect({ port: server.port });
    const random = new SeededRandom(SEED);
    const commands = [...COMMAND_FACTS.values()].filter(
      // GETKEYS takes the first STREAMS for the keyword, where XREAD takes it for the argument of an option.
      ({ name, uses }) => uses.some(({ isEveryKey }) => !isEveryKey) && !/\||^xread/.test(name),
    );
    const missed: string[] = [];
    let found = 0;
    for (let tried = 0; tried < TRIES; tried += 500) {
      const lines = Array.from({ length: 500 }, () => {
        const { name, arity } = random.pick(commands);
        const length = Math.abs(arity) - 1 + (arity < 0 ? random.below(9) : 0);
        return [name, ...Array.from({ length }, () => random.pick(WORDS))];
      });
      const replies = await Promise.all(lines.map((line) => client.ask("COMMAND", "GETKEYS", ...line)));
      for (const [index, reply] of replies.entries()) {
        if (!Array.isArray(reply)) continue;
        found++;
        const line = lines[index]!.join(" ");
        const ours = keys(line);
        if (!reply.every((key) => ours.includes(String(key)))) missed.push(`${line}: ${reply}; ${ours}`);
      }
    }
    expect(missed).toEqual([]);
    expect(found).toBeGreaterThan(TRIES / 10);
  },
  60_000,
);
