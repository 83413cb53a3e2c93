import { KeyRef } from "../lib/key-ref.ts";
import type { Departure, DepartureLog } from "../store/departure-log.ts";
import type { Store } from "../store/store.ts";
import { Biographies } from "./biography/biographies.ts";
import { Regrets } from "./biography/regrets.ts";
import { Watches } from "./biography/watches.ts";
import type { Event } from "./events/event.ts";
import type { WatchFilter } from "./events/watch-filter.ts";
import type { BiographyReport, WatchReport } from "./view.ts";

/** Biographies, watched keys and regrets, fed from the events and departures of all keys. */
export class KeyStories {
  readonly regrets = new Regrets();
  readonly #store: Store;
  readonly #biographies: Biographies;
  readonly #watches: Watches;

  /** @param store for looking at entries; it is never changed */
  constructor(store: Store, filter: WatchFilter, logs: readonly DepartureLog[]) {
    this.#store = store;
    this.#biographies = new Biographies({ logs });
    this.#watches = new Watches({
      filter,
      stories: this.#biographies,
      hash: (key) => store.hash(key, 0, key.length),
      scan: (...step) => store.scan(...step),
    });
  }

  event(event: Event): void {
    this.#biographies.event(event);
    this.regrets.event(event);
    this.#watches.event(event);
  }

  departed(departure: Departure): void {
    this.#biographies.departed(departure);
    this.regrets.departed(departure);
  }

  /**
   * @param bound keys whose position lies below it are followed without interruption
   * @param lost records that were lost since the last call
   */
  tick(nowMs: number, bound: number, lost: number): void {
    this.#biographies.follow(bound, nowMs);
    this.#biographies.lost(lost, nowMs);
    this.regrets.tick(nowMs);
    this.#watches.step(nowMs);
  }

  biography(bytes: Uint8Array, nowMs: number): BiographyReport {
    const key = this.#store.refer(new KeyRef(), bytes, 0, bytes.length);
    const entry = this.#store.explain(key, nowMs);
    const present =
      entry === undefined
        ? undefined
        : {
            ageMs: Math.max(0, nowMs - entry.filledAtMs),
            ttlMs: entry.expiresAtMs === 0 ? -1 : Math.max(0, entry.expiresAtMs - nowMs),
            reads: entry.reads,
            valueBytes: entry.valueBytes,
            chargedBytes: entry.chargedBytes,
            policy: this.#store.policyName,
            queue: entry.queue,
          };
    return this.#biographies.report(bytes, key.hash, nowMs, present);
  }

  /** Returns the name of a key that has a story, if it is known. */
  nameOf(hash: number): Uint8Array | undefined {
    return this.#biographies.nameOf(hash);
  }

  watched(): WatchReport {
    return this.#watches.report();
  }

  watch(pattern: string): void {
    this.#watches.watch(pattern);
  }

  unwatch(pattern: string): void {
    this.#watches.unwatch(pattern);
  }
}
