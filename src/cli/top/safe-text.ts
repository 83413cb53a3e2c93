import type { ToldKey } from "../../instruments/view.ts";
import { errorLine, hex } from "../terminal-text.ts";

/** Makes texts of others safe to show: keys and labels may hold anything. */

/** Characters without a width that hide or reorder others, and line separators. */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Returns a text in one line, with control characters and invisible ones escaped. */
export function safeText(text: string): string {
  return errorLine(text).replace(
    INVISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Makes all texts in a value of JSON safe, those of its names as well. */
export function safeValue<T>(value: T): T {
  return safe(value) as T;
}

function safe(value: unknown): unknown {
  if (typeof value === "string") return safeText(value);
  if (Array.isArray(value)) return value.map(safe);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [safeText(name), safe(member)]));
}

/** Returns a key as it is shown. Bytes that are no text are written as `\xff`. */
export function keyText(key: ToldKey, cutFromBytes?: number): string {
  const text = "text" in key ? safeText(key.text) : bytesText(Buffer.from(key.base64, "base64"));
  return cutFromBytes === undefined ? text : `${text} (${cutFromBytes.toLocaleString("en")} bytes)`;
}

function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte),
  ).join("");
}
