import { describe, expect, test } from "bun:test";
import { array, assert, constantFrom, integer, nat, property, uniqueArray } from "fast-check";
import { requestOf } from "../../../test/support/request.ts";
import { COMMAND_FACTS } from "../../commands/command-facts.ts";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { hashSlotOf } from "../../lib/hash-slot.ts";
import type { KeyBytes } from "../../lib/key-bytes.ts";
import { decodeReply, type ReplyValue } from "../../protocol/reply-value.ts";
import type { Origin } from "../../upstream/origin.ts";
import type { OriginNode } from "../../upstream/origin-node.ts";
import { ROUTES } from "../routes.ts";
import { mayNeedSeveral, type Plan, planOf } from "./plan.ts";

/** A node, as far as plans are concerned. */
interface Numbered extends OriginNode {
  readonly number: number;
}

/** An origin whose nodes, with these numbers, have slots in turns. */
function originOf(numbers: readonly number[]): Origin & { nodes: OriginNode[] } {
  const nodes = numbers.map((number) => ({ number }) as Numbered);
  const origin = {
    nodes,
    nodeOf: ({ hashSlot }: KeyBytes) => nodes[hashSlot % nodes.length],
    numberOf: (node: Numbered) => node.number,
  };
  return origin as unknown as Origin & { nodes: OriginNode[] };
}

const THREE = originOf([1, 2, 3]);

function planned(words: readonly string[], origin: Origin = THREE, splitsWrites = false): Plan | undefined {
  const random = { next: () => 0 };
  const name = words[0]!.toLowerCase();
  const plan = planOf({ origin, random, splitsWrites }, name, requestOf(...words));
  if (plan !== undefined) expect(mayNeedSeveral(name)).toBe(true);
  return plan;
}

/** The parts as words, each with its node's number. */
function partsOf(plan: Plan | undefined): { number: number; words: string[] }[] | undefined {
  return plan?.parts.map(({ node, command }) => ({
    number: (node as Numbered).number,
    words: decodeReply(command, 0, command.length, { text: true }) as string[],
  }));
}

function joined(plan: Plan, replies: readonly string[]): ReplyValue {
  const bytes = plan.join(replies.map((reply) => utf8(reply)));
  return decodeReply(bytes, 0, bytes.length, { text: true });
}

function slotOf(key: string): number {
  const bytes = utf8(key);
  return hashSlotOf(bytes, 0, bytes.length);
}

const keys = array(constantFrom("a", "b", "c", "{a}1", "{a}2", "{b}1", "", "{}", "ä"), { minLength: 1 });

describe("keys of several slots", () => {
  test.each(["DEL", "EXISTS", "TOUCH", "UNLINK"])(
    "%s: each slot's node gets its keys, in their order",
    (name) => {
      assert(
        property(keys, (all) => {
          const plan = planned([name, ...all]);
          const slots = new Set(all.map(slotOf));
          if (slots.size === 1) {
            expect(plan).toBeUndefined();
            return;
          }
          const parts = partsOf(plan)!;
          expect(parts.length).toBe(slots.size);
          for (const { number, words } of parts) {
            const [command, ...own] = words;
            const slot = slotOf(own[0]!);
            expect(command).toBe(name);
            expect(number).toBe((slot % 3) + 1);
            expect(own).toEqual(all.filter((key) => slotOf(key) === slot));
          }
          const counts = parts.map((_, index) => `:${index}\r\n`);
          expect(joined(plan!, counts)).toBe((parts.length * (parts.length - 1)) / 2);
        }),
      );
    },
  );

  test.each(["MSET", "MSETNX"])("%s is split only if that is wanted, each key with its value", (name) => {
    assert(
      property(keys, (all) => {
        const words = [name, ...all.flatMap((key, index) => [key, `value ${index}`])];
        expect(planned(words)).toBeUndefined();
        const plan = planned(words, THREE, true);
        const slots = new Set(all.map(slotOf));
        expect(plan === undefined).toBe(slots.size === 1);
        if (plan === undefined) return;
        const pairs = partsOf(plan)!.flatMap(({ words: [, ...rest] }) =>
          rest.flatMap((key, index) => (index % 2 === 0 ? [[key, rest[index + 1]]] : [])),
        );
        const expected = [...slots].flatMap((slot) =>
          all.flatMap((key, index) => (slotOf(key) === slot ? [[key, `value ${index}`]] : [])),
        );
        expect(pairs).toEqual(expected as string[][]);
      }),
    );
  });

  test("MSETNX has set all keys only if every part has", () => {
    const plan = planned(["MSETNX", "a", "1", "b", "2"], THREE, true)!;
    expect(joined(plan, [":1\r\n", ":1\r\n"])).toBe(1);
    expect(joined(plan, [":1\r\n", ":0\r\n"])).toBe(0);
  });

  test.each([
    ["a key without a value", ["MSET", "a", "1", "b"]],
    ["no key", ["MSET"]],
    ["no key", ["DEL"]],
  ])("one node says what is wrong with %s", (_, words) => {
    expect(planned(words, THREE, true)).toBeUndefined();
  });
});

