import { type PolicyChoice, parsePolicy, parsePolicyOf, policyNames } from "../policy/registry.ts";
import { DEFAULT_SIZES, parseCacheSizes } from "../sim/cache-size.ts";
import { checkPrefixEnds, DEFAULT_PREFIX_ENDS } from "../sim/key-families.ts";
import { FORMAT_NAMES } from "../sim/trace/format-names.ts";
import { WRITTEN_FORMATS, writtenFormatNamed } from "../sim/written-format.ts";
import type { Config } from "./config.ts";
import { UsageError } from "./exit.ts";
import { parseSample } from "./sample.ts";
import {
  choice,
  count,
  offering,
  offeringList,
  optionalSetting,
  setting,
  switchSetting,
  text,
  threads,
} from "./setting.ts";

const CACHES = "Caches:";
const TRACE = "Trace:";
const COUNTING = "Counting:";
const SAMPLING = "Curves and samples:";
const OUTPUT = "Output:";

const DEFAULT_POLICIES = "fifo,lru,sieve,s3-fifo,w-tinylfu,belady";
/** Stands for standard input among traces, and for standard output among files. */
export const STANDARD_INPUT = "-";

export const SIMULATE_SETTINGS = {
  policy: setting(offeringList(["all", ...policyNames()], readPolicies), DEFAULT_POLICIES, {
    placeholder: "<names>",
    description: `policies, with parameters as s3-fifo(small=0.2), or "all": ${policyNames().join(", ")}`,
    group: CACHES,
  }),
  size: setting(parseCacheSizes, DEFAULT_SIZES, {
    placeholder: "<sizes>",
    description: "entries as 1000, bytes as 64mb, or a share of the working set as 1%",
    group: CACHES,
  }),
  ignoreSize: switchSetting({
    description: "count every object as 1, whatever its size in the trace",
    group: CACHES,
  }),
  writes: setting(choice("store", "drop"), "store", {
    placeholder: "<effect>",
    description: "effect of a write: store the object in the cache, or drop the present copy",
    group: CACHES,
  }),
  seed: setting(count({ most: "4294967295" }), "1", {
    placeholder: "<number>",
    description: "seed of policies that draw at random",
    group: CACHES,
  }),
  format: optionalSetting(offering(FORMAT_NAMES, text()), {
    placeholder: "<name>",
    description: "format of the traces, if it cannot be detected",
    group: TRACE,
  }),
  columns: optionalSetting(text(), {
    placeholder: "<columns>",
    description: "columns of a table, as time=1,key=2+3,size=4,op=5,ttl=6, or their names in its header",
    group: TRACE,
  }),
  skipBad: switchSetting({
    description: "skip records that cannot be read, and report how many there were",
    group: TRACE,
  }),
  limit: optionalSetting(count({ least: "1" }), {
    placeholder: "<records>",
    description: "read only this many records from the beginning",
    group: TRACE,
  }),
  warmup: setting(count(), "0", {
    placeholder: "<records>",
    description: "records at the beginning that fill the caches and are not counted",
    group: COUNTING,
  }),
  window: optionalSetting(count({ least: "1" }), {
    placeholder: "<records>",
    description: "miss ratio over time, in windows of this many records",
    group: COUNTING,
  }),
  byPrefix: switchSetting({
    description: "misses by family of keys, for traces with text keys",
    group: COUNTING,
  }),
  prefixEnds: optionalSetting(readPrefixEnds, {
    placeholder: "<characters>",
    description: `characters that end a key's prefix; by default ${DEFAULT_PREFIX_ENDS}`,
    group: COUNTING,
  }),
  mrc: switchSetting({
    description:
      "only LRU's curve, all sizes in one pass, whatever --policy says; without --size, charts, JSON and " +
      "CSV have about 80 sizes from 0.01% to 100%",
    group: SAMPLING,
  }),
  sample: optionalSetting(parseSample, {
    placeholder: "<sample>",
    description: "estimate from a share of the keys, as 0.01 or 1%, or from a number of them, as 8192",
    group: SAMPLING,
  }),
  compare: switchSetting({
    description: "compare estimates with exact simulation: mean absolute error",
    group: SAMPLING,
  }),
  check: switchSetting({
    description: "check the invariants of every cache at the end, for developers of policies",
    group: COUNTING,
  }),
  json: switchSetting({ description: "print one JSON object for each cache", group: OUTPUT }),
  csv: switchSetting({ description: "print comma-separated values", group: OUTPUT }),
  svg: optionalSetting(text(), {
    placeholder: "<file>",
    description: "draw miss ratio over size into this file; - is standard output",
    group: OUTPUT,
  }),
  html: optionalSetting(text(), {
    placeholder: "<file>",
    description:
      "write a page with charts, tables and the parameters of the run into this file; - is standard output",
    group: OUTPUT,
  }),
  write: optionalSetting(text(), {
    placeholder: "<file>",
    description: "write the trace or workload into a new file instead of simulating it; - is standard output",
    group: OUTPUT,
  }),
  writeFormat: optionalSetting(offering(WRITTEN_FORMATS, writtenFormatNamed), {
    placeholder: "<name>",
    description: `the written file's format, if its name does not tell: ${WRITTEN_FORMATS.join(", ")}`,
    group: OUTPUT,
  }),
  threads: setting(threads(), "auto", {
    placeholder: "<count>",
    description: "most threads to use; auto: one per processor",
  }),
};

export type Values = Config<typeof SIMULATE_SETTINGS>["values"];
export type Labels = Config<typeof SIMULATE_SETTINGS>["labels"];
export type Ranks = Config<typeof SIMULATE_SETTINGS>["ranks"];

/** @throws UsageError for settings that contradict each other */
export function checkSampling(values: Values, labels: Labels): void {
  const isCurve = values.mrc || values.sample !== undefined;
  const by = values.mrc ? labels.mrc : labels.sample;
  if (isCurve && values.window !== undefined) throw new UsageError(`${labels.window}: not with ${by}`);
  if (isCurve && values.byPrefix) throw new UsageError(`${labels.byPrefix}: not with ${by}`);
  if (isCurve && values.check) throw new UsageError(`${labels.check}: not with ${by}`);
  if (!values.compare) return;
  if (!isCurve) throw new UsageError(`${labels.compare}: needs ${labels.sample} or ${labels.mrc}`);
  if (values.csv) throw new UsageError(`${labels.compare}: not with ${labels.csv}`);
}

function readPrefixEnds(given: string): string {
  checkPrefixEnds(given);
  return given;
}

function readPolicies(given: string): { policies: PolicyChoice[]; isAll: boolean } {
  const names = splitPolicies(given);
  const isAll = names.some((name) => name.toLowerCase() === "all");
  const policies = names.flatMap((name) =>
    name.toLowerCase() === "all"
      ? policyNames().map(parsePolicy)
      : [parsePolicyOf(name, [...policyNames(), "all"])],
  );
  return { policies, isAll };
}

/** Splits at commas outside of brackets. */
function splitPolicies(given: string): string[] {
  return given.split(/,(?![^(]*\))/).map((name) => name.trim());
}
