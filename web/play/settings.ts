import type { SizeUnit } from "../../src/replay/simulated-cache.ts";
import { parseCacheSizes } from "../../src/sim/cache-size.ts";
import { parseColumns } from "../../src/sim/trace/columns.ts";
import { parseSpecification } from "../../src/sim/workload/specification.ts";
import { openWorkload } from "../../src/sim/workload/workload.ts";
import { CONDITION_SETTINGS, type Conditions, DEFAULT_CONDITIONS, wholeNumber } from "./conditions.ts";
import { policyName } from "./decider.ts";
import { REQUESTS_LIMIT } from "./limits.ts";
import { AS_DETECTED, parseSkipping, type Reading, readingParts } from "./reading.ts";
import { TRACES } from "./traces.ts";
import { parseTyped } from "./typed-requests.ts";

/** Everything that decides what the playground shows; two pages with equal settings show the same. */
export interface PlaySettings {
  /** A generator such as `zipf(n=100)`, requests that were typed, or a trace. */
  readonly workload: Workload;
  readonly seed: number;
  /** From one to four; their sizes have one unit. */
  readonly caches: readonly PlayCache[];
  readonly conditions: Conditions;
  /** How many requests have been made. */
  readonly at: number;
  readonly speed: Speed;
  /** The code of the policy that is written in the page, packed for the address. */
  readonly code?: string | undefined;
}

export type Workload = MadeWorkload | RecordedWorkload;

/** Requests that follow from the settings alone. */
export type MadeWorkload =
  /** `text` is without seed and number of requests. */
  | { readonly kind: "generated"; readonly text: string; readonly requests: number }
  | { readonly kind: "typed"; readonly text: string };

/** `file`: one of the reader's, which the address can only name. `trace`: one that comes along with the page. */
export interface RecordedWorkload {
  readonly kind: "file" | "trace";
  readonly name: string;
  readonly reading: Reading;
}

export interface PlayCache {
  /** In the form that `parsePolicy` reads, or `WRITTEN`. */
  readonly policy: string;
  readonly size: number;
  readonly unit: SizeUnit;
}

/** Requests a second; `max`: as fast as it goes. */
export const SPEEDS = [1, 3, 10, 100, 1000, "max"] as const;
export type Speed = (typeof SPEEDS)[number];

export const CACHES_LIMIT = 4;
/** Beyond it a copy of a cache, which steps back need, becomes too large. */
const ENTRIES_LIMIT = 200_000;

export const DEFAULT_SETTINGS: PlaySettings & { readonly workload: MadeWorkload } = {
  workload: {
    kind: "generated",
    text: "loop(n=1000,share=0.35,others=24,alpha=0.7)",
    requests: 600,
  },
  seed: 4,
  caches: [
    { policy: "lru", size: 20, unit: "entries" },
    { policy: "s3-fifo", size: 20, unit: "entries" },
  ],
  conditions: DEFAULT_CONDITIONS,
  at: 0,
  speed: 3,
};

/** Settings, and what was wrong with the rest, a sentence each. */
export interface ReadSettings {
  readonly settings: PlaySettings;
  readonly problems: readonly string[];
}

/** Reads the part of an address behind `#`. What is missing or wrong has its default. */
export function readHash(hash: string): ReadSettings {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    if (part === "") continue;
    const cut = part.indexOf("=");
    const name = cut < 0 ? part : part.slice(0, cut);
    if (!NAMES.includes(name)) problems.push(`"${name}" is no setting; there are ${NAMES.join(", ")}.`);
    else if (given.has(name)) problems.push(`${name} is given twice.`);
    else given.set(name, decoded(part.slice(cut + 1)));
  }
  const read = <T>(name: string, parse: (text: string) => T, fallback: T): T => {
    const text = given.get(name);
    if (text === undefined) return fallback;
    try {
      return parse(text);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}.`);
      return fallback;
    }
  };
  const { workload, seed, caches, at, speed } = DEFAULT_SETTINGS;
  const requests = read("requests", parseRequests, DEFAULT_REQUESTS);
  const kinds = ["workload", "typed", "trace", "file"].filter((name) => given.has(name));
  if (kinds.length > 1) {
    problems.push(`${kinds[0]} and ${kinds[1]} exclude each other; ${kinds[0]} is taken.`);
    for (const other of kinds.slice(1)) given.delete(other);
  }
  const reading: Reading = {
    format: read<string | undefined>("format", (text) => text, undefined),
    columns: read("columns", parsedColumns, undefined),
    skipsBad: read("broken", parseSkipping, false),
  };
  const typed =
    read<Workload | undefined>("typed", typedWorkload, undefined) ??
    read<Workload | undefined>("trace", (text) => traceWorkload(text, reading), undefined) ??
    read<Workload | undefined>("file", (name) => fileWorkload(name, reading), undefined);
  const conditions = Object.entries(CONDITION_SETTINGS).map(([name, setting]) =>
    read<Partial<Conditions>>(name, setting.read, {}),
  );
  const generated = read("workload", (text) => generatedWorkload(text, requests), {
    ...(workload as MadeWorkload & { kind: "generated" }),
    ...(given.has("requests") && { requests }),
  });
  return {
    settings: {
      workload: typed ?? generated,
      seed: read("seed", (text) => wholeNumber(text, 0, 2 ** 32 - 1), seed),
      caches: read("caches", parseCaches, caches),
      conditions: Object.assign({ ...DEFAULT_CONDITIONS }, ...conditions),
      at: read("at", (text) => wholeNumber(text, 0, REQUESTS_LIMIT), at),
      speed: read("speed", parseSpeed, speed),
      code: read<string | undefined>("code", (text) => text, undefined),
    },
    problems,
  };
}

/** Writes what `readHash` reads. */
export function writeHash({ workload, seed, caches, conditions, at, speed, code }: PlaySettings): string {
  const parts = workloadParts(workload, seed);
  parts.push(["caches", formatCaches(caches)]);
  for (const [name, setting] of Object.entries(CONDITION_SETTINGS)) {
    const value = setting.write(conditions);
    if (value !== undefined) parts.push([name, value]);
  }
  parts.push(["at", String(at)], ["speed", String(speed)]);
  if (code !== undefined) parts.push(["code", code]);
  return `#${parts.map(([name, value]) => `${name}=${encoded(value)}`).join("&")}`;
}