describe("requests about all keys", () => {
  test.each([
    [["DBSIZE"], [":1\r\n", ":20\r\n", ":300\r\n"], 321],
    [["FLUSHALL", "ASYNC"], ["+OK\r\n", "+OK\r\n", "+OK\r\n"], "OK"],
    [["FLUSHDB"], ["+OK\r\n", "+OK\r\n", "+OK\r\n"], "OK"],
    [
      ["KEYS", "*"],
      ["*1\r\n$1\r\na\r\n", "*0\r\n", "*1\r\n$1\r\nb\r\n"],
      ["a", "b"],
    ],
    [["RANDOMKEY"], ["_\r\n", "$1\r\na\r\n", "_\r\n"], "a"],
    [["RANDOMKEY"], ["_\r\n", "_\r\n", "_\r\n"], null],
    [["SCRIPT", "load", "return 1"], ["$1\r\na\r\n", "$1\r\na\r\n", "$1\r\na\r\n"], "a"],
    [
      ["SCRIPT", "EXISTS", "a", "b"],
      ["*2\r\n:1\r\n:1\r\n", "*2\r\n:1\r\n:0\r\n", "*2\r\n:1\r\n:1\r\n"],
      [1, 0],
    ],
    [["FUNCTION", "LOAD", "code"], ["$1\r\na\r\n", "$1\r\na\r\n", "$1\r\na\r\n"], "a"],
  ] as const)("%j goes to every node", (words, replies, expected) => {
    const plan = planned(words)!;
    expect(partsOf(plan)).toEqual([1, 2, 3].map((number) => ({ number, words: [...words] })));
    expect(joined(plan, replies)).toEqual(expected as ReplyValue);
  });

  test.each(["SCRIPT", "SCRIPT HELP", "FUNCTION LIST", "GET a", "PING"])("%s is no such request", (text) => {
    expect(planned(text.split(" "))).toBeUndefined();
  });

  /** Commands that see or change all keys, and go to one node nevertheless. */
  const ELSEWHERE = new Map([
    ["swapdb", "a cluster has one database, and refuses"],
    ["clusterscan", "its cursor names a slot, and it is of Valkey 9.1: any node answers or sends on"],
    ["trimslots", "it is about the node's own slots"],
  ]);

  test("every command whose route says so has a plan", () => {
    const names = ROUTES.filter(({ all }) => all === true).map(({ name }) => name);
    expect(names).toContain("dbsize");
    const without = names.filter((name) => planned([name, ...(name === "scan" ? ["0"] : [])]) === undefined);
    expect(without.toSorted()).toEqual([...ELSEWHERE.keys()].toSorted());
  });

  /** Subcommands about scripts that are the same at all nodes, or are about one node alone. */
  const OF_ONE_NODE = [
    ...["function|dump", "function|help", "function|list", "function|stats"],
    ...["script|debug", "script|help", "script|show"],
  ];

  test("every subcommand that changes scripts has a plan", () => {
    const names = [...COMMAND_FACTS.keys()].filter((name) => /^(?:function|script)\|/.test(name));
    const without = names.filter((name) => planned([...name.split("|"), "x"]) === undefined);
    expect(without.toSorted()).toEqual(OF_ONE_NODE.toSorted());
  });
});

describe("SCAN", () => {
  /** Answers a part of SCAN, as a node whose cursors count its pages. */
  function scanned(inner: string, pages: readonly string[]): string {
    const page = Number(inner);
    const next = page + 1 < pages.length ? page + 1 : 0;
    const found = pages[page] === undefined ? "*0\r\n" : `*1\r\n$${pages[page].length}\r\n${pages[page]}\r\n`;
    return `*2\r\n$${String(next).length}\r\n${next}\r\n${found}`;
  }

  const nodeNumbers = uniqueArray(integer({ min: 1, max: 1023 }), { minLength: 1, maxLength: 8 });

  test("walks over the pages of every node once, though other nodes vanish and appear meanwhile", () => {
    assert(
      property(nodeNumbers, nodeNumbers, array(nat(5)), nat(20), (staying, others, counts, changesAt) => {
        const passing = others.filter((number) => !staying.includes(number));
        const pagesOf = (number: number): string[] =>
          Array.from({ length: counts[number % counts.length] ?? 1 }, (_, page) => `${number}:${page}`);
        let origin = originOf([...staying, ...passing]);
        const found: string[] = [];
        let cursor = "0";
        let steps = 0;
        do {
          if (steps++ === changesAt) origin = originOf(staying);
          const plan = planned(["SCAN", cursor, "MATCH", "*", "COUNT", "1"], origin)!;
          const parts = partsOf(plan)!;
          expect(parts.length).toBeLessThanOrEqual(1);
          const replies = parts.map(({ number, words: [name, inner, ...rest] }) => {
            expect([name!, ...rest]).toEqual(["SCAN", "MATCH", "*", "COUNT", "1"]);
            return scanned(inner!, pagesOf(number));
          });
          const [next, keys] = joined(plan, replies) as [string, string[]];
          found.push(...keys);
          cursor = next;
        } while (cursor !== "0" && steps < 10_000);
        expect(cursor).toBe("0");
        const ofStaying = found.filter((key) => staying.includes(Number(key.split(":")[0])));
        expect(ofStaying.toSorted()).toEqual(staying.flatMap(pagesOf).toSorted());
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });

  test("ends if the last node has vanished", () => {
    const plan = planned(["SCAN", String((5n << 10n) | 3n)], originOf([1, 2]))!;
    expect(plan.parts).toEqual([]);
    expect(joined(plan, [])).toEqual(["0", []]);
  });

  test("a wrong cursor is shown to the nodes, and so is a missing one", () => {
    expect(partsOf(planned(["SCAN", "abc"]))?.[0]).toEqual({ number: 1, words: ["SCAN", "abc"] });
    expect(planned(["SCAN"])).toBeUndefined();
  });

  test("an error is left as it is", () => {
    const plan = planned(["SCAN", "0", "COUNT", "x"])!;
    const reply = utf8("-ERR value is not an integer or out of range\r\n");
    const bytes = plan.join([reply]);
    expect(latin1(bytes, 0, bytes.length)).toBe("-ERR value is not an integer or out of range\r\n");
  });
});
