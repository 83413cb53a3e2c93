import { ExpiryQueue } from "../../replay/expiry-queue.ts";
import { READ } from "../../replay/records.ts";
import { RecycledNumbering } from "../../replay/recycled-numbering.ts";
import { ReuseStack } from "../../replay/reuse-stack.ts";
import { boundOf, ratioOf, samplePosition } from "../events/event-control.ts";
import { GROUPS, type SizeShape } from "./simulated-size.ts";

/** As many records as a miniature replays at once. */
const BATCH_RECORDS = 256;

/**
 * LRU at all sizes at once: the reuse distances of a sample of the keys (Waldspurger et al.: "Efficient MRC construction
 * with SHARDS", FAST 2015). It runs without interruption. Besides the misses at each size, it tells how many of them lie
 * within what a miniature of that size has seen: its share of the keys, and the stretches in which it ran.
 */
export class ReuseSample {
  /** Keys whose position lies below this are in the sample. */
  readonly bound: number;
  readonly #shapes: readonly SizeShape[];
  readonly #isWeighed: boolean;
  /** The greatest distance, in the sample, at which each size hits. */
  readonly #capacities: Float64Array;
  /** Reads by group, then by the first size that hits; the last place is for those that none has. */
  readonly #reads: Float64Array;
  /** By size: misses by group among what its miniatures see. */
  readonly #within: readonly Float64Array[];
  #stack: ReuseStack;
  #numbering: RecycledNumbering;
  #expiries: ExpiryQueue | undefined = undefined;
  #count = 0;
  readonly #hashes = new Uint32Array(BATCH_RECORDS);
  readonly #noUpperHalf = new Uint32Array(BATCH_RECORDS);
  readonly #numbers = new Uint32Array(BATCH_RECORDS);
  readonly #operations = new Uint8Array(BATCH_RECORDS);
  readonly #weights = new Float64Array(BATCH_RECORDS);
  readonly #expiresAtMs = new Float64Array(BATCH_RECORDS);
  readonly #atMs = new Float64Array(BATCH_RECORDS);
  /** The sizes whose miniatures see the record, a bit for each. */
  readonly #seenBy = new Uint16Array(BATCH_RECORDS);
  #hashOf = new Uint32Array(1024);

  /** @param shapes the smallest size first */
  constructor(shapes: readonly SizeShape[], ratio: number) {
    const unit = shapes[0]!.unit;
    this.#shapes = shapes;
    this.bound = boundOf(ratio);
    this.#isWeighed = unit === "bytes";
    this.#capacities = Float64Array.from(shapes, ({ size }) => size * this.ratio);
    this.#reads = new Float64Array(GROUPS * (shapes.length + 1));
    this.#within = shapes.map(() => new Float64Array(GROUPS));
    this.#stack = this.#newStack();
    this.#numbering = new RecycledNumbering([this.#stack]);
  }

  /** The share of the keys in the sample, exactly. */
  get ratio(): number {
    return ratioOf(this.bound);
  }

