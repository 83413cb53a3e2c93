import { toldKey } from "../told-key.ts";
import type { ToldKey } from "../view.ts";

const LIMIT = 2000;

/** The names of keys that were seen lately, by their hashes: ghosts have none. */
export class KnownNames {
  readonly #names = new Map<number, ToldKey>();
  readonly #nameOf: (hash: number) => Uint8Array | undefined;

  /** @param nameOf returns names that are known from elsewhere */
  constructor(nameOf: (hash: number) => Uint8Array | undefined) {
    this.#nameOf = nameOf;
  }

  note(hash: number, key: ToldKey): void {
    // The one that was not seen for the longest time is forgotten first.
    this.#names.delete(hash);
    this.#names.set(hash, key);
    if (this.#names.size > LIMIT) this.#names.delete(this.#names.keys().next().value!);
  }

  of(hash: number): ToldKey | undefined {
    const known = this.#names.get(hash);
    if (known !== undefined) return known;
    const bytes = this.#nameOf(hash);
    return bytes === undefined ? undefined : toldKey(bytes);
  }
}
