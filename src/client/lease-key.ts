import { utf8 } from "../lib/bytes.ts";
import type { Key } from "./arguments.ts";

const OPEN = 0x7b;
const CLOSE = 0x7d;
const SUFFIX = ":lease";

/**
 * Returns the key of a key's lease: `{key}:lease`, whose hash tag is the key, so that both are in one slot of a
 * cluster. A key with a hash tag keeps it: `user:{42}` has `user:{42}:lease`. A key with `}` and no hash tag, such as
 * `a}b`, cannot be the hash tag of another key. Its lease, `a}b:lease`, is in a different slot; a cluster refuses to
 * store under it.
 */
export function leaseKeyOf(key: Key): Key {
  if (typeof key === "string") return key.includes("}") ? `${key}${SUFFIX}` : `{${key}}${SUFFIX}`;
  const suffix = utf8(SUFFIX);
  if (!key.includes(CLOSE)) return joined(Uint8Array.of(OPEN), key, Uint8Array.of(CLOSE), suffix);
  return joined(key, suffix);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
