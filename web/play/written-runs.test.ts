import { describe, expect, test } from "bun:test";
import { ManualClock, systemClock } from "../../src/lib/clock.ts";
import { EXAMPLES } from "../learn/examples.ts";
import { OpenSandbox } from "../sandbox/code-fixture.ts";
import type { AskSandbox } from "../sandbox/messages.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { WRITTEN } from "./decider.ts";
import { type PlayView, viewOf } from "./play-view.ts";
import { openRequests, type Requests } from "./requests.ts";
import { Run } from "./run.ts";
import { generatedWorkload, type PlayCache, typedWorkload } from "./settings.ts";
import { timed } from "./timed-requests.ts";
import { WHOLE_RUN_LIMIT_MS, WrittenRuns } from "./written-runs.ts";

const codeOf = (name: string): string => EXAMPLES.find((example) => example.name === name)!.code;
const mixed = await openRequests({
  workload: generatedWorkload("loop(n=90,share=0.4,others=30,alpha=0.8)", 700),
  seed: 9,
});
const sized = await openRequests({ workload: generatedWorkload("ycsb-a(n=60,size=30)", 700), seed: 2 });
const SURROUNDED: Conditions = {
  ...{ ttlMs: 700, jitter: 0.5, originMs: 45, failures: 0.1 },
  ...{ coalesces: true, writes: "drop", rate: 100 },
};

function written(size: number, unit: PlayCache["unit"] = "entries"): PlayCache {
  return { policy: WRITTEN, size, unit };
}

async function runOf(
  code: string,
  cache: PlayCache,
  requests: Requests,
  conditions = DEFAULT_CONDITIONS,
  ask: AskSandbox = new OpenSandbox(systemClock).ask,
) {
  const runs = new WrittenRuns(ask, systemClock);
  const trial = await runs.load(code);
  const asked = { requests: timed(requests, conditions), conditions, of: "" };
  return { runs, trial: trial.fault, run: await runs.run("0", cache, asked, () => {}) };
}

describe("examples decide as the policies of that name", () => {
  for (const [example, policy] of [
    ["SIEVE", "sieve"],
    ["Second chance", "clock"],
  ] as const) {
    for (const [what, requests, cache, conditions] of [
      ["with reads", mixed, written(24), DEFAULT_CONDITIONS],
      ["with an origin, failures and times to live", mixed, written(24), SURROUNDED],
      ["with sizes and writes", sized, written(500, "bytes"), DEFAULT_CONDITIONS],
      ["with all of it", sized, written(500, "bytes"), SURROUNDED],
    ] as const) {
      test(`${example}, ${what}`, async () => {
        const { trial, run } = await runOf(codeOf(example), cache, requests, conditions);
        expect([trial, run.fault]).toEqual([undefined, undefined]);
        const both = new Run(requests, [cache, { ...cache, policy }], conditions, [run]);
        both.seek(requests.count);
        const [own, builtIn] = both.caches;
        expect(own!.results).toEqual(builtIn!.results);
        expect(own!.counts).toEqual(builtIn!.counts);
        expect(own!.costs).toEqual(builtIn!.costs);
        expect([run.requests, run.misses]).toEqual([own!.counts.requests, own!.counts.misses]);
        own!.cache.check();
      });
    }
  }
});

test("every example keeps the rules, but for the empty one", async () => {
  for (const { name, code } of EXAMPLES) {
    const { trial, run } = await runOf(code, written(24), mixed);
    const faults = [trial?.text, run.fault?.text].map((text) => text?.split(",")[0]);
    expect([name, ...faults]).toEqual(
      name === "Empty" ? [name, "evict returned 0", "evict returned 0"] : [name, undefined, undefined],
    );
  }
});

test("what a policy shows of its queues is seen at any position, forwards and back", async () => {
  const cache = written(24);
  const { runs, run } = await runOf(codeOf("SIEVE"), cache, mixed);
  const both = new Run(mixed, [cache, { ...cache, policy: "sieve" }], DEFAULT_CONDITIONS, [run]);
  const look = async (at: number): Promise<PlayView> => {
    await runs.show(run, at);
    both.seekTold(at);
    return viewOf(both, true);
  };
  for (const at of [0, 1, 2, 300, 301, 299, 700, 699, 5, 0]) {
    const [own, builtIn] = (await look(at)).caches;
    const members = ({ queues }: typeof own & object) =>
      queues.flatMap((queue) => queue.members.map(({ key, rank }) => [key, rank]));
    expect(members(own!)).toEqual(members(builtIn!));
  }
  const { sentence } = (await look(400)).caches[0]!;
  expect(sentence?.text).toContain("the queue");
});

