/**
 * Gives numbered slots to at most `limit` keys, by their positions in samples. If there are more, those with the
 * lowest positions have the slots: so which keys these are does not depend on the order in which they come.
 */
export class KeyIndex {
  /** Ascending, and the slot of each. */
  readonly #positions: Int32Array;
  readonly #slots: Uint16Array;
  #count = 0;

  /** @param limit at most 65,536 */
  constructor(limit: number) {
    this.#positions = new Int32Array(limit);
    this.#slots = Uint16Array.from({ length: limit }, (_, slot) => slot);
  }

  get size(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#positions.length;
  }

  /** @returns the key's slot; −1: it has none */
  find(position: number): number {
    // Most keys lie above all that have slots.
    if (this.#count === 0 || position > this.#positions[this.#count - 1]!) return -1;
    const at = this.#rank(position);
    return this.#positions[at] === position ? this.#slots[at]! : -1;
  }

  /**
   * Gives a slot to a key that has none, perhaps that of the key with the highest position.
   * @returns −1: all slots belong to keys with lower positions
   */
  add(position: number): number {
    if (this.isFull) {
      const last = this.#count - 1;
      if (last < 0 || this.#positions[last]! < position) return -1;
      this.#count--;
    }
    const positions = this.#positions;
    const slots = this.#slots;
    const at = this.#rank(position);
    // Slots that are free are behind those in use.
    const slot = slots[this.#count]!;
    positions.copyWithin(at + 1, at, this.#count);
    slots.copyWithin(at + 1, at, this.#count);
    positions[at] = position;
    slots[at] = slot;
    this.#count++;
    return slot;
  }

  remove(position: number): void {
    const at = this.#rank(position);
    if (at === this.#count || this.#positions[at] !== position) return;
    const slot = this.#slots[at]!;
    this.#count--;
    this.#positions.copyWithin(at, at + 1, this.#count + 1);
    this.#slots.copyWithin(at, at + 1, this.#count + 1);
    this.#slots[this.#count] = slot;
  }

  /** Returns the position of the key at this place in the order, from 0. */
  positionAt(rank: number): number {
    return this.#positions[rank]!;
  }

  /** Returns how many keys have lower positions. */
  #rank(position: number): number {
    const positions = this.#positions;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (positions[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
