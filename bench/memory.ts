/**
 * Measures memory beside other programs: the overhead of an entry beyond its key and value, and how much of a budget
 * is lost when the sizes of values shift.
 *
 *   npm run bench:memory                        everything (a quarter of an hour)
 *   npm run bench:memory -- --entries 0         only the shift of sizes
 *   npm run bench:memory -- --budgets 16,64     budgets in MB for the shift; "" measures only entries
 *   npm run bench:memory -- --write             also writes bench/RESULTS.md
 */

import { parseArgs } from "node:util";
import { CacheClient } from "./cache-client.ts";
import { fillBatch, type ShiftResult, shiftSizes } from "./memory-load.ts";
import { entrySubjects, holdInLruCache, shiftSubjects } from "./memory-subjects.ts";
import { residentBytes } from "./process-usage.ts";
import { machine, versions, writeSection } from "./report.ts";
import { keyOf, VALUE_BYTES } from "./wire.ts";

const KEY_BYTES: number = keyOf(0).length;
const WARM_UP_KEYS = 1000;
const WARM_UP_ROUNDS = 100;
/** After this time without requests, a runtime with a garbage collector has freed its unused memory. */
const REST_MS = 12_000;

const { values: flags } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    budgets: { type: "string", default: "16,64,256" },
    write: { type: "boolean", default: false },
  },
});
const entries = Number(flags.entries);
const budgets = flags.budgets.split(",").filter((text) => text !== "");

if (entries > 0) tell("memory of an entry", await reportEntries());
if (budgets.length > 0) tell("shift of sizes", await reportShifts());

function tell(section: string, lines: readonly string[]): void {
  const report = `Taken on ${machine()}. ${versions()}.\n\n${lines.join("\n")}`;
  process.stdout.write(report);
  if (flags.write) writeSection(section, report);
}

async function reportEntries(): Promise<string[]> {
  const rows: string[] = [];
  const row = (name: string, growthBytes: number, atOnceBytes = growthBytes, beforeBytes?: number) => {
    const [beyond, beyondAtOnce] = [growthBytes, atOnceBytes].map((bytes) =>
      (bytes / entries - KEY_BYTES - VALUE_BYTES).toFixed(1),
    );
    const before = beforeBytes === undefined ? "" : inMegabytes(beforeBytes);
    rows.push(`| ${name} | ${before} | ${inMegabytes(growthBytes)} | ${beyond} | ${beyondAtOnce} |`);
    process.stderr.write(`${rows.at(-1)}\n`);
  };
  for (const start of entrySubjects) {
    const subject = await start();
    try {
      const client = await CacheClient.connect(subject.wire, subject.port);
      const origin = await CacheClient.connect("resp", subject.fillPort);
      const filler = subject.fillPort === subject.port ? client : origin;
      // The program's own memory grows with the first requests, and must not count as that of entries.
      for (let round = 0; round < WARM_UP_ROUNDS; round++) await fillBatch(filler, client, 0, WARM_UP_KEYS);
      await Bun.sleep(REST_MS);
      const before = residentBytes(subject.pid);
      for (let first = 0; first < entries; first += 1000) await fillBatch(filler, client, first, 1000);
      const atOnce = residentBytes(subject.pid);
      await Bun.sleep(REST_MS);
      row(subject.name, residentBytes(subject.pid) - before, atOnce - before, before);
      await checkHeld(client);
      client.close();
      origin.close();
    } finally {
      await subject.stop();
    }
  }
  for (const runtime of ["bun", "node"] as const) {
    const held = await holdInLruCache(runtime, entries, VALUE_BYTES);
    row(`lru-cache in ${held.version}`, held.growthBytes);
  }
  const count = entries.toLocaleString("en");
  return [
    `Growth of resident memory by ${count} entries with keys of ${KEY_BYTES} bytes and values of ${VALUE_BYTES}, after a ` +
      `warm-up of 100,000 requests and ${REST_MS / 1000} s of rest, measured after as long a rest; what an entry takes ` +
      "beyond key and value is that growth by entry, less both. *At once* is the same without the second rest: with " +
      "what a collector has not taken yet.",
    "",
    "| | resident before, MB | growth, MB | bytes an entry beyond key and value | at once |",
    "| --- | --: | --: | --: | --: |",
    ...rows,
    "",
  ];
}

function inMegabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

/** @throws Error when entries have been evicted: the figure would cover fewer entries */
async function checkHeld(client: CacheClient): Promise<void> {
  let held = 0;
  for (let first = 0; first < entries; first += 1000) {
    const hits = await client.get(Array.from({ length: 1000 }, (_, index) => keyOf(first + index)));
    held += hits.filter(Boolean).length;
  }
  if (held !== entries) throw new Error(`${held} of ${entries} entries are there`);
}

async function reportShifts(): Promise<string[]> {
  const rows: string[] = [];
  for (const megabytes of budgets.map(Number)) {
    for (const start of shiftSubjects) {
      const subject = await start(megabytes);
      try {
        for (const result of await shiftSizes(subject, megabytes * 2 ** 20)) {
          rows.push(shiftRow(megabytes, subject.name, result));
          process.stderr.write(`${rows.at(-1)}\n`);
        }
      } finally {
        await subject.stop();
      }
    }
  }
  return [
    "A cache is asked for keys (Zipf, α = 0.9) and given what it does not have: first values of 10 to 1,000 bytes, then, " +
      "under other keys, of 1,000 to 100,000, then of 10 to 100,000, sizes spread evenly on a logarithmic scale. In each " +
      "phase there is about four times as much as the budget holds, and three times the budget is written; hits are " +
      "counted in the last third. *Payload* is keys and values resident at the end of a phase as a share of the budget; " +
      "*lost* is what is neither payload nor the entries' own overhead (ours: 36 bytes, more for large ones; " +
      "memcached: what its `bytes` counts; redis does not tell). *Resident* is the most that resident memory grew above " +
      "that of the idle program, as a share of the budget.",
    "",
    "| budget MB | | sizes | hits % | payload % | lost % | resident % |",
    "| --: | --- | --- | --: | --: | --: | --: |",
    ...rows,
    "",
  ];
}

function shiftRow(megabytes: number, name: string, result: ShiftResult): string {
  const percent = (share: number | undefined) => (share === undefined ? "" : (share * 100).toFixed(1));
  const { phase, hitRatio, payloadShare, lostShare, residentShare } = result;
  return `| ${megabytes} | ${name} | ${phase} | ${percent(hitRatio)} | ${percent(payloadShare)} | ${percent(lostShare)} | ${percent(residentShare)} |`;
}
