import { assert } from "../../lib/assert.ts";
import { fromUtf8 } from "../../lib/bytes.ts";
import type { FamiliesReport } from "../view.ts";
import { Decay } from "./decay.ts";
import { familyAdvice } from "./family-advice.ts";
import { mergeFamilies } from "./family-merge.ts";
import { FAMILY_NAME_BYTES, FamilyNames, type FullPlace } from "./family-names.ts";
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
import { KeySlots } from "./key-slots.ts";
import { SampledEntries } from "./sampled-entries.ts";
import { SpaceSaving } from "./space-saving.ts";
import { WORD_PLACES_DEFAULTS, WordPlaces, type WordPlacesOptions } from "./word-places.ts";

const RECENT_KEYS = 4096;
const RECENT_MS = 60_000;

/** The row of all keys whose families have no row of their own. */
const OTHERS = 0;
const OTHERS_NAME = "(others)";

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
  readonly #places: WordPlaces;
  readonly #names: FamilyNames;
  /** Rows by name. */
  readonly #rows: KeySlots;
  readonly #competition: SpaceSaving;
  readonly #sums: FamilySums;
  readonly #entries: SampledEntries;
  /** Counts the families that a row has had, because entries may still refer to an earlier one. */
  readonly #generations: Int32Array;
  readonly #requestDecay: Decay;
  readonly #entryDecay: Decay;
  #lastReadsHalvedMs: number;
  /**
   * The families of keys asked for recently, by hash and length. Two keys may be mistaken for each other, one in a
   * million; that is less than what sampling errs. They are forgotten every minute, so that the places of keys which
   * are often asked for are not taken for unused.
   */
  readonly #recentHashes = new Int32Array(RECENT_KEYS);
  readonly #recentLengths = new Int32Array(RECENT_KEYS).fill(-1);
  readonly #recentFamilies = new Int32Array(RECENT_KEYS);
  #recentSinceMs: number;

  /** @param samplingRate the share of all keys that `filled` and `left` are told of */
  constructor(options: FamiliesOptions, samplingRate: number, nowMs: number) {
    const { families } = options;
    assert(families >= 1 && families < ROWS, `there must be from 1 to ${ROWS - 1} families, not ${families}`);
    this.#options = options;
    this.#places = new WordPlaces(options);
    this.#names = new FamilyNames(this.#places, (full) => this.#merge(full));
    this.#rows = new KeySlots(options.families, FAMILY_NAME_BYTES);
    this.#competition = new SpaceSaving(options.families, options.families);
    this.#sums = new FamilySums(options.families + 1);
    this.#entries = new SampledEntries(options.sampledEntries, samplingRate);
    this.#generations = new Int32Array(options.families + 1);
    this.#requestDecay = new Decay(options.halfLifeMs, nowMs);
    this.#entryDecay = new Decay(options.entriesHalfLifeMs, nowMs);
    this.#lastReadsHalvedMs = nowMs;
    this.#recentSinceMs = nowMs;
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
    const row = this.#recentRowOf(hash, bytes, start, end, amount);
    this.#sums.add(row, REQUESTS, amount);
    this.#sums.add(row, HITS, amount);
  }

  /** A request for a key was a miss. */
  miss(hash: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#advance(nowMs);
    const amount = this.#requestDecay.scale;
    this.#sums.add(this.#recentRowOf(hash, bytes, start, end, amount), REQUESTS, amount);
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
    const row = this.#rowOf(bytes, start, end, 0);
    const sums = this.#sums;
    sums.add(row, FILLS, amount);
    sums.add(row, FILLED_BYTES, amount * valueBytes);
    if (ttlMs > 0) {
      sums.add(row, TTL_FILLS, amount);
      sums.add(row, TTL_MS, amount * ttlMs);
    }
    if (nowMs - entries.expiredMs(hash) <= this.#options.refillWithinMs) sums.add(row, REFILLS, amount);
    entries.put(hash, this.#reference(row), valueBytes);
  }

  /**
   * The entry of a sampled key left the cache. An entry that was filled before this began is ignored.
   * @param lastReadAfterMs from the fill to the last read; 0 if there was none
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
    const row = this.#rowOfReference(reference);
    const amount = this.#entryDecay.scale / entries.rate;
    const sums = this.#sums;
    sums.add(row, LEFT, amount);
    sums.add(row, LEFT_BYTES, amount * valueBytes);
    if (reads === 0) sums.add(row, UNREAD_BYTES, amount * valueBytes);
    sums.recordLastRead(row, lastReadAfterMs);
    if (hasExpired) entries.expire(hash, nowMs);
    else entries.remove(hash);
  }

  /** All entries left the cache at once: a flush, or the channel that vouched for them was lost. */
  cleared(nowMs: number): void {
    this.#advance(nowMs);
    const amount = this.#entryDecay.scale / this.#entries.rate;
    this.#entries.forEach((reference, valueBytes) => {
      // Not how long they were read, which is unknown, nor whether.
      const row = this.#rowOfReference(reference);
      this.#sums.add(row, LEFT, amount);
      this.#sums.add(row, LEFT_BYTES, amount * valueBytes);
    });
    this.#entries.clear();
  }

  /** Returns the families with the most requests, and all other ones as `(others)`. */
  report(count: number, nowMs: number): FamiliesReport {
    this.#advance(nowMs);
    const rows: number[] = [];
    this.#rows.forEach((row) => {
      rows.push(row);
    });
    rows.sort((a, b) => this.#sums.get(b, REQUESTS) - this.#sums.get(a, REQUESTS) || a - b);
    const told = rows.splice(0, Math.max(0, count));
    const memory = this.#memoryOf(told);
    const families = told.map((row, at) =>
      this.#told(fromUtf8(this.#rows.bytesOf(row)), this.#sums, row, memory, at),
    );
    const others = new FamilySums(1);
    for (const row of [OTHERS, ...rows]) others.copy(row, 0, this.#sums);
    const last = told.length;
    if (others.get(0, REQUESTS) > 0 || memory.entries[last]! > 0) {
      const { advice: _, ...figures } = this.#told(OTHERS_NAME, others, 0, memory, last);
      families.push(figures);
    }
    return { families };
  }

  /** Adds up the entries of each of these rows, and of all other ones behind them. */
  #memoryOf(rows: readonly number[]): Memory {
    const places = new Int32Array(this.#options.families + 1).fill(rows.length);
    rows.forEach((row, at) => {
      places[row] = at;
    });
    const entries = new Float64Array(rows.length + 1);
    const bytes = new Float64Array(rows.length + 1);
    const weight = 1 / this.#entries.rate;
    this.#entries.forEach((reference, valueBytes) => {
      const at = places[this.#rowOfReference(reference)]!;
      entries[at]! += weight;
      bytes[at]! += weight * valueBytes;
    });
    return { entries, bytes, totalBytes: bytes.reduce((sum, each) => sum + each, 0) };
  }

  #told(
    name: string,
    sums: FamilySums,
    row: number,
    { entries, bytes, totalBytes }: Memory,
    at: number,
  ): FamiliesReport["families"][number] {
    const requests = sums.get(row, REQUESTS);
    const fills = sums.get(row, FILLS);
    const left = sums.get(row, LEFT);
    const lastReads = sums.lastReads(row);
    const seen = (sum: number): number => this.#entryDecay.present(sum) * this.#entries.rate;
    const figures = {
      requestsPerSecond: this.#requestDecay.perSecond(requests),
      hitRatio: ratio(sums.get(row, HITS), requests),
      memoryBytes: bytes[at]!,
      entries: entries[at]!,
      meanValueBytes: ratio(sums.get(row, FILLED_BYTES), fills),
      meanTtlMs: sums.get(row, TTL_FILLS) > 0 ? sums.get(row, TTL_MS) / sums.get(row, TTL_FILLS) : null,
      lastReadAfterMs: lastReads === undefined || lastReads.count === 0 ? null : lastReads.quantile(0.95),
      churnPerSecond: this.#entryDecay.perSecond(left),
    };
    const advice = familyAdvice({
      ...figures,
      totalMemoryBytes: totalBytes,
      refillRatio: ratio(sums.get(row, REFILLS), fills),
      unreadRatio: ratio(sums.get(row, UNREAD_BYTES), sums.get(row, LEFT_BYTES)),
      fillsSeen: seen(fills),
      leftSeen: seen(left),
    });
    return { name, ...figures, ...(advice === undefined ? {} : { advice }) };
  }

  /** Returns the same as `#rowOf`, for a key that was asked for recently without reading it. */
  #recentRowOf(hash: number, bytes: Uint8Array, start: number, end: number, amount: number): number {
    const at = hash & (RECENT_KEYS - 1);
    if (this.#recentHashes[at] === (hash | 0) && this.#recentLengths[at] === end - start) {
      const known = this.#rowOfReference(this.#recentFamilies[at]!);
      if (known !== OTHERS) {
        this.#competition.add(known, amount, 0);
        return known;
      }
    }
    const row = this.#rowOf(bytes, start, end, amount);
    this.#recentHashes[at] = hash;
    this.#recentLengths[at] = end - start;
    this.#recentFamilies[at] = this.#reference(row);
    return row;
  }

  /** Returns the row of the key's family, or `OTHERS`. @param amount what the family gains in the competition */
  #rowOf(bytes: Uint8Array, start: number, end: number, amount: number): number {
    const names = this.#names;
    names.read(bytes, start, end, this.#requestDecay.nowMs);
    const row = this.#rows.find(names.hash, names.name, 0, names.length);
    if (row !== 0) {
      this.#competition.add(row, amount, 0);
      return row;
    }
    if (!this.#competition.admits(names.hash, amount, 0)) return OTHERS;
    const evicted = this.#competition.makeRoom();
    if (evicted !== 0) this.#giveUp(evicted, OTHERS);
    const entering = this.#rows.add(names.hash, names.name, 0, names.length);
    this.#competition.enter(entering, names.hash, amount, 0);
    return entering;
  }

  /** Adds a row to another one, and frees it. */
  #giveUp(row: number, heir: number): void {
    this.#sums.copy(row, heir);
    this.#sums.clear(row);
    this.#rows.remove(row);
    this.#generations[row] = (this.#generations[row]! + 1) % GENERATIONS;
  }

  #merge(full: FullPlace): void {
    const heirs = mergeFamilies(full, this.#rows, this.#places, (row) => this.#sums.get(row, REQUESTS));
    if (heirs.size === 0) return;
    this.#entries.moveFamilies((reference) => {
      const heir = heirs.get(this.#rowOfReference(reference));
      return heir === undefined ? reference : this.#reference(heir);
    });
    for (const [row, heir] of heirs) {
      this.#competition.give(row, heir);
      this.#giveUp(row, heir);
    }
  }

  /** What an entry remembers of its family: the row and its generation. */
  #reference(row: number): number {
    return this.#generations[row]! * ROWS + row;
  }

  #rowOfReference(reference: number): number {
    const row = reference % ROWS;
    return Math.floor(reference / ROWS) === this.#generations[row] ? row : OTHERS;
  }

  #advance(nowMs: number): void {
    if (nowMs === this.#requestDecay.nowMs) return;
    const requestFactor = this.#requestDecay.advance(nowMs);
    if (requestFactor !== 1) {
      this.#sums.scaleRequests(requestFactor);
      this.#competition.scale(requestFactor);
    }
    const entryFactor = this.#entryDecay.advance(nowMs);
    if (entryFactor !== 1) this.#sums.scaleEntries(entryFactor);
    if (Math.abs(nowMs - this.#recentSinceMs) >= RECENT_MS) {
      this.#recentSinceMs = nowMs;
      this.#recentLengths.fill(-1);
    }
    if (Math.abs(nowMs - this.#lastReadsHalvedMs) < this.#options.entriesHalfLifeMs) return;
    this.#lastReadsHalvedMs = nowMs;
    this.#sums.halveLastReads();
  }
}

/** The sampled entries of families, scaled up. */
interface Memory {
  readonly entries: Float64Array;
  readonly bytes: Float64Array;
  readonly totalBytes: number;
}

/** A reference has 31 bits: 16 for the row, 15 for its generation. */
const ROWS = 2 ** 16;
const GENERATIONS = 2 ** 15;

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
