import { expect, test } from "bun:test";
import { REDIS_VERSION } from "../commands/redis-version.ts";
import type { Greeting } from "../upstream/server-version.ts";
import { OriginFacts } from "./origin-facts.ts";

const VALKEY: Greeting = { server: "valkey", version: "8.0.1", mode: "cluster", role: "replica" };
/** Long enough never to be reached. */
const LONG_MS = 60_000;

function told({ server, version, mode, role }: OriginFacts): Greeting {
  return { server, version, mode, role };
}

test("until the origin has said what it is, and where it does not, it counts as a usual Redis", () => {
  const facts = new OriginFacts();
  const usual = { server: "redis", version: REDIS_VERSION, mode: "standalone", role: "master" };
  expect([facts.isKnown, told(facts)]).toEqual([false, usual]);
  facts.learn({ server: "", version: "", mode: "", role: "" });
  expect([facts.isKnown, told(facts)]).toEqual([true, usual]);
  facts.learn(VALKEY);
  expect([facts.isKnown, told(facts)]).toEqual([true, VALKEY]);
});

test("all that wait are called once it is known, once; those that come later at once", () => {
  const facts = new OriginFacts();
  const calls: string[] = [];
  facts.whenKnown(LONG_MS, () => calls.push("first"));
  facts.whenKnown(LONG_MS, () => calls.push("second"));
  expect(calls).toEqual([]);
  facts.learn(VALKEY);
  facts.whenKnown(LONG_MS, () => calls.push("third"));
  facts.learn(VALKEY);
  expect(calls).toEqual(["first", "second", "third"]);
});

test("nobody waits longer than it wants to, and then is not called again", async () => {
  const [facts, known] = [new OriginFacts(), new OriginFacts()];
  let calls = 0;
  let earlier = 0;
  known.whenKnown(1, () => earlier++);
  known.learn(VALKEY);
  // Timers of the same length end in their order.
  await new Promise<void>((resolve) => {
    facts.whenKnown(1, () => {
      calls++;
      resolve();
    });
  });
  facts.learn(VALKEY);
  expect([calls, earlier]).toEqual([1, 1]);
});
