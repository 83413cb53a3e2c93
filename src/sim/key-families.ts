import { latin1 } from "../lib/bytes.ts";

/** Beyond so many families keys are counted as one that is called "(others)". */
const FAMILY_LIMIT = 65_536;
const OTHERS = 1;

/**
 * Numbers for the families of keys: what stands before the first separator. Number 0 is of keys without one, and of
 * traces whose keys are no texts.
 */
export class KeyFamilies {
  readonly #isSeparator = new Uint8Array(256);
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = ["(no prefix)", "(others)"];

  /** @param separators characters, each of which ends a prefix @throws RangeError unless they are ASCII characters */
  constructor(separators = ":/.|") {
    if (!/^[\x20-\x7e]+$/.test(separators)) {
      throw new RangeError(`"${separators}" cannot separate a key's prefix: ASCII characters can`);
    }
    for (const byte of Buffer.from(separators)) this.#isSeparator[byte] = 1;
  }

  /** The number of the family of the key bytes[start, end). */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#isSeparator[bytes[at]!] === 0) at++;
    if (at === end) return 0;
    const prefix = latin1(bytes, start, at);
    let number = this.#numbers.get(prefix);
    if (number === undefined) {
      if (this.#names.length === FAMILY_LIMIT) return OTHERS;
      number = this.#names.length;
      this.#numbers.set(prefix, number);
      this.#names.push(Buffer.from(prefix, "latin1").toString());
    }
    return number;
  }

  /** What people call the family with this number. */
  name(number: number): string {
    return this.#names[number] ?? this.#names[0]!;
  }
}
