import { parseInt64 } from "../lib/bytes.ts";
import { KeyMap } from "../lib/key-map.ts";
import type { HashKey } from "../lib/sip-hash.ts";

/** Redis's words for how it stores a string, as OBJECT ENCODING tells them. */
export type Encoding = "int" | "embstr" | "raw";

/** The longest value that Redis stores together with its header. Longer ones are `raw`. */
export const EMBEDDED_BYTES = 44;
/** The longest text of a 64-bit integer. */
const INTEGER_BYTES = 20;
/** Keys that are noted, and the longest of them: some 3 MB at most. */
const MOST_NOTED = 4096;
const NOTED_KEY_BYTES = 512;

/** Returns the encoding that Redis gives a value that was set whole. */
function encodingOf(value: Uint8Array): Encoding {
  if (value.length > EMBEDDED_BYTES) return "raw";
  return value.length <= INTEGER_BYTES && parseInt64(value) !== undefined ? "int" : "embstr";
}

/**
 * Remembers the encodings of values that were changed in place, where Redis stores these otherwise than values that
 * were set whole: short ones only. Of many such keys it knows those noted last. They are not kept on disk: Redis,
 * too, encodes each value anew when it loads them.
 */
export class NotedEncodings {
  readonly #noted: KeyMap<Encoding>;

  /** @param hashKey secret of the key hash */
  constructor(hashKey: HashKey) {
    this.#noted = new KeyMap(hashKey);
  }

  /** Number of keys that are noted. */
  get size(): number {
    return this.#noted.size;
  }

  /** Returns the encoding of a key's present value. */
  of(key: Uint8Array, value: Uint8Array): Encoding {
    return (this.#noted.size > 0 ? this.#noted.get(key) : undefined) ?? encodingOf(value);
  }

  /** Notes as what Redis stores a key's new value. */
  note(key: Uint8Array, value: Uint8Array, encoding: Encoding): void {
    if (encodingOf(value) === encoding || key.length > NOTED_KEY_BYTES) {
      this.forget(key, 0, key.length);
      return;
    }
    this.#noted.set(key, 0, key.length, encoding);
    if (this.#noted.size <= MOST_NOTED) return;
    for (const [oldest] of this.#noted) {
      this.#noted.delete(oldest);
      return;
    }
  }

  /** The key bytes[start, end) has gone, or has a value that was set whole. */
  forget(bytes: Uint8Array, start: number, end: number): void {
    if (this.#noted.size > 0) this.#noted.delete(bytes, start, end);
  }

  clear(): void {
    this.#noted.clear();
  }
}
