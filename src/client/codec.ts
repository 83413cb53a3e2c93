/** Converts between JavaScript values and stored values. */

import { checkValue, isBytes, isNoJson, nameOf, wayAround } from "./arguments.ts";
import { DecodeError } from "./errors.ts";

/** The type of a value: text (UTF-8), bytes, or the value that its JSON represents. */
export type As = "text" | "bytes" | "json";

/** A value in the form in which it is sent. */
export type Encoded = string | Uint8Array;

const OTHER_NAMES: Readonly<Record<string, As>> = {
  string: "text",
  utf8: "text",
  "utf-8": "text",
  str: "text",
  buffer: "bytes",
  binary: "bytes",
  byte: "bytes",
  uint8array: "bytes",
  object: "json",
};

/** @throws TypeError unless it is one of the three, or undefined */
export function checkAs(as: unknown): asserts as is As | undefined {
  if (as === undefined || as === "text" || as === "bytes" || as === "json") return;
  const shown = typeof as === "string" ? JSON.stringify(as) : nameOf(as);
  const right = OTHER_NAMES[String(as).toLowerCase()];
  const advice = right === undefined ? '"text", "bytes" or "json"' : `did you mean "${right}"?`;
  throw new TypeError(`as is ${shown}: ${advice}`);
}

/**
 * @param as undefined: text or bytes, depending on the value
 * @throws TypeError for a value that cannot be stored this way
 */
export function encode(value: unknown, as: As | undefined): Encoded {
  if (as === "json") {
    const text = isNoJson(value) ? undefined : JSON.stringify(value);
    if (text !== undefined) return text;
    const name = typeof value === "number" ? String(value) : nameOf(value);
    throw new TypeError(`the value is ${name}, which JSON cannot express${wayAround(value)}`);
  }
  checkValue(value);
  if (as === "text" && typeof value !== "string")
    throw new TypeError('the value is a Uint8Array: { as: "bytes" }');
  if (as === "bytes" && !isBytes(value)) throw new TypeError('the value is a string: { as: "text" }');
  return value;
}

/** @throws DecodeError if JSON was requested and the stored value is not JSON */
export function decode(stored: Encoded, as: As): unknown {
  if (as !== "json") return stored;
  try {
    return JSON.parse(stored as string);
  } catch (error) {
    throw new DecodeError(`the stored value is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
