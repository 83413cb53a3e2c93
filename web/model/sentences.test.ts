import { expect, test } from "bun:test";
import { CUT_WIRE, endedRun } from "../lessons/cut-wire/run.ts";
import { RULES, race } from "../lessons/write-race/run.ts";
import { WRITES, writeRulesRun } from "../lessons/write-rules/run.ts";
import { readBy, writeBy } from "./asking.ts";
import { ModelOrigin } from "./origin.ts";
import { ModelProxy } from "./proxy.ts";
import { happeningText, moveText, textsOf } from "./sentences.ts";
import { World } from "./world.ts";
import { WriteBackCache } from "./write-back.ts";

/** What needs no sentence: the next happenings tell what it means. */
const UNTOLD = ["executed", "sent", "arrived"];

test("all that happens in the lessons has a sentence", () => {
  const worlds = [
    ...(["cut", "wire", "network", "busy"] as const).map(
      (failure) => endedRun({ ...CUT_WIRE, failure, lastsMs: 60_000 }).world,
    ),
    endedRun({ ...CUT_WIRE, failure: "network" }).world,
    writeRulesRun({ ...WRITES, rule: "back" }).world,
    refusals(),
  ];
  worlds[5]!.runUntil(10_000);
  const kinds = new Set<string>();
  for (const { happenings } of worlds) {
    const textOf = textsOf(happenings);
    for (const one of happenings) {
      kinds.add(one.what);
      const text = happeningText(one, textOf);
      if (UNTOLD.includes(one.what)) expect(text).toBe("");
      else expect(text).toMatch(/^[A-Z].*\.$/);
      expect(text).not.toMatch(/undefined|NaN|object/);
    }
  }
  expect([...kinds].toSorted()).toEqual([
    ...["acknowledged", "answered", "answers", "arrived", "asked", "began", "changed", "connected", "cut"],
    ...[
      "disconnected",
      "executed",
      "expired",
      "invalidated",
      "invalidated-all",
      "joined",
      "mended",
      "proven",
    ],
    ...["pushed", "read-failed", "refused", "sent", "silent", "stopped", "stored", "swallowed", "wire-lost"],
    ...["write-failed", "wrote"],
  ]);
});

/** Fills that are not stored, each for another reason, and a write whose outcome nobody knows. */
function refusals(): World {
  const world = new World(1);
  const origin = new ModelOrigin(world);
  const proxy = new ModelProxy(world, origin);
  world.runUntil(100);
  for (const ttlMs of [15, 1000]) {
    origin.set("tea", "3", ttlMs);
    readBy(world, "Ana", proxy, "tea", () => {});
    readBy(world, "Cleo", proxy, "tea", () => {});
    if (ttlMs === 1000) writeBy(world, "Ben", proxy, ["tea", "4"], () => {});
    world.runUntil(world.nowMs + 300);
  }
  readBy(world, "Ana", proxy, "coffee", () => {});
  world.runUntil(world.nowMs + 300);
  writeBy(world, "Ben", proxy, ["tea", "5"], () => {});
  proxy.channel.wire.cut();
  world.runUntil(world.nowMs + 300);
  return world;
}

test("all moves have a text", () => {
  const told = new Set<string>();
  const scenes = [
    race(RULES).world,
    writeRulesRun({ ...WRITES, rule: "through" }).world,
    endedRun(CUT_WIRE).world,
  ];
  for (const world of scenes) {
    for (let step = 0; step < 400; step++) {
      const textOf = textsOf(world.happenings);
      const moves = world.moves();
      if (moves.length === 0) break;
      for (const { about } of moves) {
        const text = moveText(about, textOf);
        expect(text).toMatch(/^[A-Z]/);
        expect(text).not.toMatch(/undefined|NaN|object/);
        told.add(about.kind);
      }
      world.take(moves[0]!.lane);
    }
  }
  expect([...told].toSorted()).toEqual(["act", "arrive", "deliver", "execute", "timer"]);
});

test("an origin that does not tell of changes is asked again when the time to live of its entries is over", () => {
  const world = new World(1);
  const origin = new ModelOrigin(world, { serviceMs: 0, tracks: false });
  const proxy = new ModelProxy(world, origin, { untrackedTtlMs: 400 });
  origin.set("tea", "3");
  world.runUntil(100);
  const read: string[] = [];
  for (let n = 0; n < 6; n++) {
    proxy.read("tea", { answered: (version, source) => read.push(`${version} ${source}`), failed() {} });
    world.runUntil(world.nowMs + 100);
    if (n === 1) origin.set("tea", "4");
  }
  expect(read).toEqual(["1 miss", "1 hit", "1 hit", "1 hit", "2 miss", "2 hit"]);
});

test("a write that is passed on later is read before, and is at the origin behind", () => {
  const world = new World(1);
  const origin = new ModelOrigin(world);
  const proxy = new ModelProxy(world, origin);
  const cache = new WriteBackCache(world, proxy, 1000);
  world.runUntil(100);
  for (const text of ["3", "4"]) writeBy(world, "Ben", cache, ["tea", text], () => {});
  readBy(world, "Ana", cache, "tea", () => {});
  const textOf = textsOf(world.happenings);
  const answer = world.happenings.find(({ what }) => what === "answered")!;
  expect(happeningText(answer, textOf)).toBe("Ana reads 4, from the cache.");
  expect(origin.state("tea").text).toBeUndefined();
  world.runUntil(1200);
  expect(origin.state("tea").text).toBe("4");
  const writes = world.happenings.filter((one) => one.what === "executed" && one.request.command === "set");
  expect(writes.length).toBe(1);
});