function workloadParts(workload: Workload, seed: number): [string, string][] {
  switch (workload.kind) {
    case "typed":
      return [["typed", workload.text]];
    case "generated":
      return [
        ["workload", workload.text],
        ["requests", String(workload.requests)],
        ["seed", String(seed)],
      ];
    default:
      return [[workload.kind, workload.name], ...readingParts(workload.reading)];
  }
}

const NAMES = [
  ...["workload", "requests", "seed", "typed", "trace", "file", "format", "columns", "broken", "caches"],
  ...Object.keys(CONDITION_SETTINGS),
  ...["at", "speed", "code"],
];
const DEFAULT_REQUESTS = 1000;

/** @throws RangeError */
export function generatedWorkload(text: string, requests: number): MadeWorkload & { kind: "generated" } {
  const specification = parseSpecification(text);
  if (specification === undefined) {
    throw new RangeError(`"${text}" is not a workload such as zipf(n=1000,alpha=0.9)`);
  }
  for (const name of ["seed", "requests"]) {
    if (specification.parameters.has(name)) throw new RangeError(`${name} stands by itself: &${name}=…`);
  }
  openWorkload(specification);
  return { kind: "generated", text: text.replaceAll(/\s/g, ""), requests };
}

/** A file of the reader's: the address can only name it. */
export function fileWorkload(name: string, reading: Reading): RecordedWorkload {
  return { kind: "file", name, reading };
}

/** @throws RangeError */
export function traceWorkload(name: string, reading: Reading = AS_DETECTED): RecordedWorkload {
  if (!TRACES.some((trace) => trace.name === name)) {
    throw new RangeError(
      `"${name}" does not come along; there are ${TRACES.map((trace) => trace.name).join(", ")}`,
    );
  }
  return { kind: "trace", name, reading };
}

/** @throws RangeError */
function parsedColumns(text: string): string {
  parseColumns(text);
  return text;
}

/** @throws RangeError */
export function typedWorkload(text: string): MadeWorkload {
  parseTyped(text);
  return { kind: "typed", text: text.trim().replaceAll(/\s+/g, " ") };
}

/** Reads `lru*20;s3-fifo(small=0.2)*20`. @throws RangeError */
function parseCaches(text: string): PlayCache[] {
  const caches = text.split(";").map(parseCache);
  if (caches.length > CACHES_LIMIT) {
    throw new RangeError(`${CACHES_LIMIT} caches at most stand side by side, not ${caches.length}`);
  }
  if (caches.some(({ unit }) => unit !== caches[0]!.unit)) {
    throw new RangeError("sizes are all in entries, as 20, or all in bytes, as 20kb");
  }
  return caches;
}

function parseCache(text: string): PlayCache {
  const cut = text.lastIndexOf("*");
  if (cut < 0) throw new RangeError(`"${text}" is not a policy and a size such as lru*20`);
  const policy = text.slice(0, cut).trim();
  policyName(policy);
  return { policy, ...parseSize(text.slice(cut + 1).trim()) };
}

/** Reads a number of entries, or a number of bytes such as `20kb`. @throws RangeError */
export function parseSize(text: string): Pick<PlayCache, "size" | "unit"> {
  const [size] = parseCacheSizes(text);
  if (size === undefined || text.includes(",")) throw new RangeError(`"${text}" is more than one size`);
  const { kind, amount } = size;
  if (kind === "share") throw new RangeError(`"${text}": give entries as 20, or bytes as 20kb`);
  if (kind === "entries" && amount > ENTRIES_LIMIT) {
    throw new RangeError(
      `"${text}": a cache on this page has ${ENTRIES_LIMIT.toLocaleString("en")} entries at most`,
    );
  }
  return { size: amount, unit: kind };
}

function formatCaches(caches: readonly PlayCache[]): string {
  return caches.map(({ policy, size, unit }) => `${policy}*${size}${unit === "bytes" ? "b" : ""}`).join(";");
}

/** @throws RangeError */
export function parseRequests(text: string): number {
  return wholeNumber(text, 1, REQUESTS_LIMIT);
}

function parseSpeed(text: string): Speed {
  const speed = SPEEDS.find((each) => String(each) === text);
  if (speed === undefined) throw new RangeError(`"${text}" is no speed; there are ${SPEEDS.join(", ")}`);
  return speed;
}

/** Leaves what an address may hold as it is, for people read it. A space is written as `+`. */
function encoded(value: string): string {
  return encodeURIComponent(value)
    .replaceAll(/%(?:28|29|2A|2C|3B|3D|3A|2F|40)/gi, decodeURIComponent)
    .replaceAll("%20", "+");
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return value;
  }
}