test("ghosts are shown, and without queues the entries stand as they came", async () => {
  const requests = await openRequests({ workload: typedWorkload("A B C D E A"), seed: 1 });
  const cache = written(3);
  const ghosts = await runOf(codeOf("Two queues with ghosts"), cache, requests);
  await ghosts.runs.show(ghosts.run, 5);
  const shown = new Run(requests, [cache], DEFAULT_CONDITIONS, [ghosts.run]);
  shown.seekTold(5);
  const names = (run: Run) =>
    viewOf(run, true).caches[0]!.queues.map(({ name, kind, members }) => [
      ...[name, kind],
      members.map(({ key }) => key !== undefined && "text" in key && key.text).join(" "),
    ]);
  expect(names(shown)).toEqual([
    ["small", "resident", "C D E"],
    ["main", "resident", ""],
    ["ghosts", "ghost", "B"],
  ]);
  const plain = codeOf("Second chance").replace("queues()", "other()");
  const { runs, run } = await runOf(plain, cache, requests);
  await runs.show(run, 4);
  const table = new Run(requests, [cache], DEFAULT_CONDITIONS, [run]);
  table.seekTold(4);
  expect(names(table)).toEqual([["table", "resident", "B C D"]]);
});

/** Code whose methods are first in, first out, but for one. */
function fifoBut(methods: string): string {
  return `class Policy {
  queue = [];
  insert(slot) { this.queue.push(slot); }
  hit(slot) {}
  evict() { return this.queue.shift() ?? 0; }
  remove(slot) { this.queue = this.queue.filter((each) => each !== slot); }
  ${methods}
}`;
}

describe("each rule that is broken is told, with its request", () => {
  for (const [what, methods, at, text] of [
    [
      "a victim that is not resident",
      "evict() { return 3; }",
      2,
      "evict returned 3, but no entry is resident in slot 3: it has not been in use",
    ],
    [
      "an entry that is forgotten",
      "insert(slot) { if (slot === 1) this.queue.push(slot); }",
      5,
      "evict returned 0, which says that nothing is resident, but 1 entry is",
    ],
    [
      "all entries forgotten",
      "insert() {}",
      2,
      "evict returned 0, which says that nothing is resident, but 2 entries are",
    ],
    ["no slot", "evict() { return this.queue.shift() + 0.5; }", 2, "evict returned 1.5, which is no slot"],
    ["nothing", "evict() { this.queue.shift(); }", 2, "evict returned nothing (undefined), which is no slot"],
    ["an exception", "evict() { throw new TypeError('no'); }", 2, "TypeError: no"],
    ["a method that is missing", "hit = undefined;", 0, "the class Policy has no method hit"],
    ["a constructor that throws", "constructor() { null.x; }", 0, "TypeError: "],
    [
      "an eviction from an empty cache",
      "evict() { return this.queue.shift() ?? 1; }",
      5,
      "evict returned 1, but nothing is resident: 0 says so",
    ],
    [
      "entries left over at the end",
      "evict() { return this.queue.shift() ?? 0; } insert(slot) { if (slot === 1 || !this.has) this.queue.push(slot); this.has = true; }",
      5,
      "",
    ],
  ] as const) {
    test(what, async () => {
      const requests = await openRequests({ workload: typedWorkload("A B C D E"), seed: 1 });
      const { trial, run } = await runOf(fifoBut(methods), written(2), requests);
      expect(run.fault?.text).toStartWith(text);
      expect([run.fault?.at, run.until]).toEqual([at, at]);
      expect(trial).toBeDefined();
      // The cache stands as it was before.
      const shown = new Run(requests, [written(2), { ...written(2), policy: "lru" }], DEFAULT_CONDITIONS, [
        run,
      ]);
      shown.seekTold(5);
      const [own] = viewOf(shown, true).caches;
      expect([own!.isStopped, own!.requests, own!.sentence === undefined]).toEqual([
        at < 5,
        Math.min(5, at),
        at < 5,
      ]);
    });
  }

  for (const [what, methods, text] of [
    [
      "a policy that forgets what remove tells",
      "remove(slot) {}",
      /^evict returned [0-9]+, but (nothing|no entry) is resident.*, after .*remove\([0-9]+\).*evict\([0-9]+\)$/,
    ],
    [
      "a decision that follows no rule",
      "evict() { globalThis.turns = (globalThis.turns ?? 0) + 1; return globalThis.turns % 3 === 0 ? this.queue.pop() ?? 0 : this.queue.shift() ?? 0; }",
      /the first time and [0-9]+ when the same was repeated/,
    ],
    [
      "queues that are not what is resident",
      "queues() { return this.queue.slice(1); }",
      /^queues shows 0 of 1 resident entries/,
    ],
    ["queues of another kind", "queues() { return 7; }", /^queues returned neither/],
    [
      "ghosts of another kind",
      "queues() { return this.queue; } ghosts() { return 7; }",
      /^ghosts returned no array/,
    ],
  ] as const) {
    test(`${what}, which a trial finds`, async () => {
      const { trial } = await runOf(fifoBut(methods), written(24), mixed);
      expect(trial?.text).toMatch(text);
    });
  }

  test("code that has no class, and code that is none", async () => {
    const none = await runOf("const a = 1;", written(2), mixed);
    expect(none.trial?.text).toBe("the code has no class Policy");
    const sandbox = new OpenSandbox(systemClock);
    const runs = new WrittenRuns(sandbox.ask, systemClock);
    expect(await runs.load("class Policy {")).toMatchObject({ isHopeless: true });
  });
});

