import type { FamiliesReport } from "../view.ts";
import { Decay } from "./decay.ts";
import { reportFamilies } from "./family-report.ts";
import { FamilyRows } from "./family-rows.ts";
import {
  FamilySums,
  FILLED_BYTES,
  FILLS,
  HITS,
  LEFT,
  LEFT_BYTES,
  REFILLS,
  REQUESTS,
  TTL_FILLS,
  TTL_MS,
  UNREAD_BYTES,
} from "./family-sums.ts";
import { SampledEntries } from "./sampled-entries.ts";
import { WORD_PLACES_DEFAULTS, type WordPlacesOptions } from "./word-places.ts";

export interface FamiliesOptions extends WordPlacesOptions {
  /** Families with a row of their own: those with the most requests. The rest is `(others)`. */
  readonly families: number;
  /** After this time a request counts half. */
  readonly halfLifeMs: number;
  /** After this time what happened to an entry counts half. It is longer, because few entries are sampled. */
  readonly entriesHalfLifeMs: number;
  /** Sampled keys that are remembered. */
  readonly sampledEntries: number;
  /** A fill so soon after the entry expired is one that a longer time to live would have saved. */
  readonly refillWithinMs: number;
}

export const FAMILIES_DEFAULTS: FamiliesOptions = {
  ...WORD_PLACES_DEFAULTS,
  families: 200,
  halfLifeMs: 60_000,
  entriesHalfLifeMs: 600_000,
  sampledEntries: 16_384,
  refillWithinMs: 60_000,
};

/**
 * Figures for each family of keys, in fixed memory, from two sources. Requests: `hit` is told of every n-th request
 * that was a hit, with weight n, and `miss` of every miss (as `HotKeys`). Entries: `filled` and `left` are told of the
 * keys of a spatial sample, and what they say counts for 1/rate keys; keys outside the sample, which are only watched,
 * are ignored.
 *
 * Families compete for rows by Space-Saving, so those with the most requests have one. A family that loses its row
 * is added to `(others)`, and what it had before it got a row remains there.
 */
export class Families {
  readonly #options: FamiliesOptions;
  readonly #rows: FamilyRows;
  readonly #sums: FamilySums;
  readonly #entries: SampledEntries;
  readonly #requestDecay: Decay;
  readonly #entryDecay: Decay;
  #lastReadsHalvedMs: number;

  /** @param samplingRate the share of all keys that `filled` and `left` are told of */
  constructor(options: FamiliesOptions, samplingRate: number, nowMs: number) {
    const { families, halfLifeMs, entriesHalfLifeMs, sampledEntries } = options;
    this.#options = options;
    const figures = {
      requestsOf: (row: number): number => this.#sums.get(row, REQUESTS),
      inherit: (row: number, heir: number): void => {
        this.#sums.copy(row, heir);
        this.#sums.clear(row);
      },
      merge: (heirs: ReadonlyMap<number, number>): void => this.#merge(heirs),
    };
    this.#rows = new FamilyRows(families, options, figures, nowMs);
    this.#sums = new FamilySums(families + 1);
    this.#entries = new SampledEntries(sampledEntries, samplingRate);
    this.#requestDecay = new Decay(halfLifeMs, nowMs);
    this.#entryDecay = new Decay(entriesHalfLifeMs, nowMs);
    this.#lastReadsHalvedMs = nowMs;
  }

  /** The sample has become smaller: `filled` and `left` are now told of this share of all keys. */
  lowerSamplingRate(rate: number): void {
    this.#entries.lowerRate(rate);
  }

  /**
   * A sampled request for the key bytes[start, end) was a hit.
   * @param hash 32 bits
   * @param weight how many requests it stands for
   */
  hit(hash: number, bytes: Uint8Array, start: number, end: number, weight: number, nowMs: number): void {
    this.#advance(nowMs);
    const amount = weight * this.#requestDecay.scale;
    const row = this.#rows.requested(hash, bytes, start, end, amount, this.#requestDecay.nowMs);
    this.#sums.add(row, REQUESTS, amount);
    this.#sums.add(row, HITS, amount);
  }

