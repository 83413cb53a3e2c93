import { parseInt64 } from "../lib/bytes.ts";
import { KeyMap } from "../lib/key-map.ts";
import type { HashKey } from "../lib/sip-hash.ts";

/** Redis's words for how it stores a string, as OBJECT ENCODING tells them. */
export type Encoding = "int" | "embstr" | "raw";

/** The longest value that Redis stores together with its header. Longer ones are `raw`. */
export const EMBEDDED_BYTES = 44;
/** The longest text of a 64-bit integer. */
const INTEGER_BYTES = 20;
/** Keys of a generation, and the longest key that is noted: some 3 MB at most for both generations. */
const GENERATION_KEYS = 2048;
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
  /** When the young generation is full, it takes the place of the old one. */
  #young: KeyMap<Encoding>;
  #old: KeyMap<Encoding>;
  readonly #hashKey: HashKey;

  /** @param hashKey secret of the key hash */
  constructor(hashKey: HashKey) {
    this.#hashKey = hashKey;
    this.#young = new KeyMap(hashKey);
    this.#old = new KeyMap(hashKey);
  }

  /** Number of keys that are noted. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Returns the encoding of a key's present value. */
  of(key: Uint8Array, value: Uint8Array): Encoding {
    return this.#young.get(key) ?? this.#old.get(key) ?? encodingOf(value);
  }

  /** Notes as what Redis stores a key's new value. */
  note(key: Uint8Array, value: Uint8Array, encoding: Encoding): void {
    this.forget(key, 0, key.length);
    if (encodingOf(value) === encoding || key.length > NOTED_KEY_BYTES) return;
    if (this.#young.size === GENERATION_KEYS) {
      this.#old = this.#young;
      this.#young = new KeyMap(this.#hashKey);
    }
    this.#young.set(key, 0, key.length, encoding);
  }

  /** The key bytes[start, end) has gone, or has a value that was set whole. */
  forget(bytes: Uint8Array, start: number, end: number): void {
    if (this.#young.size > 0) this.#young.delete(bytes, start, end);
    if (this.#old.size > 0) this.#old.delete(bytes, start, end);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
