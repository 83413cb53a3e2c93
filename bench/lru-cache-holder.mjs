/**
 * Holds entries in the npm package lru-cache and tells how much resident memory that takes, in a process of its own:
 * `bun lru-cache-holder.mjs <entries> <value bytes>`, or with Node. Values are buffers, as what a proxy would hold:
 * bytes that came from a socket and go to another one.
 */
import { readFileSync } from "node:fs";
import { LRUCache } from "lru-cache";

const entries = Number(process.argv[2]);
const valueBytes = Number(process.argv[3]);

const source = Buffer.alloc(valueBytes, "x");
const cache = new LRUCache({ max: entries });
const put = (index) => cache.set(`key:${String(index).padStart(16, "0")}`, Buffer.from(source));
for (let index = 0; index < 1000; index++) put(index);
collect();
const before = residentBytes();
for (let index = 0; index < entries; index++) put(index);
collect();
process.stdout.write(`${JSON.stringify({ held: cache.size, growthBytes: residentBytes() - before })}\n`);

function collect() {
  if (globalThis.Bun !== undefined) globalThis.Bun.gc(true);
  else globalThis.gc?.();
}

function residentBytes() {
  return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
}
