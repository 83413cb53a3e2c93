import { unknownName } from "../lib/nearest.ts";
import { arc } from "./policies/arc.ts";
import { belady } from "./policies/belady.ts";
import { beladySize } from "./policies/belady-size.ts";
import { car } from "./policies/car.ts";
import { clock } from "./policies/clock.ts";
import { fifo } from "./policies/fifo.ts";
import { gdsf } from "./policies/gdsf.ts";
import { hyperbolic } from "./policies/hyperbolic.ts";
import { lfu } from "./policies/lfu.ts";
import { lfuDa } from "./policies/lfu-da.ts";
import { lirs } from "./policies/lirs.ts";
import { lru } from "./policies/lru.ts";
import { lruK } from "./policies/lru-k.ts";
import { random } from "./policies/random.ts";
import { s3Fifo } from "./policies/s3-fifo.ts";
import { sieve } from "./policies/sieve.ts";
import { slru } from "./policies/slru.ts";
import { twoQ } from "./policies/two-q.ts";
import { wTinyLfu } from "./policies/w-tinylfu.ts";
import { wTinyLfuClimb } from "./policies/w-tinylfu-climb.ts";
import type { PolicyType } from "./policy.ts";

const POLICY_TYPES: ReadonlyMap<string, PolicyType> = new Map(
  [
    random,
    fifo,
    clock,
    sieve,
    s3Fifo,
    lru,
    slru,
    twoQ,
    lruK,
    lirs,
    arc,
    car,
    lfu,
    lfuDa,
    gdsf,
    hyperbolic,
    wTinyLfu,
    wTinyLfuClimb,
    belady,
    beladySize,
  ].map((type) => [type.name, type]),
);

/** The policy of server and proxy by default. */
export const DEFAULT_POLICY = "s3-fifo";

/** A policy and all its parameters; those not given have their defaults. */
export interface PolicyChoice {
  readonly type: PolicyType;
  readonly parameters: Readonly<Record<string, number>>;
}

/** The names of all policies, simple ones first. */
export function policyNames(): string[] {
  return [...POLICY_TYPES.keys()];
}

/** @throws RangeError for an unknown name; the message suggests a similar name and lists the known ones */
export function policyType(name: string): PolicyType {
  return policyTypeOf(name, policyNames());
}

function policyTypeOf(name: string, offered: readonly string[]): PolicyType {
  const type = POLICY_TYPES.get(name);
  if (type === undefined) throw new RangeError(unknownName("policy", name, offered));
  return type;
}

/**
 * Reads a policy from a text such as `lru` or `s3-fifo(small=0.1,ghost=0.9)`.
 * @throws RangeError naming what is wrong: the form, the policy, a parameter or its value
 */
export function parsePolicy(text: string): PolicyChoice {
  return parsePolicyOf(text, policyNames());
}

/**
 * Does the same as `parsePolicy`.
 * @param offered names to list if the policy is unknown
 */
export function parsePolicyOf(text: string, offered: readonly string[]): PolicyChoice {
  const match = /^\s*([^\s(),=]+)\s*(?:\(([^()]*)\))?\s*$/.exec(text);
  if (match === null) {
    throw new RangeError(`"${text}" is not a policy such as lru or s3-fifo(small=0.1,ghost=0.9)`);
  }
  const type = policyTypeOf(match[1]!.toLowerCase(), offered);
  const parameters: Record<string, number> = { ...type.parameters };
  const given = new Set<string>();
  for (const assignment of (match[2] ?? "").split(",")) {
    if (assignment.trim() === "" && (match[2] ?? "").trim() === "") break;
    const [name, value] = parseParameter(type, assignment);
    if (given.has(name)) throw new RangeError(`policy ${type.name}: parameter "${name}" is given twice`);
    given.add(name);
    parameters[name] = value;
  }
  return { type, parameters };
}

/** Writes a text that `parsePolicy` reads; leaves out parameters with their default values. */
export function formatPolicy({ type, parameters }: PolicyChoice): string {
  const named = Object.keys(type.parameters).filter((name) => parameters[name] !== type.parameters[name]);
  if (named.length === 0) return type.name;
  return `${type.name}(${named.map((name) => `${name}=${parameters[name]}`).join(",")})`;
}

function parseParameter(type: PolicyType, assignment: string): [name: string, value: number] {
  const match = /^\s*([a-z][a-z0-9-]*)\s*=\s*(\S+)\s*$/i.exec(assignment);
  if (match === null) {
    throw new RangeError(
      `policy ${type.name}: "${assignment.trim()}" is not a parameter of the form name=number`,
    );
  }
  const name = match[1]!.toLowerCase();
  const range = Object.hasOwn(type.ranges, name) ? type.ranges[name] : undefined;
  if (range === undefined) {
    const known = Object.keys(type.parameters);
    const hint = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    throw new RangeError(`policy ${type.name} has no parameter "${name}"; ${hint}`);
  }
  const value = /^[0-9]+(\.[0-9]+)?$/.test(match[2]!) ? Number(match[2]) : Number.NaN;
  if (!(value >= range.least && value <= range.most) || (range.whole === true && !Number.isInteger(value))) {
    const kind = range.whole === true ? "a whole number" : "a number";
    throw new RangeError(
      `policy ${type.name}: ${name} must be ${kind} from ${range.least} to ${range.most}, not "${match[2]}"`,
    );
  }
  return [name, value];
}
