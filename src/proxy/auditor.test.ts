/** Audits of cached reads: what is a broken promise, and each interleaving that only looks like one. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type FakeOriginOptions } from "../../test/support/fake-origin.ts";
import { LocalProxy, type LocalProxyOptions } from "../../test/support/local-proxy.ts";
import { infoField } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { SeededRandom } from "../lib/random.ts";
import { CopySink } from "../store/copy-sink.ts";
import { AUDITS_AT_ONCE, type AuditCounts } from "./auditor.ts";
import { GET_QUESTION, type Question } from "./question.ts";

const NONE: AuditCounts = { right: 0, undecided: 0, skipped: 0, broken: 0 };
/** Long enough that no such timer fires during a test: only the clock passes time. */
const NEVER_MS = 1_000_000_000;

interface Scene extends AsyncDisposable {
  readonly origin: FakeOrigin;
  readonly local: LocalProxy;
  /** Reads `k`, which holds `old`, so that it is cached. */
  fill(): Promise<void>;
  /** Waits until this many audits have ended. @returns how */
  ended(count: number): Promise<AuditCounts>;
}

async function open(
  options: Partial<LocalProxyOptions> = {},
  originOptions: FakeOriginOptions = {},
): Promise<Scene> {
  const origin = new FakeOrigin(originOptions);
  const local = await LocalProxy.ready({ auditShare: 1, ...options, origin: origin.port });
  const { audits } = local.proxy.stats;
  return {
    origin,
    local,
    async fill() {
      origin.values.set("k", "old");
      expect(await (await local.client()).must("GET", "k")).toBe("old");
    },
    async ended(count) {
      const { right, undecided, skipped, broken } = audits;
      await until(() => audits.right + audits.undecided + audits.skipped + audits.broken >= count);
      expect(right + undecided + skipped + broken).toBeLessThanOrEqual(count);
      return { ...audits };
    },
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      origin[Symbol.dispose]();
    },
  };
}

/** Changes the key at the origin when the audit's question comes, right before it is answered. */
function changeBeforeAnswer(origin: FakeOrigin, change: () => void): void {
  origin.script = ([name, key]) => {
    if (name !== "GET" || key !== "k") return undefined;
    origin.script = undefined;
    change();
    return undefined;
  };
}

/** Another client of the origin writes the key. */
function writeElsewhere(origin: FakeOrigin): void {
  origin.values.set("k", "new");
  for (const connection of origin.openConnections) {
    if (connection.trackedKeys.delete("k")) connection.invalidate("k");
  }
}

describe("a hit whose value the origin still has", () => {
  test("is right; the audit is no miss, and fills nothing", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const client = await local.client();
    expect(await client.must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, right: 1 });
    expect(origin.count("GET", "k")).toBe(2);
    expect(local.proxy.stats).toMatchObject({ hits: 1, misses: 1, fills: 1, discardedFills: 0 });
    expect(local.proxy.stats.origin.okCount).toBe(1);
  });

  test("is right for each key of an MGET, for GLASS.GET and for the text protocol", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const client = await local.client();
    await client.must("MGET", "k", "k", "nobody");
    await client.must("GLASS.GET", "k");
    const text = await local.textClient();
    expect(await text.ask("GET k")).toBe("{Proxy Server} : old");
    expect(await ended(4)).toEqual({ ...NONE, right: 4 });
    expect(origin.count("GET", "k")).toBe(5);
  });

  test("is asked about in a later turn of the event loop, not while requests are executed", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const { cache, origin: upstream, readThrough, nowMs } = local.proxy;
    const main = upstream.anyNode().main();
    await until(() => main.outstandingCount === 0);
    const key = cache.store.refer(new KeyRef(), utf8("k"), 0, 1);
    expect(readThrough.lookup(key, GET_QUESTION, new CopySink(), nowMs())).toBe(true);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(main.outstandingCount).toBe(0);
    expect(await ended(1)).toEqual({ ...NONE, right: 1 });
    expect(origin.count("GET", "k")).toBe(2);
  });

  test("is asked about only once its client has been answered", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.main.hold();
    const client = await local.client();
    expect(await client.must("GET", "k")).toBe("old");
    expect(await client.must("GET", "k")).toBe("old");
    await origin.received(3, "GET", "k");
    expect(local.proxy.stats.audits).toEqual(NONE);
    origin.main.release();
    expect(await ended(2)).toEqual({ ...NONE, right: 2 });
  });
});

