import type { KeyRef } from "../../lib/key-ref.ts";
import { type EventControl, samplePosition } from "./event-control.ts";
import {
  ANSWERED,
  COALESCED,
  FILLED,
  HASH,
  HIT,
  INVALIDATED,
  INVALIDATED_ALL,
  INVALIDATORS,
  type Invalidator,
  IS_COUNTED,
  IS_FOLLOWED,
  LOST,
  MISS,
  READS,
  REFUSALS,
  REFUSED,
  REMOVES,
  type Refusal,
  TIME,
  WORDS_OF,
  WROTE,
} from "./event-kinds.ts";
import { EVENT_KEY_BYTES, type EventRing } from "./event-ring.ts";
import type { WatchFilter } from "./watch-filter.ts";

/** Where the events of one thread go. */
export interface EventTarget {
  readonly ring: EventRing;
  readonly control: EventControl;
  readonly filter: WatchFilter;
}

/**
 * Writes what happens to the keys of one thread's cache to its ring: everything that happens to keys that are followed
 * (sampled or watched), one hit in so many, and every miss. The other hits cost two comparisons.
 */
export class EventWriter {
  readonly #ring: EventRing;
  readonly #control: EventControl;
  readonly #filter: WatchFilter;
  readonly #nowMs: () => number;
  /** The number of reads when the first record was lost since the last one that was written; −1: none was lost. */
  #lostFrom = -1;
  /** The bound of the sample since the last mark, and when the next one is due. */
  #bound: number;
  #markAtMs = 0;
  #untilCounted = 1;
  /** How many hits the next counted one stands for. */
  #countedWeight = 1;
  #random = 1;

  /** @param nowMs the time base of the cache */
  constructor({ ring, control, filter }: EventTarget, nowMs: () => number) {
    this.#ring = ring;
    this.#control = control;
    this.#filter = filter;
    this.#nowMs = nowMs;
    this.#bound = control.bound;
  }

