import { assert } from "../lib/assert.ts";
import { HoleHeap } from "./hole-heap.ts";
import { addAt, buildSums, moveBetween, type PositionSums, sumBetween } from "./position-sums.ts";

const FIRST_POSITIONS = 2 ** 12;
/** Marks the hole that an object has left. */
const HOLE = 2 ** 32 - 1;

/**
 * The stack of an LRU cache of unlimited size. It returns the depth at which a requested object lies: its reuse
 * distance. An LRU cache has the object exactly if the distance is not larger than the cache (R. L. Mattson et al.:
 * "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970), so one pass gives the misses of
 * every size.
 *
 * Objects lie at positions in the order of their last use; sums over positions give the distance (F. Olken:
 * "Efficient methods for calculating the success function of fixed-space replacement policies", 1981, with a tree of
 * sums instead of a search tree). When the positions run out, those in use are renumbered.
 *
 * An object that is deleted or becomes smaller leaves a hole: free room in every cache that had the object, which the
 * next object takes without pushing others down. The topmost hole is filled first, and a requested object leaves a
 * hole at its old position. This keeps distances exact under deletions and changes of size, except for caches smaller
 * than the largest object: they refuse objects that take room here.
 *
 * A stack with a limit forgets what lies deeper, now and then: when it renumbers. So it holds at most as many positions
 * again as the limit asks for.
 *
 * A reference takes time logarithmic in the distance. Takes 4 bytes of memory per object, and 8 bytes (20 with
 * weights) per position; there are two to four positions for each object in the stack.
 */
export class ReuseStack {
  readonly #isWeighed: boolean;
  readonly #limit: number;
  #positionOf = new Uint32Array(1024);
  #sums: PositionSums;
  /** The object at each position; 0 if there is none. */
  #objectAt = new Uint32Array(FIRST_POSITIONS);
  #weightAt: Float64Array;
  readonly #holes = new HoleHeap();
  /** The last position used. */
  #last = 0;
  /** Number of positions in use. */
  #used = 0;

  /**
   * @param isWeighed whether weights other than 1 occur
   * @param limit the greatest distance that is of interest
   */
  constructor(isWeighed: boolean, limit: number = Number.POSITIVE_INFINITY) {
    this.#isWeighed = isWeighed;
    this.#limit = limit;
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
   * Moves a requested object to the top.
   * @param weight its weight from now on; a whole number, at least 1
   * @returns its reuse distance: the weight of the object and of everything above it; `Infinity` if it was not in the
   * stack
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

  /** Whether the object is in the stack. */
  knows(object: number): boolean {
    return object < this.#positionOf.length && this.#positionOf[object] !== 0;
  }

  /** Visits the objects, those used longest ago first. */
  forEach(visit: (object: number, weight: number) => void): void {
    for (let position = 1; position <= this.#last; position++) {
      const object = this.#objectAt[position]!;
      if (object !== 0 && object !== HOLE) visit(object, this.#weightOf(position));
    }
  }

  /** Drops the object from every cache that has it. */
  delete(object: number): void {
    const position = this.#positionOf[object]!;
    if (position === 0) return;
    this.#positionOf[object] = 0;
    this.#objectAt[position] = HOLE;
    this.#holes.push(position);
  }

  /** Removes the object as if it had never been there. */
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

  /** Takes the wanted room from the topmost holes, as far as there are any. */
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

  /** Forgets objects that lie deeper than the limit. */
  #trim(): void {
    let excess = sumBetween(this.#sums, 0, this.#last) - this.#limit;
    for (let position = 1; excess > 0 && position <= this.#last; position++) {
      const object = this.#objectAt[position]!;
      if (object === 0) continue;
      excess -= this.#weightOf(position);
      if (object !== HOLE) this.forget(object);
    }
  }

  /** Renumbers the positions in use from 1. */
  #renumber(): void {
    this.#trim();
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
