import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/lib/clock.ts";
import type { FromPlayWorker, ToPlayWorker } from "../play/messages.ts";
import { PlayDesk } from "../play/play-desk.ts";
import { Player } from "./player.ts";

const HASH = "#workload=zipf(n=50)&requests=200&seed=1&caches=lru*10&at=0&speed=10";

/** A browser without a window: frames come when they are asked for, answers when they are let in. */
class FakeHost {
  readonly clock = new ManualClock();
  readonly hashes: string[] = [];
  readonly sent: ToPlayWorker[] = [];
  #frames: (() => void)[] = [];
  #answers: (() => void)[] = [];
  #work: Promise<void>[] = [];

  openWorker() {
    let receive: (message: FromPlayWorker) => void = () => {};
    const desk = new PlayDesk(
      this.clock,
      async () => {},
      (message) => {
        this.#answers.push(() => receive(message));
      },
    );
    return {
      send: (message: ToPlayWorker) => {
        this.sent.push(message);
        this.#work.push(desk.receive(message));
      },
      onMessage: (listener: typeof receive) => {
        receive = listener;
      },
    };
  }

  nextFrame(draw: () => void): void {
    this.#frames.push(draw);
  }

  showHash(hash: string): void {
    this.hashes.push(hash);
  }

  /** What the page finds beside it. */
  traces: Readonly<Record<string, Blob>> = {};

  async loadTrace(name: string): Promise<Blob> {
    const trace = this.traces[name];
    if (trace === undefined) throw new Error(`${name} is not here`);
    return trace;
  }

