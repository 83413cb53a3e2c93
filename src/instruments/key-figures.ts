import type { Departure } from "../store/departure-log.ts";
import type { Event } from "./events/event.ts";
import { FILLED, HIT, INVALIDATED_ALL, IS_COUNTED, IS_FOLLOWED, MISS } from "./events/event-kinds.ts";
import { FAMILIES_DEFAULTS, Families } from "./hot-keys/families.ts";
import { HOT_KEYS_DEFAULTS, HotKeys } from "./hot-keys/hot-keys.ts";
import { RecentKeys } from "./hot-keys/recent-keys.ts";
import { LastReads } from "./last-reads.ts";
import type { FamiliesReport, HotBy, HotKeysReport } from "./view.ts";

/** Feeds hot keys and families from the events and departures of all keys. */
export class KeyFigures {
  readonly #hotKeys: HotKeys;
  readonly #families: Families;
  /** The keys of misses whose values have not come yet. */
  readonly #recentKeys = new RecentKeys();
  readonly #lastReads = new LastReads();

  constructor(nowMs: number) {
    this.#hotKeys = new HotKeys(HOT_KEYS_DEFAULTS, nowMs);
    // All fills and departures are told.
    this.#families = new Families(FAMILIES_DEFAULTS, 1, nowMs);
  }

  hotKeys(by: HotBy, count: number, nowMs: number): HotKeysReport {
    return this.#hotKeys.report(by, count, nowMs);
  }

  families(count: number, nowMs: number): FamiliesReport {
    return this.#families.report(count, nowMs);
  }

  event(event: Event): void {
    switch (event.kind) {
      case HIT:
        this.#hit(event);
        break;
      case MISS:
        this.#missed(event);
        break;
      case FILLED:
        this.#filled(event);
        break;
      case INVALIDATED_ALL:
        this.cleared(event.atMs);
    }
  }

  departed({ hash, cause, atMs, ageMs, reads, valueBytes }: Departure): void {
    const lastReadMs = this.#lastReads.left(hash);
    const unknown = reads === 0 ? 0 : -1;
    const lastReadAfterMs = lastReadMs === undefined ? unknown : Math.max(0, lastReadMs - (atMs - ageMs));
    this.#hotKeys.left(hash);
    this.#families.left(hash, cause === "expired", lastReadAfterMs, reads, valueBytes, atMs);
  }

  /** Nothing is known any more of what the cache holds. */
  cleared(nowMs: number): void {
    this.#hotKeys.cleared();
    this.#families.cleared(nowMs);
  }

  #hit({ flags, hash, atMs, bytes, keyStart, keyEnd, detail, second: weight }: Event): void {
    if ((flags & IS_FOLLOWED) !== 0) this.#lastReads.read(hash, atMs);
    if ((flags & IS_COUNTED) === 0) return;
    this.#hotKeys.hit(hash, bytes, keyStart, keyEnd, detail, weight, atMs);
    this.#families.hit(hash, bytes, keyStart, keyEnd, weight, atMs);
  }

  #missed({ hash, atMs, bytes, keyStart, keyEnd }: Event): void {
    this.#recentKeys.remember(hash, bytes, keyStart, keyEnd);
    this.#hotKeys.miss(hash, bytes, keyStart, keyEnd, atMs);
    this.#families.miss(hash, bytes, keyStart, keyEnd, atMs);
  }

  #filled({ hash, atMs, detail: valueBytes, second: ttlMs, third: originMs }: Event): void {
    this.#lastReads.filled(hash);
    const recent = this.#recentKeys;
    if (!recent.find(hash)) return;
    const { bytes, start, end } = recent;
    this.#hotKeys.answered(hash, bytes, start, end, originMs, valueBytes, atMs);
    this.#families.filled(hash, bytes, start, end, valueBytes, Math.max(0, ttlMs), atMs);
  }
}