test("decisions that do not fit the requests fail, whoever made them", async () => {
  const cache = written(2);
  for (const victims of [[], [2, 2], [7, 1], [0, 1], [-1, 1]]) {
    const decisions = { victims: Int32Array.from(victims), until: 700, shown: new Map() };
    const run = new Run(mixed, [cache], DEFAULT_CONDITIONS, [decisions]);
    expect(() => run.seek(50)).toThrow("the sandbox's decisions do not fit the requests");
  }
});

test("a policy that is too slow in all is stopped where it is", async () => {
  const clock = new ManualClock();
  const sandbox = new OpenSandbox(clock);
  const runs = new WrittenRuns(async (question) => {
    const answer = await sandbox.ask(question);
    if (question.kind === "decide") clock.advance(WHOLE_RUN_LIMIT_MS / 3);
    // As a slice would end.
    return question.kind === "decide" && answer.kind === "decided" ? { ...answer, to: 100 } : answer;
  }, clock);
  await runs.load(codeOf("SIEVE"));
  const asked = { requests: mixed, conditions: DEFAULT_CONDITIONS, of: "" };
  const shares: number[] = [];
  const { fault, until } = await runs.run("0", written(24), asked, (share) => shares.push(share));
  expect([fault?.text, until]).toEqual([
    "too slow: 20 s are over, and it has come to this request; try fewer",
    100,
  ]);
  expect(shares).toEqual([1 / 7, 1 / 7, 1 / 7, 1 / 7]);
});

test("queues that are too long in coming are not shown", async () => {
  const clock = new ManualClock();
  const sandbox = new OpenSandbox(clock);
  let asked = 0;
  const runs = new WrittenRuns(async (question) => {
    if (question.kind !== "show") return sandbox.ask(question);
    asked++;
    clock.advance(WHOLE_RUN_LIMIT_MS / 4);
    return { kind: "shown", isReached: false, before: undefined, after: undefined };
  }, clock);
  await runs.load(codeOf("SIEVE"));
  const run = await runs.run(
    "0",
    written(24),
    { requests: mixed, conditions: DEFAULT_CONDITIONS, of: "" },
    () => {},
  );
  await runs.show(run, 300);
  expect([asked, run.shown.size, run.until]).toEqual([4, 0, 700]);
});

test("a sandbox that is lost is asked where it was lost, and for its decisions up to there", async () => {
  const sandbox = new OpenSandbox(systemClock);
  const decisions: unknown[] = [];
  const ask: AskSandbox = async (question) => {
    if (question.kind !== "decide") return sandbox.ask(question);
    const { until, isCareful } = question;
    decisions.push([until, isCareful]);
    if (until === 300) return sandbox.ask(question);
    const fault = { text: "no sign of life", line: undefined };
    return { kind: "broken", fault, isLate: true, at: isCareful ? 300 : undefined };
  };
  const { run } = await runOf(codeOf("SIEVE"), written(24), mixed, DEFAULT_CONDITIONS, ask);
  expect(decisions.slice(0, 3)).toEqual([
    [700, false],
    [700, true],
    [300, false],
  ]);
  expect([run.fault?.at, run.fault?.text, run.until]).toEqual([300, "no sign of life", 300]);
  expect(sandbox.asked.filter((kind) => kind === "load")).toHaveLength(3);
  const both = new Run(mixed, [written(24), { ...written(24), policy: "sieve" }], DEFAULT_CONDITIONS, [run]);
  both.seek(300);
  const [own, builtIn] = both.caches;
  expect(own!.results.slice(0, 300)).toEqual(builtIn!.results.slice(0, 300));
});

test("a cache in bytes shows its queues while they are few", async () => {
  const cache = written(500, "bytes");
  const { runs, run } = await runOf(codeOf("SIEVE"), cache, sized);
  await runs.show(run, 300);
  expect([...run.shown.keys()]).toEqual([299, 300]);
  const all = await openRequests({ workload: generatedWorkload("scan(n=400,size=2)", 400), seed: 1 });
  const many = await runOf(codeOf("SIEVE"), written(5000, "bytes"), all);
  await many.runs.show(many.run, 301);
  expect([...many.run.shown.keys()]).toEqual([300]);
  await many.runs.show(many.run, 350);
  expect([...many.run.shown.keys()]).toEqual([]);
});
