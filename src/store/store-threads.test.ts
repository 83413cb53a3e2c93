import { describe, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { Store, type StoreHandle } from "./store.ts";
import { type StressCounts, type StressGround, type StressOptions, stressGround } from "./store-stress.ts";

const NOW_MS = 1_700_000_000_000;

const holders = { next: 2 };

/** Returns a holder number of its own for each worker. */
function nextHolder(): number {
  return holders.next++;
}

/** Runs a piece of code in a worker that has attached to a store, as `run(store, data)`. */
function inWorker<Result>(
  handle: StoreHandle,
  data: unknown,
  run: string,
  holder = nextHolder(),
): Promise<Result> {
  const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const source = `
    import { Store } from ${at("./store.ts")};
    import { stress } from ${at("./store-stress.ts")};
    import { keyIn } from ${at("./key-fixture.ts")};
    const run = ${run};
    onmessage = ({ data: [handle, data, holder] }) => {
      try {
        postMessage({ result: run(Store.attach(handle, holder), data) });
      } catch (error) {
        postMessage({ failure: error.stack });
      }
    };`;
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  const worker = new Worker(url);
  return new Promise<Result>((resolve, reject) => {
    worker.onmessage = ({ data: reply }) => {
      if (reply.failure === undefined) resolve(reply.result);
      else reject(new Error(reply.failure));
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage([handle, data, holder]);
  }).finally(() => {
    worker.terminate();
    URL.revokeObjectURL(url);
  });
}

describe("store and threads", () => {
  test("the locks of a dead thread are taken over, and the shards it was changing are emptied", async () => {
    const store = Store.create({ budgetBytes: 4 << 20, hashKey: { low: 5, high: 0 }, shards: 4 });
    const keys = Array.from({ length: 200 }, (_, index) => utf8(`key-${index}`));
    for (const key of keys) store.set(keyIn(store, key), utf8("value"), 0, NOW_MS);
    // A sink that throws leaves no lock behind. This thread ends inside the sink, so its lock stays.
    const holder = 77;
    const source = `
      import { Store } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
      import { keyIn } from ${JSON.stringify(new URL("./key-fixture.ts", import.meta.url).href)};
      onmessage = ({ data: handle }) => {
        const store = Store.attach(handle, ${holder});
        const key = new TextEncoder().encode("key-0");
        store.read(keyIn(store, key), ${NOW_MS}, {
          openValue() {
            postMessage("inside");
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
          },
          closeValue() {},
        });
      };`;
    const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
    const worker = new Worker(url);
    await new Promise<void>((resolve) => {
      worker.onmessage = () => resolve();
      worker.postMessage(store.handle);
    });
    const closed = new Promise<void>((resolve) => worker.addEventListener("close", () => resolve()));
    worker.terminate();
    await closed;
    expect(store.recover(holder + 1)).toBe(0);
    expect(store.recover(holder)).toBe(1);
    expect(store.recover(holder)).toBe(0);
    store.check();
    const left = keys.filter((key) => store.get(keyIn(store, key), NOW_MS) !== undefined);
    expect(left.length).toBeGreaterThan(100);
    expect(left.length).toBeLessThan(200);
    expect(left).not.toContainEqual(keys[0]!);
    URL.revokeObjectURL(url);
  });

  test("a thread reads and removes what another one stored", async () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 5, high: 0 }, shards: 2 });
    const key = utf8("greeting");
    store.set(keyIn(store, key), utf8("hello"), 0, NOW_MS);
    const seen = await inWorker<string>(
      store.handle,
      NOW_MS,
      `(store, nowMs) => {
        const key = new TextEncoder().encode("greeting");
        const value = new TextDecoder().decode(store.get(keyIn(store, key), nowMs));
        store.remove(keyIn(store, key), nowMs);
        store.bumpEpoch();
        store.setPolicy("lru");
        return value;
      }`,
    );
    expect(seen).toBe("hello");
    expect(store.get(keyIn(store, key), NOW_MS)).toBeUndefined();
    expect(store.epochCount).toBe(1);
    expect(store.policyName).toBe("lru");
    expect(store.explain(keyIn(store, key), NOW_MS)).toBeUndefined();
    store.set(keyIn(store, key), utf8("again"), 0, NOW_MS);
    expect(store.explain(keyIn(store, key), NOW_MS)?.queue).toBe("queue");
    store.check();
  });

  test("no value is torn, of another key, or older than what was acknowledged", async () => {
    const seed = Number(process.env["GLASSCACHE_SEED"] ?? 1);
    const threads = Number(process.env["GLASSCACHE_STRESS_THREADS"] ?? 3);
    const operations = Number(process.env["GLASSCACHE_STRESS_OPERATIONS"] ?? 60_000);
    const store = Store.create({
      budgetBytes: 700_000,
      mostBudgetBytes: 1_100_000,
      hashKey: { low: seed, high: 0 },
      shards: 2,
    });
    const ground: StressGround = stressGround();
    const policies = storePolicyNames();
    const counts = await Promise.all(
      Array.from({ length: threads }, (_, thread) => {
        const options: StressOptions = { thread, threads, seed, operations, policies };
        return inWorker<StressCounts>(
          store.handle,
          { ground, options },
          "(store, { ground, options }) => stress(store, ground, options)",
        );
      }),
    );
    store.check();
    for (const { hits, fills } of counts) {
      expect(hits).toBeGreaterThan(operations / 400);
      expect(fills).toBeGreaterThan(operations / 400);
    }
    expect(store.usesHashSlots).toBe(true);
    expect(store.stats().evictions).toBeGreaterThan(0);
    expect(store.stats().moves).toBeGreaterThan(0);
  }, 3_600_000);
});
