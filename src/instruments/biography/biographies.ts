import { equalBytes } from "../../lib/bytes.ts";
import type { Departure, DepartureLog } from "../../store/departure-log.ts";
import type { Event } from "../events/event.ts";
import { samplePosition } from "../events/event-control.ts";
import * as kinds from "../events/event-kinds.ts";
import { toldKey } from "../told-key.ts";
import type { BiographyReport } from "../view.ts";
import { Interruptions } from "./interruptions.ts";
import { PlaceNames } from "./place-names.ts";
import { recentDepartures, recordOf } from "./recent-departures.ts";
import { Shelf } from "./shelf.ts";
import { storyEvents } from "./story-events.ts";
import { type StoryRecord, storyRecord } from "./story-record.ts";
import { tellStory } from "./story-text.ts";

export interface BiographyOptions {
  /** How many sampled keys have a story, and how many records it has at most. */
  readonly sampledKeys?: number;
  readonly sampledRecords?: number;
  /** The same of watched keys. */
  readonly watchedKeys?: number;
  readonly watchedRecords?: number;
  /** The story of a sampled key of which nothing was heard for this long makes room for others. */
  readonly forgetMs?: number;
  /** Departures of all keys, of each thread. They tell what is known of keys without a story. */
  readonly logs?: readonly DepartureLog[];
}

/** The part of a key's entry that the caller knows. */
type Present = BiographyReport["present"];

/**
 * What happened to each followed key, in order: the events of all threads and the departures of all keys, which both
 * may come somewhat late. The stories of watched keys are always kept. Of sampled keys, if there are too many, those
 * with the lowest sample positions have one, so which these are does not depend on the order of events.
 */
export class Biographies {
  readonly #sampled: Shelf;
  readonly #watched: Shelf;
  readonly #forgetMs: number;
  readonly #logs: readonly DepartureLog[];
  readonly #places = new PlaceNames();
  readonly #interruptions = new Interruptions();
  /** The story that `#shelfOf` found last. */
  #story = -1;

  constructor(options: BiographyOptions = {}) {
    this.#sampled = new Shelf(options.sampledKeys ?? 4096, options.sampledRecords ?? 48);
    this.#watched = new Shelf(options.watchedKeys ?? 1000, options.watchedRecords ?? 128);
    this.#forgetMs = options.forgetMs ?? 3_600_000;
    this.#logs = options.logs ?? [];
  }

