/** Checks keys, values and words of requests. Invalid ones are refused before anything is sent. */

import type { Argument } from "./call.ts";

export type Key = string | Uint8Array;

const HALF_PAIR = "it contains half of a surrogate pair, which UTF-8 cannot express";

/** Whether it is a `Uint8Array`, also one of another realm (test runners and `node:vm` have realms of their own). */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]")
  );
}

/** @throws TypeError */
export function checkKey(key: unknown): asserts key is Key {
  if (typeof key === "string") {
    if (!key.isWellFormed()) throw new TypeError(`the key is not well-formed text: ${HALF_PAIR}`);
    return;
  }
  if (isBytes(key)) return;
  throw new TypeError(`the key is ${nameOf(key)}: a key is a string or a Uint8Array${wayOut(key, "key")}`);
}

/** @throws TypeError */
export function checkKeys(keys: unknown, call: string): asserts keys is readonly Key[] {
  if (!Array.isArray(keys)) throw new TypeError(`${call} takes one array of keys: ${call}(["a", "b"])`);
  for (const key of keys) checkKey(key);
}

/** @throws TypeError */
export function checkValue(value: unknown): asserts value is string | Uint8Array {
  if (typeof value === "string") {
    if (!value.isWellFormed()) {
      throw new TypeError(`the value is not well-formed text: ${HALF_PAIR}; { as: "json" } can store it`);
    }
    return;
  }
  if (isBytes(value)) return;
  const kind = `the value is ${nameOf(value)}: a value is a string or a Uint8Array`;
  if (value === undefined) throw new TypeError(`${kind}; delete(key) removes a key`);
  const json = typeof value === "bigint" || isNoJson(value) ? "" : '; { as: "json" } stores it as JSON';
  throw new TypeError(`${kind}${wayOut(value, "value")}${json}`);
}

/** What to do with a promise in place of its value. */
const AWAIT = "; await it first";

/** Objects of which JSON.stringify keeps nothing, or what is no use. */
const NO_JSON: ReadonlySet<string> = new Set(
  "Promise Map Set WeakMap WeakSet ArrayBuffer SharedArrayBuffer".split(" "),
);

/** Whether JSON.stringify would make something else of a value, without an error. */
export function isNoJson(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null || "toJSON" in value) return false;
  return NO_JSON.has(classOf(value)) || ArrayBuffer.isView(value);
}

/** How to store a value that JSON cannot express; empty if there is nothing to say. */
export function wayAround(value: unknown): string {
  const name = classOf(value);
  if (name === "Promise") return AWAIT;
  if (name === "Map") return "; Object.fromEntries(value) or [...value] can be stored";
  if (name === "Set") return "; [...value] can be stored";
  return isBinary(value) ? '; { as: "bytes" } stores a Uint8Array' : "";
}

/**
 * Checks a word of a command.
 * @throws TypeError
 */
export function checkWord(word: unknown, index: number, args: readonly unknown[]): asserts word is Argument {
  if (typeof word === "string") {
    if (!word.isWellFormed())
      throw new TypeError(`${placeOf(index, args)} is not well-formed text: ${HALF_PAIR}`);
    return;
  }
  if (typeof word === "bigint" || isBytes(word)) return;
  const place = placeOf(index, args);
  if (typeof word === "number") {
    if (Number.isNaN(word)) throw new TypeError(`${place} is NaN`);
    return;
  }
  const advice = Array.isArray(word)
    ? "; give its items as words of their own: command(name, ...items)"
    : wayOut(word, "word");
  throw new TypeError(
    `${place} is ${nameOf(word)}: a word is a string, a Uint8Array, a number or a bigint${advice}`,
  );
}

/** Names a value's type for messages: `undefined`, `a number`, `an array`, `a Date`. */
export function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = classOf(value);
  if (name === "Object") return "an object";
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** The built-in class of a value, such as `Map`, whichever realm it is from. */
function classOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function placeOf(index: number, args: readonly unknown[]): string {
  const [command] = args;
  if (index === 0) return "the name of the command";
  return typeof command === "string" ? `word ${index} after ${command}` : `word ${index}`;
}

function isBinary(value: unknown): boolean {
  const name = classOf(value);
  return ArrayBuffer.isView(value) || name === "ArrayBuffer" || name === "SharedArrayBuffer";
}

function wayOut(value: unknown, name: string): string {
  if (classOf(value) === "Promise") return AWAIT;
  if (typeof value === "number" || typeof value === "bigint") return `; String(${name}) makes it one`;
  if (ArrayBuffer.isView(value)) {
    return `; new Uint8Array(${name}.buffer, ${name}.byteOffset, ${name}.byteLength) makes it one`;
  }
  return isBinary(value) ? `; new Uint8Array(${name}) makes it one` : "";
}
