import { matchesGlob } from "../../lib/glob.ts";
import type { Event } from "../events/event.ts";
import { IS_COUNTED, IS_FOLLOWED, MISS } from "../events/event-kinds.ts";
import type { WatchFilter } from "../events/watch-filter.ts";
import type { WatchReport } from "../view.ts";
import { parseWatched, type WatchedPattern } from "./watched-patterns.ts";

export interface WatchOptions {
  readonly filter: WatchFilter;
  /** Is told the hashes of all watched keys whenever they change. */
  readonly stories: { watch(hashes: Iterable<number>): void };
  /** Returns the hash that the store gives a key. */
  hash(key: Uint8Array): number;
  /** Visits some keys of the cache, as `Store.scan` does. */
  scan(cursor: number, count: number, nowMs: number, visit: (key: Uint8Array, hash: number) => void): number;
  readonly keyLimit?: number;
  readonly globLimit?: number;
}

/** Keys that one step looks at. */
const STEP_KEYS = 64;
/** Hashes of the names that were compared last with all globs; a power of two. */
const COMPARED = 4096;

/**
 * The keys that somebody watches, by name or by glob. A glob gathers keys: those in the cache, by a walk in small steps,
 * and those whose names come by in events. A name is watched from the start, cached or not.
 */
export class Watches {
  readonly #options: WatchOptions;
  readonly #keyLimit: number;
  readonly #globLimit: number;
  readonly #patterns = new Map<string, WatchedPattern>();
  #globs: readonly WatchedPattern[] = [];
  /** By hash: the patterns that the key matches. */
  readonly #keys = new Map<number, WatchedPattern[]>();
  readonly #compared = new Float64Array(COMPARED);
  /** Where the walk through the cache goes on; −1: it is at its end. */
  #cursor = -1;
  /** Whether keys were gathered that the threads have not been told of. */
  #isChanged = false;
  /** Whether a key matches that there is no room for. */
  #isFull = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#keyLimit = options.keyLimit ?? 1000;
    this.#globLimit = options.globLimit ?? 64;
  }

  /** @throws RangeError if there are too many, or the pattern is empty or too long */
  watch(text: string): void {
    if (this.#patterns.has(text)) return;
    const pattern = parseWatched(text);
    if (pattern.isGlob) {
      if (this.#globs.length === this.#globLimit) {
        throw new RangeError(`${count(this.#globLimit)} globs are watched, which is the limit`);
      }
      this.#globs = [...this.#globs, pattern];
      this.#gatherAnew();
    } else if (!this.#add(pattern, this.#options.hash(pattern.bytes))) {
      throw new RangeError(`${count(this.#keyLimit)} keys are watched, which is the limit`);
    }
    this.#patterns.set(text, pattern);
    this.#tellChange();
  }

  /** Does nothing if it is not watched. */
  unwatch(text: string): void {
    const pattern = this.#patterns.get(text);
    if (pattern === undefined) return;
    this.#patterns.delete(text);
    this.#globs = this.#globs.filter((glob) => glob !== pattern);
    for (const [hash, patterns] of this.#keys) {
      const others = patterns.filter((one) => one !== pattern);
      if (others.length === patterns.length) continue;
      this.#isChanged = true;
      if (others.length === 0) this.#keys.delete(hash);
      else this.#keys.set(hash, others);
    }
    if (this.#isFull) this.#gatherAnew();
    this.#tellChange();
  }

  /** Something happened to any key. Counts it if the key is watched; a name that matches a glob is gathered. */
  event(event: Event): void {
    const { hash, kind, flags } = event;
    if (this.#globs.length > 0 && !this.#isFull && (kind === MISS || (flags & IS_COUNTED) !== 0)) {
      this.#compareName(event);
    }
    if ((flags & IS_FOLLOWED) === 0) return;
    const patterns = this.#keys.get(hash);
    if (patterns !== undefined) for (const pattern of patterns) pattern.events++;
  }

  /**
   * Goes on with the walk through the cache, and has the threads follow the keys gathered since the last step.
   * @returns whether the walk has more steps
   */
  step(nowMs: number): boolean {
    if (this.#cursor >= 0) {
      const next = this.#options.scan(this.#cursor, STEP_KEYS, nowMs, (key, hash) => this.#gather(key, hash));
      this.#cursor = next === 0 || this.#isFull ? -1 : next;
    }
    this.#tellChange();
    return this.#cursor >= 0;
  }

  report(): WatchReport {
    return {
      limit: this.#keyLimit,
      patterns: Array.from(this.#patterns.values(), tell),
      ...(this.#isFull ? { note: fullNote(this.#keyLimit) } : {}),
    };
  }

  #compareName({ hash, bytes, keyStart, keyEnd, keyLength }: Event): void {
    // Only the beginning of a long name is known.
    if (keyEnd - keyStart !== keyLength) return;
    const at = hash & (COMPARED - 1);
    if (this.#compared[at] === hash) return;
    this.#compared[at] = hash;
    this.#gather(bytes.subarray(keyStart, keyEnd), hash);
  }

  #gather(key: Uint8Array, hash: number): void {
    for (const glob of this.#globs) {
      if (!this.#isFull && matchesGlob(glob.bytes, key) && !this.#add(glob, hash)) this.#isFull = true;
    }
  }

  /** @returns false: there is no room for the key */
  #add(pattern: WatchedPattern, hash: number): boolean {
    const patterns = this.#keys.get(hash);
    if (patterns === undefined) {
      if (this.#keys.size === this.#keyLimit) return false;
      this.#keys.set(hash, [pattern]);
      this.#isChanged = true;
    } else if (!patterns.includes(pattern)) patterns.push(pattern);
    return true;
  }

  #gatherAnew(): void {
    this.#isFull = false;
    this.#cursor = this.#globs.length === 0 ? -1 : 0;
    this.#compared.fill(-1);
  }

  #tellChange(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const { filter, stories } = this.#options;
    filter.set(this.#keys.keys());
    stories.watch(this.#keys.keys());
  }
}

function tell({ pattern, isGlob, events }: WatchedPattern): WatchReport["patterns"][number] {
  return { pattern, isGlob, events };
}

function fullNote(limit: number): string {
  return `${count(limit)} keys are watched, which is the limit: further keys that match are not watched.`;
}

function count(amount: number): string {
  return amount.toLocaleString("en-US");
}
