/** A value that costs much to make and changes slowly: it is made anew when it is asked for after a while. */
export class KeptValue<T> {
  readonly #keptMs: number;
  readonly #make: () => T;
  #made: { readonly value: T; readonly atMs: number } | undefined;

  constructor(keptMs: number, make: () => T) {
    this.#keptMs = keptMs;
    this.#make = make;
  }

  get(nowMs: number): T {
    if (this.#made === undefined || nowMs - this.#made.atMs >= this.#keptMs) {
      this.#made = { value: this.#make(), atMs: nowMs };
    }
    return this.#made.value;
  }

  /** It is made anew the next time. */
  forget(): void {
    this.#made = undefined;
  }
}