  hit(key: KeyRef, valueBytes: number, nowMs: number): void {
    if ((this.#ring.countRead() & MARK_MASK) === 0 || nowMs >= this.#markAtMs) this.#mark(nowMs);
    const isFollowed = this.#follows(key.hash);
    if (--this.#untilCounted <= 0) this.#countedHit(key, valueBytes, nowMs, isFollowed);
    else if (isFollowed) this.#writeHit(IS_FOLLOWED, key, 0, valueBytes, nowMs);
  }

  /** @returns 0: `answered` names reads by their key */
  missed(key: KeyRef, nowMs: number): number {
    const ring = this.#ring;
    if ((ring.countRead() & MARK_MASK) === 0 || nowMs >= this.#markAtMs) this.#mark(nowMs);
    const { hash } = key;
    const stored = Math.min(EVENT_KEY_BYTES, key.length);
    const at = this.#begin(MISS, this.#follows(hash) ? IS_FOLLOWED : 0, WORDS_OF[MISS]!, key.length, stored);
    if (at >= 0) {
      writeHead(ring, at, hash, nowMs);
      ring.putKey(at, WORDS_OF[MISS]!, key.bytes, key.start, stored);
      ring.publish();
    }
    return 0;
  }

  coalesced(hash: number): void {
    if (this.#follows(hash)) this.#write(COALESCED, IS_FOLLOWED, hash);
  }

  answered(hash: number, _read: number, valueBytes: number, remainingMs: number): void {
    if (!this.#follows(hash)) return;
    const ring = this.#ring;
    const at = this.#begin(ANSWERED, IS_FOLLOWED, WORDS_OF[ANSWERED]!);
    if (at < 0) return;
    writeHead(ring, at, hash, this.#nowMs());
    ring.words[at + 3] = valueBytes;
    ring.words[at + 4] = Math.min(GREATEST, remainingMs);
    ring.publish();
  }

  filled(hash: number, valueBytes: number, expiresAtMs: number, sentAtMs: number): void {
    const nowMs = this.#nowMs();
    const ring = this.#ring;
    const at = this.#begin(FILLED, this.#follows(hash) ? IS_FOLLOWED : 0, WORDS_OF[FILLED]!);
    if (at < 0) return;
    writeHead(ring, at, hash, nowMs);
    ring.words[at + 3] = valueBytes;
    ring.words[at + 4] = expiresAtMs === 0 ? -1 : Math.max(0, Math.min(GREATEST, expiresAtMs - nowMs));
    ring.words[at + 5] = nowMs - sentAtMs;
    ring.publish();
  }

  refused(hash: number, why: Refusal): void {
    this.#write(REFUSED, this.#follows(hash) ? IS_FOLLOWED : 0, hash, REFUSALS.indexOf(why));
  }

  wrote(key: KeyRef, removes: boolean): void {
    if (!this.#follows(key.hash)) return;
    this.#write(WROTE, removes ? IS_FOLLOWED | REMOVES : IS_FOLLOWED, key.hash);
  }

  invalidated({ hash }: KeyRef, by: Invalidator): void {
    if (this.#follows(hash)) this.#write(INVALIDATED, IS_FOLLOWED, hash, INVALIDATORS.indexOf(by));
  }

  /** Whole hash slots are not told of: readers of events know keys by their hashes alone. */
  invalidatedAll(slots?: readonly number[]): void {
    if (slots === undefined) this.#write(INVALIDATED_ALL, 0, 0);
  }

  /**
   * Notes among the events how many reads there have been, and which keys are sampled from here on, so that their reader
   * knows what it sees.
   */
  #mark(nowMs: number): void {
    const ring = this.#ring;
    this.#markAtMs = nowMs + MARK_MS;
    this.#bound = this.#control.bound;
    const at = this.#begin(READS, 0, WORDS_OF[READS]!);
    if (at < 0) return;
    writeHead(ring, at, 0, nowMs);
    ring.words[at + 3] = ring.reads;
    ring.words[at + 4] = this.#bound;
    ring.publish();
  }

  #follows(hash: number): boolean {
    return samplePosition(hash) < this.#bound || this.#filter.mayHave(hash);
  }

  #countedHit(key: KeyRef, valueBytes: number, nowMs: number, isFollowed: boolean): void {
    const flags = isFollowed ? IS_COUNTED | IS_FOLLOWED : IS_COUNTED;
    this.#writeHit(flags, key, Math.min(EVENT_KEY_BYTES, key.length), valueBytes, nowMs);
    this.#countedWeight = this.#control.countEvery;
    this.#untilCounted = this.#gap(this.#countedWeight);
  }

  /** Returns a random number of hits with this mean: a fixed one would follow a load that repeats. */
  #gap(mean: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    const share = (this.#random >>> 0) / 2 ** 32;
    return 1 + Math.floor(share * (2 * mean - 1));
  }

  /** @param stored how much of the key to write */
  #writeHit(flags: number, key: KeyRef, stored: number, valueBytes: number, nowMs: number): void {
    const ring = this.#ring;
    const words = WORDS_OF[HIT]!;
    const at = this.#begin(HIT, flags, words, key.length, stored);
    if (at < 0) return;
    writeHead(ring, at, key.hash, nowMs);
    ring.words[at + 3] = valueBytes;
    ring.words[at + 4] = this.#countedWeight;
    if (stored > 0) ring.putKey(at, words, key.bytes, key.start, stored);
    ring.publish();
  }

  /** Begins a record, as `EventRing.begin` does. Where records are missing, one says so first. */
  #begin(kind: number, flags: number, words: number, keyLength = 0, storedBytes = 0): number {
    const ring = this.#ring;
    if (this.#lostFrom >= 0 && !this.#tellLost()) return -1;
    const at = ring.begin(kind, flags, words, keyLength, storedBytes);
    if (at < 0) this.#lostFrom = ring.reads;
    return at;
  }

  /** @returns whether there was room for it */
  #tellLost(): boolean {
    const ring = this.#ring;
    const at = ring.begin(LOST, 0, WORDS_OF[LOST]!);
    if (at < 0) return false;
    writeHead(ring, at, 0, this.#nowMs());
    ring.words[at + 3] = this.#lostFrom;
    ring.words[at + 4] = ring.reads;
    ring.words[at + 5] = ring.dropped;
    ring.publish();
    this.#lostFrom = -1;
    return true;
  }

  #write(kind: number, flags: number, hash: number, detail = 0): void {
    const ring = this.#ring;
    const at = this.#begin(kind, flags, WORDS_OF[kind]!);
    if (at < 0) return;
    writeHead(ring, at, hash, this.#nowMs());
    if (WORDS_OF[kind]! > 3) ring.words[at + 3] = detail;
    ring.publish();
  }
}

const GREATEST = 2 ** 31 - 1;
/** Every 256th read is followed by a mark. */
const MARK_MASK = 0xff;
/** So is the first one after this time. */
const MARK_MS = 50;

function writeHead({ words }: EventRing, at: number, hash: number, nowMs: number): void {
  words[at + HASH] = hash;
  words[at + TIME] = nowMs;
}