describe("a hit whose value the origin has changed without an invalidation", () => {
  test("is a broken promise: counted, logged with its key, and dropped", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.invalidates = false;
    origin.values.set("k", "new");
    const client = await local.client();
    expect(await client.must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, broken: 1 });
    expect(await local.logged(/^a promise is broken/)).toContain('an old value of "k",');
    expect(local.messages.at(-1)!.level).toBe("error");
    expect(await client.must("GET", "k")).toBe("new");
    expect(infoField(await client.must("INFO", "cache"), "audits_broken")).toBe("1");
  });

  test("is found when the new value is large, of which nothing is kept", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.invalidates = false;
    origin.values.set("k", "n".repeat(1_000_000));
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, broken: 1 });
  });

  test("is found in an entry that expires, but not near its end", async () => {
    const clock = new ManualClock();
    await using scene = await open({ clock, heartbeatMs: NEVER_MS, heartbeatTimeoutMs: NEVER_MS });
    const { origin, local, fill, ended } = scene;
    origin.remainingMs.set("k", 10_000);
    await fill();
    origin.invalidates = false;
    origin.values.set("k", "new");
    const client = await local.client();
    clock.advance(9_899);
    expect(await client.must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, broken: 1 });
    origin.values.set("k", "old");
    expect(await client.must("GET", "k")).toBe("old");
    origin.values.set("k", "new");
    clock.advance(9_900);
    expect(await client.must("GET", "k")).toBe("old");
    expect(await ended(2)).toEqual({ ...NONE, broken: 1, undecided: 1 });
  });
});

describe("a value that differs is no broken promise", () => {
  test("if the invalidation comes before the answer", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    changeBeforeAnswer(origin, () => writeElsewhere(origin));
    const client = await local.client();
    expect(await client.must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
    expect(origin.count("PING")).toBe(0);
  });

  test("if the invalidation comes right behind the answer: the fence is behind both", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    changeBeforeAnswer(origin, () => {
      origin.values.set("k", "new");
      origin.main.hold();
    });
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    await origin.received(2, "GET", "k");
    origin.main.release(1);
    await origin.until(() => origin.main.heldFrames.length > 0);
    // In front of the reply to the fence.
    origin.main.invalidate("k", 0);
    origin.main.release();
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });

  test("if the origin then drops everything", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    changeBeforeAnswer(origin, () => {
      origin.values.set("k", "new");
      origin.main.invalidate(null);
    });
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });

  test("if a client writes the key before the answer comes", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const client = await local.client();
    origin.main.hold();
    expect(await client.must("GET", "k")).toBe("old");
    await origin.received(2, "GET", "k");
    const write = client.must("SET", "k", "new");
    await origin.received(1, "SET", "k");
    // The audit was answered before, and yet by another value: as if it had been asked behind the write.
    const [timeToLive] = origin.main.heldFrames.splice(0, 2);
    origin.main.send(timeToLive!, 0);
    origin.main.send(bulk("new"), 1);
    origin.main.release();
    expect(await write).toBe("OK");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });

  test("if another thread replaces the entry right behind the read", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const { store } = local.proxy.cache;
    const read = store.read.bind(store);
    store.read = (key, ...rest) => {
      const valueBytes = read(key, ...rest);
      store.read = read;
      // What another thread would do: an invalidation arrives, and another client's miss stores the new value.
      store.invalidate(key);
      const epoch = store.epochOf(key);
      const lease = store.beginFill(key.hash);
      const fresh = new TextEncoder().encode("new");
      expect(store.fill(key, fresh, 0, 3, 0, { lease, epoch }, local.proxy.nowMs())).toBe(true);
      store.endFill(key.hash);
      return valueBytes;
    };
    origin.values.set("k", "new");
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });

  test.each(["the audit", "the fence"])("if the connection is lost before the answer to %s", async (what) => {
    await using scene = await open({ heartbeatMs: NEVER_MS, heartbeatTimeoutMs: NEVER_MS });
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.invalidates = false;
    origin.values.set("k", "new");
    const held = what === "the audit" ? ["GET", "k"] : ["PING"];
    const before = origin.count(...held);
    origin.holdFrom(...held);
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    await origin.received(before + 1, ...held);
    const said = local.messages.length;
    origin.dropAll();
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
    await local.logged(/was lost/, said);
    expect(local.messages.map(({ level }) => level)).not.toContain("error");
  });

  test("if the origin sends no invalidations: entries live for --ttl", async () => {
    await using scene = await open({ ttlMs: 60_000 }, { tracking: false });
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.values.set("k", "new");
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });
});

describe("an answer that is stored as a whole reply", () => {
  const wholeQuestion: Question = {
    ...GET_QUESTION,
    ...{ kind: 3, form: "reply" as const },
    kept: () => wholeQuestion,
    withoutValue: () => undefined,
  };

  test("is right if it is the same, and undecided if not: a set has no order", async () => {
    await using scene = await open();
    const { origin, local, ended } = scene;
    const { cache, readThrough, nowMs } = local.proxy;
    origin.values.set("k", "old");
    const key = cache.store.refer(new KeyRef(), utf8("k"), 0, 1);
    const filled = Promise.withResolvers<void>();
    const waiter = { found: () => filled.resolve(), without() {}, arriving() {}, arrived() {} };
    readThrough.load(key, wholeQuestion, waiter, true, nowMs());
    await filled.promise;
    const sink = new CopySink();
    expect(readThrough.lookup(key, wholeQuestion, sink, nowMs())).toBe(true);
    expect(fromUtf8(sink.copy)).toBe("$3\r\nold\r\n");
    expect(await ended(1)).toEqual({ ...NONE, right: 1 });
    origin.values.set("k", "dlo");
    readThrough.lookup(key, wholeQuestion, sink, nowMs());
    expect(await ended(2)).toEqual({ ...NONE, right: 1, undecided: 1 });
  });
});