  /**
   * Adds a record of a key in the sample.
   * @param operation READ or DELETE
   * @param ttlMs 0: none
   * @param seenBy the sizes whose miniatures see the record and count it, a bit for each
   */
  add(hash: number, operation: number, weight: number, timeMs: number, ttlMs: number, seenBy: number): void {
    const at = this.#count++;
    this.#hashes[at] = hash;
    this.#operations[at] = operation;
    this.#weights[at] = weight;
    this.#atMs[at] = timeMs;
    this.#expiresAtMs[at] = ttlMs > 0 ? timeMs + ttlMs : Number.POSITIVE_INFINITY;
    this.#seenBy[at] = seenBy;
    if (this.#count === BATCH_RECORDS) this.flush();
  }

  /** Counts a read of a key that has no value: no cache can have it. */
  addAbsent(hash: number, seenBy: number): void {
    this.#countRead(hash & (GROUPS - 1), this.#shapes.length, seenBy);
  }

  /** Replays what was added. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    const numbers = this.#numbers;
    this.#numbering.number(this.#hashes, this.#noUpperHalf, count, numbers);
    const { greatest } = this.#numbering;
    this.#stack.coverObjects(greatest);
    this.#expiries?.cover(greatest);
    if (greatest >= this.#hashOf.length) {
      const hashOf = new Uint32Array(2 * greatest);
      hashOf.set(this.#hashOf);
      this.#hashOf = hashOf;
    }
    for (let i = 0; i < count; i++) {
      const object = numbers[i]!;
      this.#hashOf[object] = this.#hashes[i]!;
      this.#expire(this.#atMs[i]!);
      if (this.#operations[i] !== READ) {
        this.#stack.delete(object);
        this.#expiries?.delete(object);
      } else this.#read(i, object);
    }
    this.#numbering.reclaim();
    this.#count = 0;
  }

  /** Removes everything, as when the channel for invalidations is lost. */
  empty(): void {
    this.flush();
    this.#stack = this.#newStack();
    this.#numbering = new RecycledNumbering([this.#stack]);
    this.#expiries = undefined;
  }

  /** Takes over what a sample of another share of the keys holds. */
  takeOver(earlier: ReuseSample): void {
    earlier.flush();
    earlier.#stack.forEach((object, weight) => {
      const hash = earlier.#hashOf[object]!;
      if (samplePosition(hash) >= this.bound) return;
      const expiresAtMs = earlier.#expiries?.of(object) ?? Number.POSITIVE_INFINITY;
      this.add(hash, READ, weight, 0, expiresAtMs === Number.POSITIVE_INFINITY ? 0 : expiresAtMs, 0);
    });
    this.flush();
    this.dropMisses();
  }

  /**
   * Takes the misses since the last call.
   * @param all the misses of all keys, as the sample tells them, are added here: by size and group
   * @param within those among what the miniatures of the size saw, as the sample tells them
   */
  takeMisses(all: readonly Float64Array[], within: readonly Float64Array[]): void {
    const { ratio } = this;
    const places = this.#shapes.length + 1;
    for (let group = 0; group < GROUPS; group++) {
      let misses = 0;
      for (let size = places - 2; size >= 0; size--) {
        misses += this.#reads[group * places + size + 1]!;
        all[size]![group]! += misses / ratio;
      }
    }
    this.#within.forEach((misses, size) => {
      const share = Math.min(ratio, this.#shapes[size]!.ratio);
      for (let group = 0; group < GROUPS; group++) within[size]![group]! += misses[group]! / share;
    });
    this.dropMisses();
  }

  dropMisses(): void {
    this.#reads.fill(0);
    for (const misses of this.#within) misses.fill(0);
  }

  #read(at: number, object: number): void {
    const weight = this.#weights[at]!;
    const distance = this.#stack.reference(object, weight);
    const expiresAtMs = this.#expiresAtMs[at]!;
    if (expiresAtMs !== Number.POSITIVE_INFINITY)
      this.#expiries ??= new ExpiryQueue(this.#numbering.greatest);
    this.#expiries?.set(object, expiresAtMs);
    // The keys above are as many as the sample says, but the key itself is there once.
    const inSample = distance - (1 - this.ratio) * weight * OWN_SHARE;
    const capacities = this.#capacities;
    let size = 0;
    while (
      size < capacities.length &&
      !(inSample <= capacities[size]! && weight <= this.#shapes[size]!.size)
    ) {
      size++;
    }
    this.#countRead(this.#hashes[at]! & (GROUPS - 1), size, this.#seenBy[at]!);
  }

  /** @param firstHit the first size that has the key */
  #countRead(group: number, firstHit: number, seenBy: number): void {
    this.#reads[group * (this.#shapes.length + 1) + firstHit]!++;
    if (seenBy === 0) return;
    for (let size = 0; size < firstHit; size++) {
      if ((seenBy & (1 << size)) !== 0) this.#within[size]![group]!++;
    }
  }

  #expire(nowMs: number): void {
    const expiries = this.#expiries;
    if (expiries === undefined) return;
    while (expiries.nextMs <= nowMs) this.#stack.delete(expiries.take());
  }

  #newStack(): ReuseStack {
    const capacities = this.#capacities;
    return new ReuseStack(this.#isWeighed, capacities[capacities.length - 1]);
  }
}

/** A key whose distance in the sample is d has about (d − ½) / ratio keys above it and itself. */
const OWN_SHARE = 1 / 2;