  /** Keys whose position lies below `bound` are sampled from now on. */
  follow(bound: number, atMs: number): void {
    if (bound === this.#interruptions.bound) return;
    this.#interruptions.follow(bound, atMs);
    this.#breakRuns(atMs);
  }

  /**
   * The keys with these hashes are watched, and no others.
   * @throws RangeError if there are more than `watchedKeys`
   */
  watch(hashes: Iterable<number>): void {
    const wanted = new Set(Array.from(hashes, samplePosition));
    if (wanted.size > this.#watched.limit) {
      throw new RangeError(`${wanted.size} keys cannot be watched: the limit is ${this.#watched.limit}`);
    }
    for (const position of this.#watched.positions()) {
      if (wanted.has(position)) continue;
      if (position < this.#interruptions.bound) this.#sampled.take(position, this.#watched);
      this.#watched.remove(position);
    }
    for (const position of wanted) {
      if (this.#watched.find(position) >= 0) continue;
      this.#watched.take(position, this.#sampled);
      this.#sampled.remove(position);
    }
  }

  /** Something happened to a key. Keys that are not followed are ignored. */
  event(event: Event): void {
    if (event.kind === kinds.INVALIDATED_ALL) {
      this.#interruptions.invalidatedAll(event.atMs);
      this.#breakRuns(event.atMs);
    }
    if ((event.flags & kinds.IS_FOLLOWED) === 0 || event.kind === kinds.ANSWERED) return;
    const { hash, atMs } = event;
    const shelf = this.#shelfOf(samplePosition(hash), atMs);
    if (shelf === undefined) return;
    if (hasWholeKey(event)) shelf.name(this.#story, event.bytes, event.keyStart, event.keyEnd);
    shelf.stories.put(this.#story, recordOfEvent(event));
  }

  /** An entry left the cache. Keys that are not followed are ignored. */
  departed(departure: Departure): void {
    const shelf = this.#shelfOf(samplePosition(departure.hash), departure.atMs);
    shelf?.stories.put(this.#story, recordOf(departure, this.#places));
  }

  /** Records of a ring were lost. */
  lost(count: number, atMs: number): void {
    if (count === 0) return;
    this.#interruptions.lost(count, atMs);
    this.#breakRuns(atMs);
  }

  /** Returns the name of a followed key, if it is known. */
  nameOf(hash: number): Uint8Array | undefined {
    const position = samplePosition(hash);
    for (const shelf of [this.#watched, this.#sampled]) {
      const story = shelf.find(position);
      if (story >= 0) return shelf.nameOf(story);
    }
    return undefined;
  }

  /**
   * Tells a key's story. Of a key without one it tells the last departures.
   * @param present the key's entry as it is now
   */
  report(key: Uint8Array, hash: number, nowMs: number, present?: Present): BiographyReport {
    const position = samplePosition(hash);
    const isWatched = this.#watched.find(position) >= 0;
    const shelf = isWatched ? this.#watched : this.#sampled;
    const story = shelf.find(position);
    const known = story < 0 ? undefined : shelf.nameOf(story);
    // Two keys with one hash are rare, and must not be told as one.
    const isOther = known !== undefined && !isSame(known, key);
    const records = story < 0 || isOther ? [] : shelf.stories.read(story);
    const forgotten = records.length === 0 ? 0 : shelf.stories.forgottenOf(story);
    const sinceMs = records[0]?.atMs ?? Number.POSITIVE_INFINITY;
    const earlier = forgotten > 0 ? [] : this.#earlier(key, hash, sinceMs, nowMs);
    const interruptions = this.#interruptions.of(position, isWatched, sinceMs, nowMs);
    const events = storyEvents([...earlier, ...records], interruptions);
    return {
      key: toldKey(key),
      isSampled: position < this.#interruptions.bound,
      isWatched,
      ...(present === undefined ? {} : { present }),
      events: tellStory(events, (place) => this.#places.nameOf(place)),
      forgotten,
    };
  }

  /** Departures from before a key's story begins. */
  #earlier(key: Uint8Array, hash: number, beforeMs: number, nowMs: number): StoryRecord[] {
    return recentDepartures(hash, this.#logs, nowMs)
      .filter(({ atMs, keyBytes }) => atMs < beforeMs && keyBytes === key.length)
      .map((departure) => recordOf(departure, this.#places));
  }

  #breakRuns(atMs: number): void {
    this.#sampled.stories.breakMs = atMs;
    this.#watched.stories.breakMs = atMs;
  }

  /** Finds a followed key's shelf, and notes its story. @returns undefined: it has no story, and gets none */
  #shelfOf(position: number, atMs: number): Shelf | undefined {
    this.#story = this.#watched.find(position);
    if (this.#story >= 0) return this.#watched;
    if (position >= this.#interruptions.bound) return undefined;
    this.#story = this.#sampled.findOrAdd(position, atMs, this.#forgetMs);
    return this.#story < 0 ? undefined : this.#sampled;
  }
}

function recordOfEvent({ kind, atMs, detail, second, third, flags }: Event): StoryRecord {
  switch (kind) {
    case kinds.HIT:
      return storyRecord(kind, atMs, 0, 1, detail);
    case kinds.COALESCED:
      return storyRecord(kind, atMs, 0, 1);
    case kinds.FILLED:
      return storyRecord(kind, atMs, detail, second, third);
    case kinds.REFUSED:
    case kinds.INVALIDATED:
      return storyRecord(kind, atMs, detail);
    case kinds.WROTE:
      return storyRecord(kind, atMs, (flags & kinds.REMOVES) === 0 ? 0 : 1);
    default:
      return storyRecord(kind, atMs);
  }
}

function hasWholeKey({ kind, flags, keyLength, keyStart, keyEnd }: Event): boolean {
  const hasKey = kind === kinds.MISS || (flags & kinds.IS_COUNTED) !== 0;
  return hasKey && keyLength === keyEnd - keyStart;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && equalBytes(a, 0, a.length, b, 0);
}
