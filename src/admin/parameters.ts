import { unknownName } from "../lib/nearest.ts";
import { Problem } from "./problem.ts";

/** A parameter that is a whole number. */
export interface WholeNumber {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

/** @throws Problem with status 400 */
export function wholeNumber(query: URLSearchParams, { name, least, most, otherwise }: WholeNumber): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem(400, `${name} must be a whole number from ${least} to ${most}, and is ${shown(text)}`);
}

/** @throws Problem with status 400 */
export function choice<Name extends string>(
  query: URLSearchParams,
  name: string,
  known: readonly Name[],
  otherwise: Name,
): Name {
  const text = query.get(name);
  if (text === null) return otherwise;
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  throw new Problem(400, unknownName(name, text.slice(0, SHOWN_LENGTH), known));
}

/** Refuses misspelt parameters, which would else be ignored. @throws Problem with status 400 */
export function checkNames(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) {
      if (query.getAll(name).length > 1) throw new Problem(400, `${name} is there twice`);
    } else if (known.length === 0) {
      throw new Problem(400, `there are no parameters here, and one is ${shown(name)}`);
    } else {
      throw new Problem(400, unknownName("parameter", name.slice(0, SHOWN_LENGTH), known));
    }
  }
}

/**
 * Reads the members of a JSON object, which are all texts.
 * @throws Problem with status 400 unless exactly these are there
 */
export function textMembers<Name extends string, Optional extends string = never>(
  body: unknown,
  names: readonly Name[],
  optional: readonly Optional[] = [],
): Record<Name, string> & Partial<Record<Optional, string>> {
  const example = `{ ${names.map((name) => `"${name}": "…"`).join(", ")} }`;
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Problem(400, `the body must be a JSON object such as ${example}`);
  }
  const members = body as Readonly<Record<string, unknown>>;
  const known: readonly string[] = [...names, ...optional];
  for (const name of Object.keys(members)) {
    if (!known.includes(name)) {
      throw new Problem(400, unknownName("member", name.slice(0, SHOWN_LENGTH), known));
    }
  }
  const isText = (name: string): boolean => Object.hasOwn(members, name) && typeof members[name] === "string";
  const missing =
    names.find((name) => !isText(name)) ??
    optional.find((name) => Object.hasOwn(members, name) && !isText(name));
  if (missing !== undefined) throw new Problem(400, `"${missing}" must be a text, as in ${example}`);
  return members as Record<Name, string> & Partial<Record<Optional, string>>;
}

const SHOWN_LENGTH = 40;

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text);
}
