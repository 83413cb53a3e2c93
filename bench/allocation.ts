/**
 * Counts what a hit allocates. The proxy answers ten million pipelined GETs while garbage collection is prevented, so
 * that every object can be counted afterwards. A server that only answers (bench/floor.ts) does the same, to show the
 * runtime's own objects. Prints the objects and bytes per request, by type.
 *
 *   npm run bench:allocation [-- --requests N] [-- --pipeline N]
 */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { HeapCount } from "./heap-probe.ts";
import { fill, HOT_KEYS, load } from "./loading.ts";
import { Probing } from "./probe.ts";
import { floorTarget, type Probe, proxyHitTarget, serverTarget, type Target } from "./targets.ts";

/** The heap may grow beyond what a run makes before the collector runs, and no timer of the runtime runs it. */
const UNCOLLECTED: Probe = {
  BUN_JSC_largeHeapSize: String(16 * 1024 ** 3),
  BUN_GC_TIMER_DISABLE: "1",
};
/**
 * Fewer objects of a type do not come from requests, but from timers, new connections, compilation or the probe
 * itself.
 */
const LEAST_OBJECTS = 0.0005;

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "10000000" },
    pipeline: { type: "string", default: "16" },
  },
});
const requests = Number(flags.requests);
const pipeline = Number(flags.pipeline);

const starters: ((probe: Probe) => Promise<Target>)[] = [
  floorTarget,
  (probe) => proxyHitTarget("resp", probe),
  (probe) => proxyHitTarget("text", probe),
  (probe) => serverTarget("memory", probe),
];
process.stdout.write(
  `${requests.toLocaleString("en")} GETs, pipeline ${pipeline}; made a request, nothing collected:\n\n` +
    "| | resident bytes | objects | of these |\n| --- | --: | --: | --- |\n",
);
for (const start of starters) process.stdout.write(await measure(start));

async function measure(start: (probe: Probe) => Promise<Target>): Promise<string> {
  using probing = new Probing("./heap-probe.ts", UNCOLLECTED);
  const target = await start(probing.environment);
  try {
    await fill(target);
    // A tenth of the requests first, until code is compiled and buffers have grown.
    await ask(target, requests / 10);
    const before = await count(probing.file);
    await ask(target, requests);
    return row(target.name, before, await count(probing.file));
  } finally {
    await target.stop();
  }
}

async function ask({ name, port, wire }: Target, total: number): Promise<void> {
  const load_ = { port, wire, keys: HOT_KEYS, pipeline, connections: 50, seed: 1, seconds: 600 };
  const result = await load({ ...load_, operation: "get", order: "random", requests: total });
  if (result.wrongReplies > 0) throw new Error(`${name}: ${result.wrongReplies} wrong replies`);
}

async function count(file: string): Promise<HeapCount> {
  const { promise, resolve } = Promise.withResolvers<HeapCount>();
  let text = "";
  await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(readFileSync(file, "utf8")),
    socket: {
      data(_socket, data) {
        text += data.toString();
      },
      close() {
        resolve(JSON.parse(text) as HeapCount);
      },
    },
  });
  return promise;
}

function row(name: string, before: HeapCount, after: HeapCount): string {
  const made = Object.entries(after.objects)
    .map(([type, number]) => [type, (number - (before.objects[type] ?? 0)) / requests] as const)
    .filter(([, number]) => number >= LEAST_OBJECTS)
    .sort(([, a], [, b]) => b - a);
  const objects = made.reduce((sum, [, number]) => sum + number, 0);
  const bytes = (after.residentBytes - before.residentBytes) / requests;
  const types = made.map(([type, number]) => `${type} ${number.toFixed(4)}`).join(", ");
  return `| ${name} | ${bytes.toFixed(1)} | ${objects.toFixed(4)} | ${types} |\n`;
}
