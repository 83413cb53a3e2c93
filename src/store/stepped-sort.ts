/**
 * Sorts whole numbers in steps, between which others may work (merge sort, from runs of one upwards; stable).
 * `isBefore` is asked about two numbers at a time. If its answers change between the steps, the order is near to the
 * one wanted, and nothing is lost.
 */
export class SteppedSort {
  #from: Int32Array;
  #to: Int32Array;
  readonly #isBefore: (one: number, other: number) => boolean;
  /** The length of the sorted runs that are merged in pairs. */
  #width = 1;
  /** The next number to take from the left run and from the right one, and the ends of both. */
  #left = 0;
  #leftEnd = 0;
  #right = 0;
  #rightEnd = 0;
  /** How many numbers of this round are in their place. */
  #done = 0;

  /** @param numbers sorted in place, or its content is lost: read `sorted` */
  constructor(numbers: Int32Array, isBefore: (one: number, other: number) => boolean) {
    this.#from = numbers;
    this.#to = new Int32Array(numbers.length);
    this.#isBefore = isBefore;
    this.#openRuns(0);
  }

  /** The numbers in order, once `step` has said so. */
  get sorted(): Int32Array {
    return this.#from;
  }

  /** Sorts on. @param moves how many numbers to move at most @returns whether all are in order */
  step(moves: number): boolean {
    const { length } = this.#from;
    for (let left = moves; this.#width < length; left--) {
      if (left === 0) return false;
      if (this.#done === length) this.#nextRound();
      else this.#move();
    }
    return true;
  }

  #move(): void {
    const [from, to] = [this.#from, this.#to];
    if (this.#left === this.#leftEnd && this.#right === this.#rightEnd) this.#openRuns(this.#done);
    const takesRight =
      this.#left === this.#leftEnd ||
      (this.#right < this.#rightEnd && this.#isBefore(from[this.#right]!, from[this.#left]!));
    to[this.#done++] = takesRight ? from[this.#right++]! : from[this.#left++]!;
  }

  #openRuns(at: number): void {
    const { length } = this.#from;
    this.#left = at;
    this.#leftEnd = Math.min(length, at + this.#width);
    this.#right = this.#leftEnd;
    this.#rightEnd = Math.min(length, this.#right + this.#width);
  }

  #nextRound(): void {
    [this.#from, this.#to] = [this.#to, this.#from];
    this.#width *= 2;
    this.#done = 0;
    this.#openRuns(0);
  }
}
