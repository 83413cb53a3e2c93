import { expect, test } from "bun:test";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";
import type { ServerTls } from "../../lib/tls.ts";
import type { CachingProxy } from "../proxy.ts";
import { carryOut, type OrderedThread } from "./orders.ts";
import type { FromThread } from "./thread-messages.ts";

/** A thread that notes what happens to it, and ends each of its waits when the test says so. */
class FakeThread {
  readonly happened: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly thread: OrderedThread;

  /** @param proxy takes the place of the fake one */
  constructor(proxy?: CachingProxy, { hasPeers = true } = {}) {
    const note = (what: string) => () => void this.happened.push(what);
    const wait = (what: string) => () => this.#wait(what);
    const fake = {
      settings: { originPassword: "before", heartbeatMs: 100 },
      host: {
        access: { adopt: note("adopts users"), peers: hasPeers ? { adopt: wait("peers") } : undefined },
      },
      close: note("closes"),
      recorder: { close: wait("recorder") },
    };
    this.thread = {
      proxy: proxy ?? (fake as unknown as CachingProxy),
      listener: {
        drain: (forMs) => this.#wait(`drain for ${forMs} ms`).then(() => 2),
        replaceTls: ({ authorities }) => void this.happened.push(`TLS with ${authorities}`),
      },
      log: { info() {}, warn: (text: object | string) => void this.happened.push(String(text)), error() {} },
      warmth: { finish: wait("warmth") },
      tell: (message: FromThread) => void this.happened.push(`tells ${JSON.stringify(message)}`),
      beginDrain: note("begins to drain"),
      stop: note("stops"),
      leave: note("leaves"),
    };
  }

  #wait(what: string): Promise<void> {
    this.happened.push(`${what} begins`);
    return new Promise((resolve) => this.#ends.set(what, resolve));
  }

  /** Ends a wait, and lets what follows from it happen. */
  async end(what: string): Promise<void> {
    this.#ends.get(what)!();
    await turns();
  }

  /** What has happened since the last call. */
  async since(): Promise<string[]> {
    await turns();
    return this.happened.splice(0);
  }
}

/** Lets all promises settle that nothing outside holds up. */
async function turns(): Promise<void> {
  await new Promise(setImmediate);
}

test("users are adopted here, then by all other threads, before the supervisor hears of it", async () => {
  const fake = new FakeThread();
  void carryOut({ type: "users", id: 7 }, fake.thread);
  expect(await fake.since()).toEqual(["adopts users", "peers begins"]);
  await fake.end("peers");
  expect(await fake.since()).toEqual(['tells {"type":"changed","id":7}']);
});

test("users are adopted by a thread that is alone", async () => {
  const fake = new FakeThread(undefined, { hasPeers: false });
  await carryOut({ type: "users", id: 8 }, fake.thread);
  expect(await fake.since()).toEqual(["adopts users", 'tells {"type":"changed","id":8}']);
});

test("settings are changed, or the supervisor hears why not", async () => {
  await using origin = new FakeOrigin();
  await using local = await LocalProxy.start({ origin: origin.port });
  const fake = new FakeThread(local.proxy);
  await carryOut({ type: "change", id: 1, changes: [{ name: "ttl", text: "7s" }] }, fake.thread);
  expect(local.proxy.settings.ttlMs).toBe(7000);
  await carryOut({ type: "change", id: 2, changes: [{ name: "threads", text: "3" }] }, fake.thread);
  expect(await fake.since()).toEqual([
    'tells {"type":"changed","id":1}',
    'tells {"type":"changed","id":2,"problem":"--threads: cannot be changed while the proxy runs"}',
  ]);
});

test("another way to the origin takes the place of the present one, and leaves other settings", async () => {
  const fake = new FakeThread();
  await carryOut({ type: "origin-access", access: { originPassword: "after" } }, fake.thread);
  expect(fake.thread.proxy.settings).toMatchObject({ originPassword: "after", heartbeatMs: 100 });
});

test("a renewed certificate is the listener's", async () => {
  const fake = new FakeThread();
  await carryOut({ type: "tls", settings: { authorities: "others" } as ServerTls }, fake.thread);
  expect(await fake.since()).toEqual(["TLS with others"]);
});

test("the cache is saved as it was when the drain began, and both are over before the supervisor hears of it", async () => {
  const fake = new FakeThread();
  void carryOut({ type: "drain", forMs: 500 }, fake.thread);
  expect(await fake.since()).toEqual(["begins to drain", "warmth begins", "drain for 500 ms begins"]);
  await fake.end("drain for 500 ms");
  expect(await fake.since()).toEqual(["2 connections were cut off: they did not take their replies in time"]);
  await fake.end("warmth");
  expect(await fake.since()).toEqual(['tells {"type":"drained"}']);
});

test("a thread that ends closes its clients first, and leaves when the recording is complete", async () => {
  const fake = new FakeThread();
  void carryOut({ type: "end" }, fake.thread);
  expect(await fake.since()).toEqual(["stops", "closes", "recorder begins"]);
  await fake.end("recorder");
  expect(await fake.since()).toEqual(['tells {"type":"ended"}', "leaves"]);
});
