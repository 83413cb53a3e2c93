import { assert } from "../../lib/assert.ts";
import { toldKey } from "../told-key.ts";
import type { HotBy, HotKeysReport } from "../view.ts";
import { Decay } from "./decay.ts";
import { KeySlots } from "./key-slots.ts";
import { LargestValues } from "./largest-values.ts";
import { SpaceSaving, scaleAll } from "./space-saving.ts";

/** Of a longer key only the beginning is kept and told. */
const TOLD_KEY_BYTES = 512;

/** Sampling errors are told at two standard deviations: the true figure lies within in 95 of 100 cases. */
const DEVIATIONS = 2;

export interface HotKeysOptions {
  /** Counters of each figure. */
  readonly counters: number;
  /** After this time a request counts half. */
  readonly halfLifeMs: number;
  /** A large value that nobody has filled or read for so long is forgotten. */
  readonly forgetAfterMs: number;
}

export const HOT_KEYS_DEFAULTS: HotKeysOptions = {
  counters: 512,
  halfLifeMs: 60_000,
  forgetAfterMs: 3_600_000,
};

/** A figure that is summed up, and its unit. */
const UNITS = {
  rate: "requests/s",
  bytes: "bytes/s",
  misses: "misses/s",
  "origin-time": "ms/s",
  size: "bytes",
} as const satisfies Record<HotBy, HotKeysReport["unit"]>;

/**
 * The keys with the most requests, bytes served, misses and time of the origin, at present, and those with the largest
 * values; in fixed memory.
 *
 * It is told of hits by sample, of misses all: `hit` is called for every n-th request, with weight n, if that request
 * was a hit; `miss` for every miss. An n-th request that was a miss is told by `miss` alone. So nothing is counted
 * twice, and the request rate is n times the sampled hits plus the misses.
 *
 * All figures share one table of keys, so that a request costs one lookup. A key is copied when it gets a counter.
 * No call allocates, but for reports.
 */
export class HotKeys {
  readonly #keys: KeySlots;
  readonly #decay: Decay;
  readonly #rate: SpaceSaving;
  readonly #bytes: SpaceSaving;
  readonly #misses: SpaceSaving;
  readonly #originTime: SpaceSaving;
  readonly #sizes: LargestValues;
  /** How many figures have a counter for the key. */
  readonly #uses: Uint8Array;
  /** Of each key, since it has been in the table: its hits, and all its requests. */
  readonly #hits: Float64Array;
  readonly #requests: Float64Array;
  readonly #valueBytes: Float64Array;
  readonly #release = (slot: number): void => {
    if (--this.#uses[slot]! === 0) this.#keys.remove(slot);
  };

  constructor(options: HotKeysOptions, nowMs: number) {
    const { counters, halfLifeMs, forgetAfterMs } = options;
    const slots = 5 * counters;
    this.#keys = new KeySlots(slots, TOLD_KEY_BYTES);
    this.#decay = new Decay(halfLifeMs, nowMs);
    this.#rate = new SpaceSaving(counters, slots);
    this.#bytes = new SpaceSaving(counters, slots);
    this.#misses = new SpaceSaving(counters, slots);
    this.#originTime = new SpaceSaving(counters, slots);
    this.#sizes = new LargestValues(counters, slots, forgetAfterMs);
    this.#uses = new Uint8Array(slots + 1);
    this.#hits = new Float64Array(slots + 1);
    this.#requests = new Float64Array(slots + 1);
    this.#valueBytes = new Float64Array(slots + 1);
  }

  /** Keys in memory, at most five times the counters. */
  get trackedKeys(): number {
    return this.#keys.count;
  }

  /**
   * A sampled request for the key bytes[start, end) was a hit.
   * @param hash 32 bits
   * @param valueBytes what was served
   * @param weight how many requests it stands for
   */
  hit(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    valueBytes: number,
    weight: number,
    nowMs: number,
  ): void {
    this.#advance(nowMs);
    const { scale } = this.#decay;
    const amount = weight * scale;
    // One in `weight` is seen: the variance of the estimate is that of so many independent draws.
    const variance = weight * (weight - 1) * scale * scale;
    let slot = this.#keys.find(hash, bytes, start, end);
    slot = this.#count(this.#rate, slot, hash, bytes, start, end, amount, variance);
    slot = this.#count(
      this.#bytes,
      slot,
      hash,
      bytes,
      start,
      end,
      amount * valueBytes,
      variance * valueBytes * valueBytes,
    );
    if (slot === 0) return;
    this.#hits[slot]! += amount;
    this.#requests[slot]! += amount;
    this.#valueBytes[slot] = valueBytes;
    if (this.#sizes.holds(slot)) this.#sizes.touch(slot, this.#decay.nowMs);
  }

  /** A request for a key was a miss, its own or a coalesced one. Told of every miss. */
  miss(hash: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#advance(nowMs);
    const { scale } = this.#decay;
    let slot = this.#keys.find(hash, bytes, start, end);
    slot = this.#count(this.#rate, slot, hash, bytes, start, end, scale, 0);
    slot = this.#count(this.#misses, slot, hash, bytes, start, end, scale, 0);
    if (slot !== 0) this.#requests[slot]! += scale;
  }

