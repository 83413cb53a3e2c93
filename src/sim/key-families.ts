import { KEY_SEPARATORS } from "../instruments/hot-keys/key-separators.ts";
import { fromLatin1, fromUtf8, latin1, utf8 } from "../lib/bytes.ts";

/** Beyond this number of families, further keys count as one family named "(others)". */
const FAMILY_LIMIT = 65_536;
const OTHERS = 1;
/** Characters that end a prefix, by default. */
export const DEFAULT_PREFIX_ENDS: string = KEY_SEPARATORS;

/** @throws RangeError unless each character can end a prefix */
export function checkPrefixEnds(characters: string): void {
  if (!/^[\x20-\x7e]+$/.test(characters)) {
    throw new RangeError(
      `"${characters}" cannot end a key's prefix: ASCII characters can, one or more of them`,
    );
  }
}

/**
 * Numbers the families of keys. A family is the part of a key before the first character that ends a prefix. Number 0
 * is for keys without a prefix, and for traces whose keys are numbers. (The instruments of a running cache look at the
 * whole key and replace the ids in it: `FamilyNames`. A trace's families are exact and known before the replay.)
 */
export class KeyFamilies {
  readonly #endsPrefix = new Uint8Array(256);
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = ["(no prefix)", "(others)"];

  /**
   * @param ends characters that end a prefix
   * @throws RangeError if `checkPrefixEnds` rejects them
   */
  constructor(ends: string = DEFAULT_PREFIX_ENDS) {
    checkPrefixEnds(ends);
    for (const byte of utf8(ends)) this.#endsPrefix[byte] = 1;
  }

  /** Returns the number of the family of the key bytes[start, end). */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#endsPrefix[bytes[at]!] === 0) at++;
    if (at === end) return 0;
    const prefix = latin1(bytes, start, at);
    let number = this.#numbers.get(prefix);
    if (number === undefined) {
      if (this.#names.length === FAMILY_LIMIT) return OTHERS;
      number = this.#names.length;
      this.#numbers.set(prefix, number);
      this.#names.push(fromUtf8(fromLatin1(prefix)));
    }
    return number;
  }

  /** Whether any key has had a prefix so far. */
  get areThere(): boolean {
    return this.#numbers.size > 0;
  }

  /** Returns the displayed name of the family with this number. */
  name(number: number): string {
    return this.#names[number] ?? this.#names[0]!;
  }
}
