import { fromLatin1, fromUtf8, latin1, utf8 } from "../lib/bytes.ts";

/** Beyond so many families keys are counted as one that is called "(others)". */
const FAMILY_LIMIT = 65_536;
const OTHERS = 1;
/** Characters each of which ends a prefix, where nothing was said. */
export const DEFAULT_PREFIX_ENDS = ":/.|";

/** @throws RangeError unless each character can end a prefix */
export function checkPrefixEnds(characters: string): void {
  if (!/^[\x20-\x7e]+$/.test(characters)) {
    throw new RangeError(
      `"${characters}" cannot end a key's prefix: ASCII characters can, one or more of them`,
    );
  }
}

/**
 * Numbers for the families of keys: what stands before the first character that ends a prefix. Number 0 is of keys without one, and of
 * traces whose keys are no texts.
 */
export class KeyFamilies {
  readonly #endsPrefix = new Uint8Array(256);
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = ["(no prefix)", "(others)"];

  /** @param ends characters, each of which ends a prefix @throws RangeError as `checkPrefixEnds` does */
  constructor(ends: string = DEFAULT_PREFIX_ENDS) {
    checkPrefixEnds(ends);
    for (const byte of utf8(ends)) this.#endsPrefix[byte] = 1;
  }

  /** The number of the family of the key bytes[start, end). */
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

  /** What people call the family with this number. */
  name(number: number): string {
    return this.#names[number] ?? this.#names[0]!;
  }
}
