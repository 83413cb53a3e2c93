import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { FakeSentinel } from "../../../test/support/fake-sentinel.ts";
import { until } from "../../../test/support/until.ts";
import { systemClock } from "../../lib/clock.ts";
import { ManualTimers, type Timers } from "../../lib/timers.ts";
import { PrimarySearch } from "./primary-search.ts";
import { SharedPrimary } from "./shared-primary.ts";

/** A server, sentinels that name it, and a search for it. Timers run when the test says so. */
class Bench implements Disposable {
  readonly server = new FakeOrigin();
  readonly place = { host: "127.0.0.1", port: this.server.port };
  readonly sentinels: readonly FakeSentinel[];
  readonly timers = new ManualTimers();
  readonly shared = new SharedPrimary(SharedPrimary.createMemory());
  readonly problems: string[] = [];
  /** The delays before something is done, such as the next round. */
  readonly delays: number[] = [];
  /** The versions of the shared primary, each time it may have changed. */
  readonly versions: number[] = [];
  confirmations = 0;
  isUneasy = false;
  readonly search: PrimarySearch;

  constructor(count: number, areThere: boolean) {
    FakeSentinel.giveRole(this.server);
    this.sentinels = Array.from({ length: count }, () => new FakeSentinel("main", this.place));
    if (!areThere) for (const { origin } of this.sentinels) origin.goDown();
    const timers: Timers = {
      after: (delayMs, act) => {
        this.delays.push(delayMs);
        return this.timers.after(delayMs, act);
      },
      every: (periodMs, act) => this.timers.every(periodMs, act),
    };
    const times = { connectTimeoutMs: 60_000, timeoutMs: 60_000, heartbeatMs: 1, heartbeatTimeoutMs: 1 };
    const rest = { clock: systemClock, random: { next: () => 1 }, pendingBytes: 1000, trackingRetryMs: 1 };
    this.search = new PrimarySearch({
      address: {
        primaryName: "main",
        sentinels: this.sentinels.map(({ port }) => ({ host: "127.0.0.1", port })),
        login: {},
      },
      options: (address) => ({ address, timers, ...times, ...rest }),
      shared: this.shared,
      changed: () => this.versions.push(this.shared.version),
      confirmed: () => this.confirmations++,
      isUneasy: () => this.isUneasy,
      unresolved: ({ message }) => this.problems.push(message),
    });
  }

  /** Lets time pass until something holds. */
  async until(condition: () => boolean): Promise<void> {
    await until(() => {
      this.timers.advance(10);
      return condition();
    });
  }

  [Symbol.dispose](): void {
    this.search.close();
    for (const each of [this.server, ...this.sentinels]) each[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(count: number, areThere = true): Bench {
  const bench = new Bench(count, areThere);
  benches.push(bench);
  return bench;
}

describe("a search", () => {
  test("that has not begun says that nothing is known", () => {
    expect(open(1).search.lastError).toMatchObject({
      code: "ORIGINDOWN",
      message: 'nobody has told yet where "main" is',
      maybeExecuted: false,
    });
  });

  test("that no sentinel answers tells the problems of three of them, once", async () => {
    const bench = open(4, false);
    const { sentinels, timers, problems, search } = bench;
    search.suspect();
    const message = sentinels
      .slice(0, 3)
      .map(({ port }) => `; sentinel 127.0.0.1:${port} cannot be reached: connection refused`)
      .join("");
    const whole = `nobody tells for certain where "main" is: no sentinel answers${message}`;
    await bench.until(() => problems.includes(whole));
    const count = problems.length;
    for (let round = 0; round < 20; round++) timers.advance(1);
    search.suspect();
    expect(problems).toHaveLength(count);
    expect(search.lastError).toMatchObject({ code: "ORIGINDOWN", message: whole, maybeExecuted: false });
  });

  test("finds the primary that says so itself, and has it confirmed in each round", async () => {
    const bench = open(3);
    await bench.until(() => bench.shared.version > 0);
    expect(bench.shared.read().primary).toEqual({ ...bench.place, configEpoch: 1 });
    expect(bench.versions.at(-1)).toBe(bench.shared.version);
    const before = bench.confirmations;
    bench.search.suspect();
    await until(() => bench.confirmations > before);
  });

  test("asks again soon until the primary is found and nothing is wrong with it, and then each ten seconds", async () => {
    const bench = open(3);
    bench.isUneasy = true;
    bench.search.suspect();
    // No sentinel is connected with yet.
    expect(bench.delays).toContain(100);
    await bench.until(() => bench.confirmations > 1);
    expect(bench.delays).not.toContain(10_000);
    bench.isUneasy = false;
    await bench.until(() => bench.delays.includes(10_000));
  });

  test("asks again soon while the sentinels do not know the primary", async () => {
    const bench = open(3);
    for (const sentinel of bench.sentinels) sentinel.primary = undefined;
    await bench.until(() => bench.problems.some((problem) => problem.includes('does not know "main"')));
    const rounds = bench.sentinels[0]!.origin.count("SENTINEL", "master");
    await bench.until(() => bench.sentinels[0]!.origin.count("SENTINEL", "master") > rounds + 1);
    expect(bench.delays).not.toContain(10_000);
  });

  test.each([
    ["slave", "*1\r\n$5\r\nslave\r\n", "says that it is a slave"],
    ["unknown", "-NOPERM no\r\n", "does not tell its role: NOPERM no"],
    ["not told", "", "does not tell its role: no answer within 1000 ms"],
  ])("does not believe a server whose role is %s", async (_, answer, said) => {
    const bench = open(3);
    bench.server.cluster = ([name]) => (name === "ROLE" ? answer : undefined);
    const { host, port } = bench.place;
    const problem = `nobody tells for certain where "main" is: the sentinels name ${host}:${port}, which ${said}`;
    await bench.until(() => bench.problems.includes(problem));
    expect(bench.shared.version).toBe(0);
  });
});

test("a search that is closed leaves no connections and no timers, even while it asks a server", async () => {
  const bench = open(3);
  bench.server.cluster = () => "";
  await bench.until(() => bench.server.count("ROLE") > 0);
  bench.search.close();
  expect(bench.timers.count).toBe(0);
  await until(() => bench.server.openConnections.length === 0);
});