  /** A request for a key was a miss. */
  miss(hash: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#advance(nowMs);
    const amount = this.#requestDecay.scale;
    this.#sums.add(
      this.#rows.requested(hash, bytes, start, end, amount, this.#requestDecay.nowMs),
      REQUESTS,
      amount,
    );
  }

  /**
   * A value of a sampled key was stored.
   * @param hash 32 bits; the sample is the keys whose hash, unsigned, is below rate · 2^32
   * @param ttlMs 0: it does not expire
   */
  filled(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    valueBytes: number,
    ttlMs: number,
    nowMs: number,
  ): void {
    const entries = this.#entries;
    if (!entries.isSampled(hash)) return;
    this.#advance(nowMs);
    const amount = this.#entryDecay.scale / entries.rate;
    const row = this.#rows.rowOf(bytes, start, end, 0, this.#requestDecay.nowMs);
    const sums = this.#sums;
    sums.add(row, FILLS, amount);
    sums.add(row, FILLED_BYTES, amount * valueBytes);
    if (ttlMs > 0) {
      sums.add(row, TTL_FILLS, amount);
      sums.add(row, TTL_MS, amount * ttlMs);
    }
    if (nowMs - entries.expiredMs(hash) <= this.#options.refillWithinMs) sums.add(row, REFILLS, amount);
    entries.put(hash, this.#rows.reference(row), valueBytes);
  }

  /**
   * The entry of a sampled key left the cache. An entry that was filled before this began is ignored.
   * @param lastReadAfterMs from the fill to the last read; 0 if there was none, negative if it is unknown
   * @param reads after the fill; the request that led to the fill is none
   */
  left(
    hash: number,
    hasExpired: boolean,
    lastReadAfterMs: number,
    reads: number,
    valueBytes: number,
    nowMs: number,
  ): void {
    const entries = this.#entries;
    const reference = entries.familyOf(hash);
    if (reference < 0) return;
    this.#advance(nowMs);
    const row = this.#rows.rowOfReference(reference);
    const amount = this.#entryDecay.scale / entries.rate;
    const sums = this.#sums;
    sums.add(row, LEFT, amount);
    sums.add(row, LEFT_BYTES, amount * valueBytes);
    if (reads === 0) sums.add(row, UNREAD_BYTES, amount * valueBytes);
    if (lastReadAfterMs >= 0) sums.recordLastRead(row, lastReadAfterMs);
    if (hasExpired) entries.expire(hash, nowMs);
    else entries.remove(hash);
  }

  /** All entries left the cache at once: a flush, or the channel that vouched for them was lost. */
  cleared(nowMs: number): void {
    this.#advance(nowMs);
    const amount = this.#entryDecay.scale / this.#entries.rate;
    this.#entries.forEach((reference, valueBytes) => {
      // Not how long they were read, which is unknown, nor whether.
      const row = this.#rows.rowOfReference(reference);
      this.#sums.add(row, LEFT, amount);
      this.#sums.add(row, LEFT_BYTES, amount * valueBytes);
    });
    this.#entries.clear();
  }

  /** Returns the families with the most requests, and all other ones as `(others)`. */
  report(count: number, nowMs: number): FamiliesReport {
    this.#advance(nowMs);
    const sources = {
      rows: this.#rows,
      sums: this.#sums,
      entries: this.#entries,
      requestDecay: this.#requestDecay,
      entryDecay: this.#entryDecay,
    };
    return reportFamilies(sources, count);
  }

  /** Entries of families that are about to be given up belong to their heirs. */
  #merge(heirs: ReadonlyMap<number, number>): void {
    this.#entries.moveFamilies((reference) => {
      const heir = heirs.get(this.#rows.rowOfReference(reference));
      return heir === undefined ? reference : this.#rows.reference(heir);
    });
  }

  #advance(nowMs: number): void {
    if (nowMs === this.#requestDecay.nowMs) return;
    const requestFactor = this.#requestDecay.advance(nowMs);
    if (requestFactor !== 1) {
      this.#sums.scaleRequests(requestFactor);
      this.#rows.scale(requestFactor);
    }
    const entryFactor = this.#entryDecay.advance(nowMs);
    if (entryFactor !== 1) this.#sums.scaleEntries(entryFactor);
    if (Math.abs(nowMs - this.#lastReadsHalvedMs) < this.#options.entriesHalfLifeMs) return;
    this.#lastReadsHalvedMs = nowMs;
    this.#sums.halveLastReads();
  }
}
