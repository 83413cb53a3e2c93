import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/lib/clock.ts";
import type { FromPlayWorker, ToPlayWorker } from "../play/messages.ts";
import { PlayDesk } from "../play/play-desk.ts";
import { OpenSandbox } from "../sandbox/code-fixture.ts";
import { EXAMPLES } from "./examples.ts";
import { unpackCode } from "./packed-code.ts";
import { Player } from "./player.ts";
import type { Sandbox } from "./player-host.ts";

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

  /** What sandboxes were opened with. */
  readonly codes: string[] = [];

  openSandbox(code: string): Sandbox {
    this.codes.push(code);
    const sandbox = new OpenSandbox(this.clock);
    const loaded = sandbox.ask({ kind: "load", code });
    return {
      async ask(question) {
        const answer = await loaded;
        return answer.kind === "broken" ? answer : sandbox.ask(question);
      },
      close() {},
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
      // Some work waits for an answer of its own.
      const worked = Promise.all(this.#work.splice(0));
      let isDone = false;
      void worked.then(() => {
        isDone = true;
      });
      while (!isDone) {
        for (const answer of this.#answers.splice(0)) answer();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await worked;
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

describe("a policy that is written in the page", () => {
  /** Lets messages go to and fro until what is awaited has come. */
  async function until(host: FakeHost, isDone: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !isDone(); i++) {
      await host.settle();
      await host.frame(16);
    }
    expect(isDone()).toBe(true);
  }
  const codeIn = (hash: string): string => /&code=([^&]*)/.exec(hash)?.[1] ?? "";

  test("runs when the reader says so, in a cache of its own, and stands in the address", async () => {
    const { host, player } = await opened(HASH);
    expect(host.codes).toEqual([]);
    await player.runWritten();
    await until(host, () => player.written.report.value !== undefined);
    expect(player.written.report.value).toEqual({ trial: undefined, run: undefined });
    expect(player.settings.value.caches.map(({ policy }) => policy)).toEqual(["lru", "written"]);
    player.seek(200);
    await until(host, () => player.at === 200);
    const [, own] = player.shown.value!.view.caches;
    expect([own!.isStopped, own!.requests]).toEqual([false, 200]);
    expect(await unpackCode(codeIn(host.hashes.at(-1)!))).toBe(EXAMPLES[0]!.code);
    await until(host, () => player.curve.value.share === 1);
    const points = player.curve.value.points.filter(({ policy }) => policy === "written");
    expect(points.find(({ size }) => size === 10)?.misses).toBe(own!.misses);
    // In place of the last of four.
    const lru = player.settings.value.caches[0]!;
    player.change({ caches: [lru, lru, lru, { ...lru, policy: "arc" }] });
    await player.runWritten();
    expect(player.settings.value.caches.map(({ policy }) => policy)).toEqual([
      "lru",
      "lru",
      "lru",
      "written",
    ]);
    await until(host, () => player.written.report.value !== undefined);
  });

  test("of an address does not run before the reader says so, whatever else is changed", async () => {
    const first = await opened(HASH);
    await first.player.runWritten();
    await until(first.host, () => first.player.written.report.value !== undefined);
    const hash = first.host.hashes.at(-1)!;
    const { host, player } = await opened(hash);
    await until(host, () => player.written.draft.value === EXAMPLES[0]!.code && player.at === 0);
    await player.choosePolicy(0, "written");
    player.seek(100);
    await until(host, () => player.at === 100);
    expect(player.written.isForeign.value).toBe(true);
    expect(player.shown.value!.view.caches.map(({ isStopped, requests }) => [isStopped, requests])).toEqual([
      [true, 0],
      [true, 0],
    ]);
    expect(host.codes).toEqual([]);
    await player.runWritten();
    await until(host, () => player.written.report.value !== undefined);
    expect(host.codes).toContain(EXAMPLES[0]!.code);
    expect(player.written.isForeign.value).toBe(false);
    // Another address brings other code, or the same.
    player.read(`${hash}0`);
    await until(host, () => player.problems.value.length > 0);
    expect(player.problems.value[0]).toContain("code: it is cut off or was changed");
    expect(player.written.running.value).toBeUndefined();
  });

  test("that is too long is neither run nor kept", async () => {
    const { host, player } = await opened(HASH);
    await player.written.edit("x".repeat(20_001));
    await player.runWritten();
    expect(player.written.problem.value).toBe(
      "The code is neither run nor kept in the address: it is longer than 20,000 characters, more than this page takes.",
    );
    expect(host.codes).toEqual([]);
    await player.written.edit("class Policy {}");
    expect(player.written.problem.value).toBeUndefined();
    expect(await unpackCode(codeIn(host.hashes.at(-1)!))).toBe("class Policy {}");
  });

  test("stops where it breaks a rule, with the key", async () => {
    const { host, player } = await opened(HASH);
    await player.written.edit("class Policy { insert() {} hit() {} remove() {} evict() { return 0; } }");
    await player.runWritten();
    await until(host, () => player.written.report.value !== undefined);
    const { run, trial } = player.written.report.value!;
    expect(run).toMatchObject({ text: expect.stringContaining("evict returned 0"), key: expect.any(String) });
    expect(trial?.text).toContain("after miss(1) insert(1, 1)");
    player.seek(run!.at + 1);
    await until(host, () => player.at === run!.at + 1);
    expect(player.shown.value!.view.caches[1]).toMatchObject({ isStopped: true, requests: run!.at });
  });
});