  /**
   * A miss was answered. Told of every miss that got a value.
   * @param originMs how long the origin took; 0 for a coalesced request, which cost it nothing
   */
  answered(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    originMs: number,
    valueBytes: number,
    nowMs: number,
  ): void {
    this.#advance(nowMs);
    const { scale } = this.#decay;
    let slot = this.#keys.find(hash, bytes, start, end);
    slot = this.#count(this.#bytes, slot, hash, bytes, start, end, valueBytes * scale, 0);
    slot = this.#count(this.#originTime, slot, hash, bytes, start, end, originMs * scale, 0);
    slot = this.#noteSize(slot, hash, bytes, start, end, valueBytes);
    if (slot !== 0) this.#valueBytes[slot] = valueBytes;
  }

  /**
   * The entry of the key with this hash left the cache, for any reason. Told of all keys. Two keys may have one hash:
   * then the other one's value is missing among the largest until it is filled again.
   */
  left(hash: number): void {
    this.#keys.forEachOf(hash, (slot) => {
      if (!this.#sizes.holds(slot)) return;
      this.#sizes.remove(slot);
      this.#release(slot);
    });
  }

  /** All entries left the cache at once. */
  cleared(): void {
    for (const slot of this.#sizes.largest(this.#sizes.limit)) {
      this.#sizes.remove(slot);
      this.#release(slot);
    }
  }

  report(by: HotBy, count: number, nowMs: number): HotKeysReport {
    this.#advance(nowMs);
    const unit = UNITS[by];
    if (by === "size") {
      this.#sizes.sweep(this.#decay.nowMs, this.#release);
      const slots = this.#sizes.largest(count);
      return { by, unit, keys: slots.map((slot) => this.#told(slot, this.#sizes.bytesOf(slot), 0, 0)) };
    }
    const figure = this.#figure(by);
    const perSecond = (sum: number): number => this.#decay.perSecond(sum);
    const slots = figure.largest(count).filter((slot) => figure.amountOf(slot) > 0);
    return {
      by,
      unit,
      keys: slots.map((slot) =>
        this.#told(
          slot,
          perSecond(figure.amountOf(slot)),
          perSecond(figure.errorOf(slot)),
          perSecond(DEVIATIONS * Math.sqrt(figure.varianceOf(slot))),
        ),
      ),
    };
  }

  #told(slot: number, amount: number, error: number, samplingError: number): HotKeysReport["keys"][number] {
    const keyBytes = this.#keys.lengthOf(slot);
    const isCut = keyBytes > TOLD_KEY_BYTES;
    const requests = this.#requests[slot]!;
    return {
      key: toldKey(this.#keys.bytesOf(slot), isCut),
      ...(isCut ? { cutFromBytes: keyBytes } : {}),
      amount,
      error,
      samplingError,
      hitRatio: requests > 0 ? this.#hits[slot]! / requests : 0,
      valueBytes: this.#valueBytes[slot]!,
    };
  }

  #figure(by: Exclude<HotBy, "size">): SpaceSaving {
    if (by === "rate") return this.#rate;
    if (by === "bytes") return this.#bytes;
    return by === "misses" ? this.#misses : this.#originTime;
  }

  /** Adds to a figure. @returns the key's slot; it may have got one */
  #count(
    figure: SpaceSaving,
    known: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    amount: number,
    variance: number,
  ): number {
    if (known !== 0 && figure.holds(known)) {
      figure.add(known, amount, variance);
      return known;
    }
    if (!figure.admits(hash, amount, variance)) return known;
    const evicted = figure.makeRoom();
    if (evicted !== 0) this.#release(evicted);
    const slot = known !== 0 ? known : this.#addKey(hash, bytes, start, end);
    this.#uses[slot]!++;
    figure.enter(slot, hash, amount, variance);
    return slot;
  }

  #noteSize(
    known: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    valueBytes: number,
  ): number {
    const { nowMs } = this.#decay;
    const sizes = this.#sizes;
    sizes.sweep(nowMs, this.#release);
    // The sweep may have released the key's last counter.
    const slot = known !== 0 && this.#uses[known] === 0 ? 0 : known;
    if (slot !== 0 && sizes.holds(slot)) {
      if (valueBytes !== sizes.bytesOf(slot) && valueBytes >= 0) sizes.resize(slot, valueBytes, nowMs);
      else sizes.touch(slot, nowMs);
      return slot;
    }
    if (!sizes.admits(valueBytes)) return slot;
    const evicted = sizes.makeRoom();
    if (evicted !== 0) this.#release(evicted);
    const entering = slot !== 0 ? slot : this.#addKey(hash, bytes, start, end);
    this.#uses[entering]!++;
    sizes.enter(entering, valueBytes, nowMs);
    return entering;
  }

  #addKey(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#keys.add(hash, bytes, start, end);
    assert(slot !== 0, "more keys are tracked than there are counters");
    this.#hits[slot] = 0;
    this.#requests[slot] = 0;
    this.#valueBytes[slot] = 0;
    return slot;
  }

  #advance(nowMs: number): void {
    const factor = this.#decay.advance(nowMs);
    if (factor === 1) return;
    for (const figure of [this.#rate, this.#bytes, this.#misses, this.#originTime]) figure.scale(factor);
    scaleAll(this.#hits, factor);
    scaleAll(this.#requests, factor);
  }
}
