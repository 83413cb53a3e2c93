import { type Reply, ReplyError } from "../client/client.ts";
import { fromStrictUtf8, utf8 } from "../lib/bytes.ts";
import { displayLines, errorLine, escaped, hex } from "./terminal-text.ts";

/** Replies as text: for a terminal, for a pipe, and as JSON. Byte strings must be given as bytes. */

const LF = 0x0a;

/**
 * Formats a reply for people: quotes strings within lists, marks numbers and nulls, and escapes everything that could
 * control the terminal.
 */
export function displayReply(reply: Reply): string {
  if (reply instanceof Uint8Array) return displayText(reply);
  if (typeof reply === "string") return displayLines(reply);
  return displayNested(reply, "");
}

function displayNested(reply: Reply, indent: string): string {
  if (reply === null) return "(nil)";
  if (reply instanceof ReplyError) return `(error) ${displayLines(reply.message)}`;
  if (reply instanceof Uint8Array) return quoted(reply);
  if (Array.isArray(reply)) return displayItems(reply, "(empty array)", indent);
  if (reply instanceof Set) return displayItems([...reply], "(empty set)", indent);
  if (reply instanceof Map) return displayPairs(reply, indent);
  switch (typeof reply) {
    case "number":
      return Number.isInteger(reply) ? `(integer) ${reply}` : `(double) ${reply}`;
    case "bigint":
      return `(integer) ${reply}`;
    case "boolean":
      return `(${reply})`;
    default:
      return displayLines(reply);
  }
}

function displayItems(items: readonly Reply[], empty: string, indent: string): string {
  if (items.length === 0) return empty;
  const width = String(items.length).length;
  const deeper = `${indent}${" ".repeat(width + 2)}`;
  return items
    .map((item, index) => `${String(index + 1).padStart(width)}) ${displayNested(item, deeper)}`)
    .join(`\n${indent}`);
}

function displayPairs(pairs: ReadonlyMap<Reply, Reply>, indent: string): string {
  if (pairs.size === 0) return "(empty map)";
  const deeper = `${indent}  `;
  return [...pairs]
    .map(([key, value]) => `${displayNested(key, deeper)} => ${displayNested(value, deeper)}`)
    .join(`\n${indent}`);
}

/** Formats a single value: unchanged if it is text, quoted if it is not. */
function displayText(bytes: Uint8Array): string {
  const text = fromStrictUtf8(bytes);
  return text === undefined ? quoted(bytes) : displayLines(text);
}

/** Returns a string in double quotes that the interactive client reads as the same bytes. */
export function quoted(bytes: Uint8Array): string {
  const text = fromStrictUtf8(bytes);
  if (text === undefined) {
    const characters = Array.from(bytes, (byte) =>
      byte < 0x20 || byte > 0x7e ? hex(byte) : escapedQuote(String.fromCharCode(byte)),
    );
    return `"${characters.join("")}"`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  return `"${text.replace(/["\\]/g, escapedQuote).replace(/[\x00-\x1f\x7f-\x9f]/g, escaped)}"`;
}

function escapedQuote(character: string): string {
  return character === '"' || character === "\\" ? `\\${character}` : character;
}

/** Formats a reply for another program: values unchanged, one per line; an empty line for none. */
export function plainReply(reply: Reply): Uint8Array {
  const lines: Uint8Array[] = [];
  collectLines(reply, lines);
  if (lines.length === 0) lines.push(new Uint8Array(0));
  const bytes = new Uint8Array(lines.reduce((total, line) => total + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length;
    bytes[at++] = LF;
  }
  return bytes;
}

function collectLines(reply: Reply, lines: Uint8Array[]): void {
  if (Array.isArray(reply) || reply instanceof Set) {
    for (const item of reply) collectLines(item, lines);
  } else if (reply instanceof Map) {
    for (const [key, value] of reply) {
      collectLines(key, lines);
      collectLines(value, lines);
    }
  } else if (reply instanceof Uint8Array) {
    lines.push(reply);
  } else {
    lines.push(utf8(plainScalar(reply)));
  }
}

function plainScalar(reply: string | number | bigint | boolean | null | ReplyError): string {
  if (reply === null) return "(nil)";
  if (reply instanceof ReplyError) return `ERROR ${errorLine(reply.message)}`;
  return String(reply);
}

/**
 * Converts a reply to a JSON value. Bytes that are not text become `{"base64": …}`; numbers that JSON cannot
 * represent become strings.
 */
export function jsonReply(reply: Reply): unknown {
  if (reply instanceof Uint8Array) return jsonBytes(reply);
  if (reply instanceof ReplyError) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(jsonReply);
  if (reply instanceof Set) return [...reply].map(jsonReply);
  if (reply instanceof Map) return jsonPairs(reply);
  if (typeof reply === "bigint") return String(reply);
  if (typeof reply === "number" && !Number.isFinite(reply)) return String(reply);
  return reply;
}

/** Returns text as a string, other bytes as `{"base64": …}`. */
export function jsonBytes(bytes: Uint8Array): unknown {
  const text = fromStrictUtf8(bytes);
  if (text !== undefined) return text;
  return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") };
}

/** Returns an object, or a list of pairs if a key is not text. */
function jsonPairs(pairs: ReadonlyMap<Reply, Reply>): unknown {
  const entries = [...pairs].map(([key, value]) => [jsonReply(key), jsonReply(value)] as const);
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : entries;
}
