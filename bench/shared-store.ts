/**
 * Measures what another thread that reads the same cache costs a thread: hits of a store in shared memory, from one
 * thread and from two on two CPUs. There are no sockets, because they would leave no CPU for the load on a machine
 * with two.
 *
 *   npm run bench:shared-store
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { ByteBuffer, type ValueSink } from "../src/lib/byte-buffer.ts";
import { KeyRef } from "../src/lib/key-ref.ts";
import { SeededRandom } from "../src/lib/random.ts";
import { ZipfSampler } from "../src/sim/workload/zipf.ts";
import { keyIn } from "../src/store/key-fixture.ts";
import { ABSENT } from "../src/store/reading.ts";
import { Store, type StoreHandle } from "../src/store/store.ts";
import { median } from "./loading.ts";
import { keyOf, VALUE_BYTES } from "./wire.ts";

const KEYS = 10_000;
const DRAWN = 1 << 18;
const READS = 8_000_000;
const ROUNDS = 5;
/** The number that the proxy uses for two threads. */
const SHARDS = 8;
const NOW_MS = 1;

interface Task {
  readonly handle: StoreHandle;
  readonly holder: number;
}

if (isMainThread) await compare();
else {
  const { handle, holder } = workerData as Task;
  const read = reader(handle, holder);
  read(READS / 4);
  parentPort!.on("message", () => parentPort!.postMessage(read(READS)));
  parentPort!.postMessage("warm");
}

async function compare(): Promise<void> {
  const store = Store.create({
    budgetBytes: 64 * 1024 ** 2,
    policy: "s3-fifo",
    hashKey: { low: 1, high: 0 },
    shards: SHARDS,
  });
  const value = new Uint8Array(VALUE_BYTES);
  for (let index = 0; index < KEYS; index++) {
    const key = Buffer.from(keyOf(index));
    store.set(keyIn(store, key), value, 0, NOW_MS);
  }
  const workers = [2, 3].map(
    (holder) =>
      new Worker(new URL(import.meta.url), { workerData: { handle: store.handle, holder } satisfies Task }),
  );
  await Promise.all(workers.map(answer));
  const alone: number[] = [];
  const together: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(...(await measure(workers.slice(0, 1))));
    together.push(...(await measure(workers)));
  }
  for (const worker of workers) await worker.terminate();
  const [one, two] = [median(alone), median(together)];
  console.log(`nanoseconds a hit (${KEYS} keys after Zipf, ${ROUNDS} rounds of ${READS / 1e6} million):`);
  console.log(`one thread ${one.toFixed(0)}, each of two threads ${two.toFixed(0)}`);
  console.log(`sharing costs a hit ${(two - one).toFixed(0)} ns`);
}

function measure(workers: readonly Worker[]): Promise<number[]> {
  return Promise.all(
    workers.map((worker) => {
      worker.postMessage("read");
      return answer(worker) as Promise<number>;
    }),
  );
}

function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.once("message", resolve));
}

/** @returns a function that reads a number of keys, and returns the nanoseconds per read */
function reader(handle: StoreHandle, holder: number): (count: number) => number {
  const store = Store.attach(handle, holder);
  const sampler = new ZipfSampler(KEYS, 1, new SeededRandom(holder));
  const keys = Array.from({ length: KEYS }, (_, index) => Buffer.from(keyOf(index)));
  const drawn = Int32Array.from({ length: DRAWN }, () => sampler.next() - 1);
  const out = new ByteBuffer(VALUE_BYTES);
  const sink: ValueSink = { openValue: () => out, closeValue: () => {} };
  const ref = new KeyRef();
  return (count) => {
    const begun = performance.now();
    for (let i = 0; i < count; i++) {
      const key = keys[drawn[i & (DRAWN - 1)]!]!;
      out.length = 0;
      if (store.read(store.refer(ref, key, 0, key.length), NOW_MS, sink) === ABSENT)
        throw new Error("a miss");
    }
    return ((performance.now() - begun) * 1e6) / count;
  };
}
