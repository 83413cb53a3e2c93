/**
 * A process that fills a cold cache by `getOrSet`, for test/get-or-set.test.ts. Arguments: port, number of keys, lease
 * in milliseconds, `hang` for a loader that never ends. It says `ready`, waits for a line, asks for all keys at once,
 * and prints what it saw as JSON. Loads are counted in the store.
 */
import { connect } from "../../src/client/client.ts";
import { SeededRandom } from "../../src/lib/random.ts";

const [port, count, leaseMs, mode] = process.argv.slice(2);
const options = { host: "127.0.0.1", port: Number(port), timeoutMs: 60_000 };
const client = await connect(options);
const origin = await connect(options);

async function load(key: string): Promise<string> {
  await origin.command("INCR", `loads of ${key}`);
  if (mode === "hang") {
    console.log("loading");
    await new Promise(() => {});
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  return `value of ${key}`;
}

console.log("ready");
for await (const _ of console) break;

const random = new SeededRandom(process.pid);
const order = Array.from({ length: Number(count) }, (_, index) => ({
  key: `key ${index}`,
  at: random.next(),
}));
order.sort((a, b) => a.at - b.at);
const startedMs = performance.now();
const values = await Promise.all(
  order.map(({ key }) => client.getOrSet(key, () => load(key), { ttlMs: 600_000, leaseMs: Number(leaseMs) })),
);
const ms = performance.now() - startedMs;
const right = values.every((value, index) => value === `value of ${order[index]!.key}`);
await client.close();
await origin.close();
console.log(JSON.stringify({ right, ms, stats: client.stats }));