  /** Lets all answers in, and those to what they ask. */
  async settle(): Promise<void> {
    // Lets what was fetched arrive.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#work.length > 0 || this.#answers.length > 0) {
      await Promise.all(this.#work.splice(0));
      for (const answer of this.#answers.splice(0)) answer();
    }
  }

  async frame(afterMs: number): Promise<void> {
    this.clock.advance(afterMs);
    for (const draw of this.#frames.splice(0)) draw();
    await this.settle();
  }
}

async function opened(hash: string) {
  const host = new FakeHost();
  const player = new Player(host, hash);
  await host.settle();
  await host.frame(16);
  return { host, player };
}

test("plays at its speed, and pauses with the last step told", async () => {
  const { host, player } = await opened(HASH);
  expect(player.at).toBe(0);
  player.play();
  for (let i = 0; i < 63; i++) await host.frame(16);
  // Ten a second.
  expect(player.at).toBeGreaterThanOrEqual(9);
  expect(player.at).toBeLessThanOrEqual(10);
  player.pause();
  await host.settle();
  await host.frame(16);
  const { at } = player;
  for (let i = 0; i < 10; i++) await host.frame(100);
  expect(player.at).toBe(at);
  expect(player.shown.value!.view.caches[0]!.sentence).toBeDefined();
  expect(host.hashes.at(-1)).toContain(`&at=${at}&`);
});

test("as fast as it goes ends at the end, and playing again begins again", async () => {
  const { host, player } = await opened(HASH.replace("speed=10", "speed=max"));
  player.play();
  for (let i = 0; i < 2; i++) await host.frame(16);
  expect([player.at, player.isPlaying.value]).toEqual([200, false]);
  player.setSpeed(1);
  player.play();
  await host.settle();
  await host.frame(16);
  expect([player.at, player.isPlaying.value]).toEqual([0, true]);
});

test("of several questions the last one counts, and nothing moves but one step forward", async () => {
  const { host, player } = await opened(HASH);
  for (let i = 0; i < 20; i++) player.seek(i * 7);
  await host.settle();
  await host.frame(16);
  expect(player.at).toBe(133);
  expect(host.sent.filter(({ kind }) => kind === "seek").length).toBe(2);
  expect(player.shown.value!.before).toBeUndefined();
  for (const [by, moves] of [
    [1, true],
    [-1, false],
    [10, false],
  ] as const) {
    player.step(by);
    await host.settle();
    await host.frame(16);
    expect(player.shown.value!.before !== undefined).toBe(moves);
  }
  // Steps add up while an answer is awaited.
  for (let i = 0; i < 3; i++) player.step(1);
  await host.settle();
  await host.frame(16);
  expect(player.at).toBe(146);
});

test("another size keeps the position and the curve, another seed makes a new one", async () => {
  const { host, player } = await opened(HASH.replace("at=0", "at=90"));
  const before = player.curve.value.points.length;
  expect(before).toBeGreaterThan(10);
  const { caches } = player.settings.value;
  player.change({ caches: caches.map((cache) => ({ ...cache, size: 11 })) });
  player.seek(91);
  await host.settle();
  await host.frame(16);
  expect(player.at).toBe(91);
  expect(player.shown.value!.view.caches[0]!.settings.size).toBe(11);
  expect(player.curve.value.points.length).toBeGreaterThanOrEqual(before);
  player.change({ seed: 2 });
  expect(player.curve.value.points).toEqual([]);
  await host.settle();
  player.read("#seed=x");
  expect(player.problems.value).toEqual(['seed: "x" is not a whole number from 0 to 4,294,967,295.']);
});

test("what is told of an entry follows the position while it stands", async () => {
  const { host, player } = await opened(HASH.replace("at=0", "at=30"));
  const object = Number(player.shown.value!.view.caches[0]!.queues[0]!.members[0]!.id);
  player.ask(0, object);
  await host.settle();
  expect(player.why.value!.biography!.now).toContain("next at the exit");
  player.seek(0);
  await host.settle();
  await host.frame(16);
  await host.settle();
  expect(player.why.value!.biography!.now).toContain("is not in this cache");
});

test("the first look plays some requests, and waits", async () => {
  const { host, player } = await opened("");
  player.introduce(false);
  await host.settle();
  for (let i = 0; i < 80; i++) await host.frame(100);
  expect([player.at, player.isPlaying.value]).toEqual([105, false]);
  const still = await opened("");
  still.player.introduce(true);
  await still.host.settle();
  for (let i = 0; i < 20; i++) await still.host.frame(100);
  expect(still.player.at).toBe(96);
});

describe("a file of the reader's", () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `k${(i * 7) % 90}`).join("\n");
  const file = (content: string): File => new File([content], "my keys.txt");
  const HASH_OF_IT = "#file=my+keys.txt&caches=lru*10&at=40&speed=3";

  test("is read, told, and named in the address", async () => {
    const { host, player } = await opened(HASH);
    player.openFile(file(keys));
    await host.settle();
    await host.frame(16);
    expect(player.shown.value!.view).toMatchObject({ count: 3000, at: 0 });
    expect(player.source.value).toMatchObject({
      state: "ready",
      notes: ['Read as keys; first key "k0".'],
      hasTimes: false,
    });
    expect(host.hashes.at(-1)).toBe("#file=my+keys.txt&caches=lru*10&at=0&speed=10");
    // Both workers have read it.
    expect(player.curve.value.points.length).toBeGreaterThan(10);
  });

  test("must be given again to an address, and then stands where the address says", async () => {
    const { host, player } = await opened(HASH_OF_IT);
    expect([player.source.value.state, player.shown.value]).toEqual(["missing", undefined]);
    expect(host.sent.filter(({ kind }) => kind === "open")).toEqual([]);
    // Nothing can be played or stepped.
    player.play();
    player.step(1);
    await host.settle();
    await host.frame(16);
    expect([player.isPlaying.value, player.shown.value]).toEqual([false, undefined]);
    player.openFile(file(keys));
    await host.settle();
    await host.frame(16);
    expect([player.source.value.state, player.at]).toEqual(["ready", 40]);
  });

  test("that is broken is told, and another one can be opened", async () => {
    const { host, player } = await opened(HASH);
    player.openFile(file("time,key\n1,a\nx,b\n"));
    await host.settle();
    await host.frame(16);
    expect(player.source.value.state).toBe("failed");
    expect(player.problems.value[0]).toStartWith("my keys.txt, line 3: ");
    expect(player.shown.value).toBeUndefined();
    player.seek(1);
    player.openFile(file(keys));
    await host.settle();
    await host.frame(16);
    expect([player.source.value.state, player.problems.value]).toEqual(["ready", []]);
    expect(player.shown.value!.view.count).toBe(3000);
  });

  test("that comes along is fetched once", async () => {
    const { host, player } = await opened("#trace=history&caches=lru*10");
    expect([player.source.value.state, player.problems.value]).toEqual(["failed", ["history is not here"]]);
    host.traces = { history: new Blob([keys]) };
    player.read("#trace=history&caches=fifo*10&at=7");
    await host.settle();
    await host.frame(16);
    expect([player.source.value.state, player.at]).toEqual(["ready", 7]);
    host.traces = {};
    player.read("#trace=history&caches=lru*10&at=8");
    await host.settle();
    await host.frame(16);
    expect([player.source.value.state, player.at]).toEqual(["ready", 8]);
  });
});
