import { describe, expect, test } from "bun:test";
import type { Answer, MoveAbout, Request } from "./happenings.ts";
import { ModelOrigin } from "./origin.ts";
import { Wire, type WireOptions } from "./wire.ts";
import { World } from "./world.ts";

const ABOUT: MoveAbout = { kind: "timer", owner: "nobody" };

describe("a world", () => {
  test("takes what is due first, lanes in the order in which they were made", () => {
    const world = new World(1);
    const seen: string[] = [];
    const plan = (lane: string, dueMs: number): void =>
      world.lane(lane).append(dueMs, ABOUT, () => seen.push(`${lane} at ${world.nowMs}`));
    plan("b", 20);
    plan("a", 10);
    plan("a", 5);
    plan("b", 30);
    expect(world.moves().map(({ lane, dueMs }) => [lane, dueMs])).toEqual([
      ["a", 10],
      ["b", 20],
    ]);
    world.runUntil(25);
    // Within a lane nothing overtakes.
    expect(seen).toEqual(["a at 10", "a at 10", "b at 20"]);
    expect([world.nowMs, world.steps]).toEqual([25, 3]);
    expect(world.step()).toBe(true);
    expect(world.step()).toBe(false);
  });

  test("lets what was passed over happen later, not earlier", () => {
    const world = new World(1);
    const seen: number[] = [];
    world.lane("a").append(10, ABOUT, () => seen.push(world.nowMs));
    world.lane("b").append(40, ABOUT, () => seen.push(world.nowMs));
    world.take("b");
    world.take("a");
    expect(seen).toEqual([40, 40]);
    expect(() => world.take("a")).toThrow('nothing can happen next in "a", only in: no place');
  });

  test("goes on in a held lane only when told, and in a stuck one not at all", () => {
    const world = new World(1);
    const seen: string[] = [];
    for (const name of ["held", "stuck"]) world.lane(name).append(1, ABOUT, () => seen.push(name));
    world.lane("held").isHeld = true;
    world.lane("stuck").isStuck = true;
    world.runUntil(10);
    expect(seen).toEqual([]);
    expect(world.moves().map(({ lane }) => lane)).toEqual(["held"]);
    world.take("held");
    world.lane("stuck").isStuck = false;
    world.runUntil(20);
    expect(seen).toEqual(["held", "stuck"]);
  });

  test("has timers that run in the order of their times, and can be stopped", () => {
    const world = new World(1);
    const timers = world.timers("me");
    const seen: string[] = [];
    timers.after(30, () => seen.push("late"));
    timers.after(10, () => seen.push("early"));
    timers.after(Number.POSITIVE_INFINITY, () => seen.push("never"));
    timers.after(20, () => seen.push("stopped")).stop();
    const every = timers.every(12, () => seen.push(`every at ${world.nowMs}`));
    world.runUntil(30);
    every.stop();
    world.runUntil(1000);
    expect(seen).toEqual(["early", "every at 12", "every at 24", "late"]);
    expect(world.moves()).toEqual([]);
  });
});

describe("a wire", () => {
  const OPTIONS: WireOptions = { latencyMs: 10, jitterMs: 0, isSplit: false };
  const GET: Request = { command: "get", key: "k" };
  const SET: Request = { command: "set", key: "k", text: "new", write: 1 };

  function connected(options: WireOptions = OPTIONS) {
    const world = new World(1);
    const origin = new ModelOrigin(world);
    const received: string[] = [];
    const nameOf = (answer: Answer): string => (answer.kind === "push" ? "push" : answer.to.command);
    const wire = new Wire(world, "wire", options, origin, {
      delivered: (answers) => received.push(answers.map(nameOf).join("+")),
      ended: () => received.push("ended"),
    });
    origin.set("k", "old");
    wire.send([{ command: "track" }]);
    world.runUntil(100);
    received.length = 0;
    return { world, origin, wire, received };
  }

  test("delivers what was sent together together, but invalidations on their own, behind the reply", () => {
    const { world, wire, received } = connected();
    wire.send([GET, GET]);
    wire.send([SET]);
    world.runUntil(119);
    expect(received).toEqual([]);
    world.runUntil(120);
    expect(received).toEqual(["get+get", "set", "push"]);
  });

  test("can deliver each piece on its own", () => {
    const { world, wire, received } = connected({ ...OPTIONS, isSplit: true });
    wire.send([GET, GET]);
    world.runUntil(200);
    expect(received).toEqual(["get", "get"]);
  });

  test("is told of a change once for each time it has read", () => {
    const { world, origin, wire, received } = connected();
    origin.set("k", "1");
    world.runUntil(200);
    expect(received).toEqual([]);
    wire.send([GET]);
    world.runUntil(300);
    for (const text of ["2", "3"]) origin.set("k", text);
    world.runUntil(400);
    expect(received).toEqual(["get", "push"]);
  });

  test("is told of an expiry, when it is time and when somebody looks", () => {
    const { world, origin, wire, received } = connected();
    origin.set("k", "short-lived", 50);
    wire.send([GET]);
    world.runUntil(149);
    expect(received).toEqual(["get"]);
    world.runUntil(200);
    expect(received).toEqual(["get", "push"]);
    expect(origin.state("k").text).toBeUndefined();
  });

  test("that is cut loses what is under way, and its end notices", () => {
    const { world, origin, wire, received } = connected();
    wire.send([SET]);
    wire.cut();
    wire.send([GET]);
    world.runUntil(200);
    expect(received).toEqual(["ended"]);
    expect(origin.state("k").text).toBe("old");
  });

  test("that swallows everything delivers it once it is mended, in order", () => {
    const { world, wire, received } = connected();
    wire.send([SET]);
    wire.swallow();
    wire.send([GET]);
    world.runUntil(5000);
    expect(received).toEqual([]);
    wire.mend();
    world.runUntil(6000);
    expect(received).toEqual(["set", "get"]);
  });

  test("waits for a busy origin, which executes one command at a time", () => {
    const { world, origin, wire, received } = connected();
    origin.pause();
    wire.send([GET, SET]);
    world.runUntil(500);
    expect([origin.waiting, received]).toEqual([2, []]);
    origin.resume();
    world.runUntil(600);
    expect([origin.waiting, received]).toEqual([0, ["get", "set", "push"]]);
  });
});