describe("there is no verdict", () => {
  test.each([
    ["the key is gone", "_\r\n"],
    ["the key has another type", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
    ["the origin answers with an error", "-BUSY Redis is busy running a script.\r\n"],
    ["the origin answers with something odd", ":5\r\n"],
  ])("if %s", async (_, answer) => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.script = ([name]) => (name === "GET" ? answer : undefined);
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });

  test("if the origin takes longer than --origin-timeout", async () => {
    await using scene = await open({
      originTimeoutMs: 50,
      heartbeatMs: NEVER_MS,
      heartbeatTimeoutMs: NEVER_MS,
    });
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.holdFrom("GET", "k");
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, undecided: 1 });
  });
});

describe("the origin is not asked", () => {
  test("while audits are off, and they can be switched on and off", async () => {
    await using scene = await open({ auditShare: 0 });
    const { origin, local, fill, ended } = scene;
    await fill();
    const client = await local.client();
    await client.must("GET", "k");
    await client.must("PING");
    expect(await client.must("CONFIG", "GET", "audit")).toEqual(["audit", "0%"]);
    expect(await client.must("CONFIG", "SET", "audit", "100%")).toBe("OK");
    await client.must("GET", "k");
    expect(await ended(1)).toEqual({ ...NONE, right: 1 });
    expect(await client.must("CONFIG", "SET", "audit", "0")).toBe("OK");
    await client.must("GET", "k");
    await client.must("EXISTS", "k");
    expect(origin.count("GET", "k")).toBe(2);
  });

  test("about more than the share of reads", async () => {
    await using scene = await open({ auditShare: 0.25, random: new SeededRandom(7) });
    const { local, fill } = scene;
    await fill();
    const client = await local.client();
    for (let n = 0; n < 1000; n++) await client.must("GET", "k");
    await client.must("EXISTS", "k");
    const { right, undecided, skipped, broken } = local.proxy.stats.audits;
    expect([undecided, skipped, broken]).toEqual([0, 0, 0]);
    expect(right).toBeGreaterThan(210);
    expect(right).toBeLessThan(290);
  });

  test("while as many audits as there may be are under way", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    origin.main.hold();
    const client = await local.client();
    const over = 10;
    const asked = Array.from({ length: AUDITS_AT_ONCE + over }, () => client.must("GET", "k"));
    await Promise.all(asked);
    expect(await ended(over)).toEqual({ ...NONE, skipped: over });
    origin.main.release();
    expect(await ended(AUDITS_AT_ONCE + over)).toEqual({ ...NONE, skipped: over, right: AUDITS_AT_ONCE });
    expect(origin.count("GET", "k")).toBe(1 + AUDITS_AT_ONCE);
    await client.must("GET", "k");
    expect((await ended(AUDITS_AT_ONCE + over + 1)).right).toBe(AUDITS_AT_ONCE + 1);
  });

  test("about large values, however they are sent", async () => {
    await using scene = await open({ memoryBytes: 16 * 1024 ** 2 });
    const { origin, local, ended } = scene;
    origin.values.set("large", "v".repeat(256 * 1024));
    origin.values.set("small", "v".repeat(256 * 1024 - 1));
    const client = await local.client();
    await client.must("MGET", "large", "small");
    await client.must("GET", "large");
    await client.must("MGET", "large", "small");
    expect(await ended(3)).toEqual({ ...NONE, skipped: 2, right: 1 });
    const { cache, readThrough, nowMs } = local.proxy;
    const key = cache.store.refer(new KeyRef(), utf8("large"), 0, 5);
    expect(readThrough.lookup(key, GET_QUESTION, new CopySink(), nowMs())).toBe(true);
    expect(await ended(4)).toEqual({ ...NONE, skipped: 3, right: 1 });
    expect(origin.count("GET", "large")).toBe(1);
  });

  test("while it is down", async () => {
    await using scene = await open();
    const { origin, local, fill, ended } = scene;
    await fill();
    const { store } = local.proxy.cache;
    const peek = store.peek.bind(store);
    // Between the read and the question the connection ends.
    store.peek = (...args) => {
      store.peek = peek;
      queueMicrotask(() => local.proxy.origin.close());
      return peek(...args);
    };
    expect(await (await local.client()).must("GET", "k")).toBe("old");
    expect(await ended(1)).toEqual({ ...NONE, skipped: 1 });
    expect(origin.count("GET", "k")).toBe(1);
  });
});
