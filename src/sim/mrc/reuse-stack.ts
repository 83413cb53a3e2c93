import { assert } from "../../lib/assert.ts";
import { HoleHeap } from "./hole-heap.ts";
import { addAt, buildSums, moveBetween, type PositionSums, sumBetween } from "./position-sums.ts";

const FIRST_POSITIONS = 2 ** 12;
/** Stands where an object has left a hole. */
const HOLE = 2 ** 32 - 1;

/**
 * The stack of an LRU cache of unlimited size, and how deep every object lies in it when it is asked for: its reuse
 * distance. An LRU cache has the object exactly if the distance is not larger than the cache (R. L. Mattson et al.:
 * "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970), so one pass tells the misses of
 * every size.
 *
 * Objects lie at positions in the order of their last use; sums over positions (F. Olken: "Efficient methods for
 * calculating the success function of fixed-space replacement policies", 1981, with a tree of sums instead of a
 * search tree) tell the distance. When the positions run out, those in use are numbered anew.
 *
 * What is deleted, or becomes smaller, leaves a hole: room that caches which had the object have to spare from then
 * on, and that the next object takes without pushing others down. The topmost hole is filled first, and an object
 * that is asked for leaves a hole where it lay. That keeps distances exact under deletions and changes of size too,
 * except for caches smaller than the largest object, which refuse objects that here take room.
 *
 * A reference takes time logarithmic in the distance. Memory: 4 bytes an object, and 8 bytes (20 with weights) for
 * each position, of which there are two to four for each object in the stack.
 */
export class ReuseStack {
  readonly #isWeighed: boolean;
  #positionOf = new Uint32Array(1024);
  #sums: PositionSums;
  /** The object at each position, 0: none. */
  #objectAt = new Uint32Array(FIRST_POSITIONS);
  #weightAt: Float64Array;
  readonly #holes = new HoleHeap();
  /** The position used last. */
  #last = 0;
  /** Positions in use. */
  #used = 0;

  /** @param isWeighed whether weights other than 1 occur */
  constructor(isWeighed: boolean) {
    this.#isWeighed = isWeighed;
    this.#sums = sumsFor(isWeighed, FIRST_POSITIONS);
    this.#weightAt = new Float64Array(isWeighed ? FIRST_POSITIONS : 0);
  }

  /** Makes room for objects of greater numbers than before. */
  coverObjects(greatest: number): void {
    if (greatest < this.#positionOf.length) return;
    const positionOf = new Uint32Array(Math.max(greatest + 1, 2 * this.#positionOf.length));
    positionOf.set(this.#positionOf);
    this.#positionOf = positionOf;
  }

  /**
   * The object is asked for and comes to the top.
   * @param weight what it weighs from now on; at least 1, whole
   * @returns its reuse distance: what it and everything above it weighed; `Infinity` if it was not in the stack
   */
  reference(object: number, weight: number): number {
    const position = this.#nextPosition();
    const before = this.#positionOf[object]!;
    if (before === 0) {
      this.#fillHoles(weight);
      this.#place(object, position, weight);
      return Number.POSITIVE_INFINITY;
    }
    const distance = sumBetween(this.#sums, before - 1, position - 1);
    if (this.#holes.greatest === undefined && (!this.#isWeighed || this.#weightAt[before] === weight)) {
      moveBetween(this.#sums, before, position, weight);
      this.#objectAt[before] = 0;
      this.#objectAt[position] = object;
      this.#positionOf[object] = position;
      if (this.#isWeighed) this.#weightAt[position] = weight;
      return distance;
    }
    this.delete(object);
    this.#fillHoles(weight);
    this.#place(object, position, weight);
    return distance;
  }

  /** The object, if it is there, is dropped by every cache that has it. */
  delete(object: number): void {
    const position = this.#positionOf[object]!;
    if (position === 0) return;
    this.#positionOf[object] = 0;
    this.#objectAt[position] = HOLE;
    this.#holes.push(position);
  }

  /** Takes the object out as if it had never been there. */
  forget(object: number): void {
    const position = this.#positionOf[object]!;
    if (position === 0) return;
    this.#positionOf[object] = 0;
    addAt(this.#sums, position, -this.#weightOf(position));
    this.#release(position);
  }

  #weightOf(position: number): number {
    return this.#isWeighed ? this.#weightAt[position]! : 1;
  }

  #place(object: number, position: number, weight: number): void {
    assert(this.#isWeighed || weight === 1, "a stack without weights");
    addAt(this.#sums, position, weight);
    this.#positionOf[object] = position;
    this.#objectAt[position] = object;
    if (this.#isWeighed) this.#weightAt[position] = weight;
    this.#used++;
  }

  #release(position: number): void {
    this.#objectAt[position] = 0;
    this.#used--;
  }

  /** Takes room from the topmost holes, as long as there are some and more is wanted. */
  #fillHoles(wanted: number): void {
    for (;;) {
      const hole = this.#holes.greatest;
      if (hole === undefined || wanted === 0) return;
      const room = this.#weightOf(hole);
      const taken = Math.min(room, wanted);
      addAt(this.#sums, hole, -taken);
      wanted -= taken;
      if (taken === room) {
        this.#holes.pop();
        this.#release(hole);
      } else {
        this.#weightAt[hole] = room - taken;
      }
    }
  }

  #nextPosition(): number {
    if (this.#last + 1 === this.#objectAt.length) this.#renumber();
    return ++this.#last;
  }

  /** Gives the positions in use the numbers from 1. */
  #renumber(): void {
    const objectAt = this.#objectAt;
    const weightAt = this.#weightAt;
    let length = FIRST_POSITIONS;
    while (length < 2 * (this.#used + 1)) length *= 2;
    const sums = sumsFor(this.#isWeighed, length);
    this.#objectAt = new Uint32Array(length);
    this.#weightAt = new Float64Array(this.#isWeighed ? length : 0);
    const renamed = new Map<number, number>();
    let to = 0;
    for (let from = 1; from <= this.#last; from++) {
      const object = objectAt[from]!;
      if (object === 0) continue;
      to++;
      this.#objectAt[to] = object;
      sums[to] = this.#isWeighed ? weightAt[from]! : 1;
      if (this.#isWeighed) this.#weightAt[to] = weightAt[from]!;
      if (object === HOLE) renamed.set(from, to);
      else this.#positionOf[object] = to;
    }
    assert(to === this.#used, "positions in use were counted");
    buildSums(sums);
    this.#holes.renumber((position) => renamed.get(position)!);
    this.#sums = sums;
    this.#last = to;
  }
}

function sumsFor(isWeighed: boolean, length: number): PositionSums {
  return isWeighed ? new Float64Array(length) : new Int32Array(length);
}
