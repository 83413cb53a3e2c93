/**
 * Changes the program in small ways, one at a time, and reports the changes that no test notices: README.md.
 * `bin/bun test/mutation/run.ts [--seed N] [--count N] [--skip N] [--only ROOM] [--jobs N] [--json FILE]`
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom } from "../../src/lib/random.ts";
import { type Drawn, draw } from "./draw.ts";
import { whyEquivalent } from "./equivalents.ts";
import { Judge, type Verdict } from "./judge.ts";
import { Uses } from "./nearest-tests.ts";
import { Program } from "./program.ts";
import { ROOMS } from "./rooms.ts";
import { Scratch } from "./scratch.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    count: { type: "string", default: "60" },
    /** Goes on with a run that was stopped. */
    skip: { type: "string", default: "0" },
    only: { type: "string" },
    jobs: { type: "string", default: "1" },
    /** Shows what would be tried. */
    list: { type: "boolean", default: false },
    json: { type: "string" },
    "file-seconds": { type: "string", default: "120" },
    "test-seconds": { type: "string", default: "20" },
    "mutation-seconds": { type: "string", default: "1800" },
  },
});
const rooms = ROOMS.filter(({ name }) => values.only === undefined || name === values.only);
if (rooms.length === 0) {
  throw new Error(`--only ${values.only}: known rooms are ${ROOMS.map(({ name }) => name).join(", ")}`);
}
const seed = whole("seed", 0);
const limits = {
  fileMs: whole("file-seconds", 1) * 1000,
  testMs: whole("test-seconds", 1) * 1000,
  mutationMs: whole("mutation-seconds", 1) * 1000,
};
/** Caught of all that are not equivalent. */
const LEAST_SHARE = 0.9;

const root = join(import.meta.dir, "../..");
console.log(`seed ${seed}`);
const results: Result[] = [];
using scratch = new Scratch(root);
const drawn = (await drawAll()).slice(whole("skip", 0));
const uses = Uses.read(root);
if (values.list) for (const one of drawn) console.log(told(one));
else {
  await tryAll();
  report();
}

interface Result {
  readonly room: string;
  readonly kind: string;
  readonly path: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  readonly verdict: Verdict;
  readonly how: string;
}

function whole(name: "seed" | "count" | "skip" | "jobs" | `${string}-seconds`, least: number): number {
  const value = Number((values as Record<string, unknown>)[name]);
  if (!Number.isInteger(value) || value < least) {
    throw new Error(`--${name}: a whole number from ${least} is needed`);
  }
  return value;
}

async function drawAll(): Promise<Drawn[]> {
  const program = new Program(scratch.root);
  try {
    return await draw(scratch, program, rooms, whole("count", 1), new SeededRandom(seed));
  } finally {
    await program.close();
  }
}

function told({ room, mutation, description: { line, before, after } }: Drawn): string {
  return `${room.name}, ${mutation.kind}: ${mutation.path}:${line}\n    ${before}\n  → ${after}`;
}

async function tryAll(): Promise<void> {
  const copies = [scratch, ...Array.from({ length: whole("jobs", 1) - 1 }, () => new Scratch(root))];
  try {
    const judged: Drawn[] = [];
    for (const one of drawn) {
      const reason = whyEquivalent(one.mutation.path, one.description);
      if (reason === undefined) judged.push(one);
      else conclude(one, "equivalent", reason);
    }
    await new Judge(copies, uses, limits, conclude).judge(judged);
  } finally {
    for (const copy of copies.slice(1)) copy[Symbol.dispose]();
  }
}

function conclude(one: Drawn, verdict: Verdict, how: string): void {
  const { path, kind } = one.mutation;
  results.push({ room: one.room.name, kind, path, ...one.description, verdict, how });
  console.log(`\n${results.length}/${drawn.length} ${verdict.toUpperCase()}, ${told(one)}\n  ${how}`);
}

function report(): void {
  const count = (verdict: Verdict, room?: string): number =>
    results.filter((result) => result.verdict === verdict && (room === undefined || result.room === room))
      .length;
  console.log("\nroom        caught  survived  equivalent");
  for (const { name } of rooms) {
    const cells = [count("caught", name), count("survived", name), count("equivalent", name)];
    const [caught, survived, equivalent] = cells.map(String);
    console.log(
      `${name.padEnd(12)}${caught!.padStart(6)}${survived!.padStart(10)}${equivalent!.padStart(12)}`,
    );
  }
  const survivors = results.filter(({ verdict }) => verdict === "survived");
  for (const { path, line, kind, before, after } of survivors) {
    console.log(`\nSURVIVED ${path}:${line}, ${kind}\n    ${before}\n  → ${after}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  const judged = count("caught") + count("survived");
  const share = judged === 0 ? 1 : count("caught") / judged;
  console.log(
    `\nseed ${seed}: ${count("caught")} of ${judged} caught (${(100 * share).toFixed(0)} %), ` +
      `${count("equivalent")} equivalent`,
  );
  process.exitCode = share >= LEAST_SHARE ? 0 : 1;
}
