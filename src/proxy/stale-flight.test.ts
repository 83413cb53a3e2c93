import { expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { ManualClock } from "../lib/clock.ts";

// Found by the coherence checker: replies to a connection that was being set up stalled for longer than the bound.
test.each([
  ["within the staleness bound joins", 1000, 300, 1, "old"],
  ["beyond it asks anew", 1000, 301, 2, "new"],
  ["within the bound of an origin that may turn out not to track joins", 200, 200, 1, "old"],
  ["beyond that asks anew", 200, 201, 2, "new"],
])("a read that finds a flight %s", async (_, ttlMs, laterMs, questions, value) => {
  using origin = new FakeOrigin();
  const clock = new ManualClock();
  const options = { origin: origin.port, clock, ttlMs, heartbeatMs: 100, heartbeatTimeoutMs: 200 };
  await using local = await LocalProxy.start({ ...options, originTimeoutMs: 60_000 });
  origin.holdFrom("CLIENT", "TRACKING");
  origin.values.set("a", "old");
  const [first, second] = await local.clients(2);
  const early = first!.ask("GET", "a");
  await origin.received(1, "GET", "a");
  origin.values.set("a", "new");
  clock.advance(laterMs);
  const late = second!.ask("GET", "a");
  while (local.proxy.stats.misses < 2) await new Promise(setImmediate);
  await origin.received(questions, "GET", "a");
  origin.releaseAll();
  expect(await early).toBe("old");
  expect(await late).toBe(value);
  expect(origin.count("GET", "a")).toBe(questions);
});

test("a read that joined a flight after its value had expired asks again", async () => {
  using origin = new FakeOrigin();
  const clock = new ManualClock();
  await using local = await LocalProxy.ready({ origin: origin.port, clock, originTimeoutMs: 60_000 });
  origin.values.set("a", "short-lived");
  origin.remainingMs.set("a", 50);
  origin.holdFrom("PTTL");
  const [first, second, third] = await local.clients(3);
  const asking = first!.ask("GET", "a");
  await origin.received(1, "GET", "a");
  clock.advance(49);
  const inTime = second!.ask("GET", "a");
  while (local.proxy.stats.misses < 2) await new Promise(setImmediate);
  clock.advance(1);
  const late = third!.ask("GET", "a");
  while (local.proxy.stats.misses < 3) await new Promise(setImmediate);
  origin.values.delete("a");
  origin.remainingMs.delete("a");
  origin.releaseAll();
  expect(await Promise.all([asking, inTime, late])).toEqual(["short-lived", "short-lived", null]);
  expect(origin.count("GET", "a")).toBe(2);
  expect(local.proxy.cache.flightCount).toBe(0);
});

// Found by the coherence checker: a client's second read was answered with an older value than its first.
test.each([1, 2])(
  "a client whose read asks again reads nothing older behind it (%p requests at once)",
  async (atOnce) => {
    using origin = new FakeOrigin();
    const clock = new ManualClock();
    await using local = await LocalProxy.ready({ origin: origin.port, clock, originTimeoutMs: 60_000 });
    origin.values.set("a", "0");
    origin.remainingMs.set("a", 50);
    origin.holdFrom("PTTL");
    const [other, writer, client, passing] = await local.clients(4);
    const first = other!.ask("GET", "a");
    await origin.received(1, "GET", "a");
    clock.advance(60);
    // It joins the flight. The value that comes has expired before.
    const replies = [client!.ask("GET", "a")];
    if (atOnce === 2) replies.push(client!.ask("GET", "a"));
    while (local.proxy.stats.misses < 2) await new Promise(setImmediate);
    const written = writer!.ask("SET", "a", "1");
    await origin.received(1, "SET");
    origin.remainingMs.delete("a");
    if (atOnce === 1) replies.push(client!.ask("GET", "a"));
    // The request behind the write is on its way, if there is one.
    for (let n = 0; n < 10; n++) await passing!.must("ECHO", "some");
    const writtenAgain = writer!.ask("SET", "a", "2");
    await origin.received(2, "SET");
    origin.releaseAll();
    expect(await first).toBe("0");
    await Promise.all([written, writtenAgain]);
    const [one, two] = (await Promise.all(replies)).map(Number);
    expect(two).toBeGreaterThanOrEqual(one!);
  },
);
