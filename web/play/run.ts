import { CacheRun, type RunImage, runImageBytes } from "./cache-run.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { type Decisions, deciderOf } from "./decider.ts";
import { type Places, placesOf } from "./places.ts";
import type { Requests } from "./requests.ts";
import type { PlayCache } from "./settings.ts";
import { eventsBetween, type StepEvent } from "./step-events.ts";
import { timed } from "./timed-requests.ts";

/** Copies are kept within so many bytes, and at most so many of them. */
const CHECKPOINT_BYTES = 64 * 2 ** 20;
const CHECKPOINTS = 64;
const FIRST_INTERVAL = 64;

/** Several caches on one stream of requests, stepped forwards and backwards. */
export class Run {
  readonly requests: Requests;
  readonly conditions: Conditions;
  readonly caches: readonly CacheRun[];
  /** Copies of all caches, in order; the first is of the beginning. */
  #checkpoints: Checkpoint[] = [];
  #interval: number;
  /** The events of the last step, if it was made alone. */
  #told: { readonly at: number; readonly events: readonly (readonly StepEvent[])[] } | undefined;

  /** @param decisions of each cache whose policy was written in the page */
  constructor(
    requests: Requests,
    caches: readonly PlayCache[],
    conditions: Conditions = DEFAULT_CONDITIONS,
    decisions: readonly (Decisions | undefined)[] = [],
  ) {
    this.requests = timed(requests, conditions);
    this.conditions = conditions;
    this.caches = caches.map(
      (settings, i) => new CacheRun(deciderOf(settings, decisions[i]), settings, this.requests, conditions),
    );
    // So far apart that those of the whole run are few enough: each one costs time.
    this.#interval = FIRST_INTERVAL;
    while (this.#interval * CHECKPOINTS < requests.count) this.#interval *= 2;
    this.#note();
  }

  /** How many requests have been made. */
  get at(): number {
    return this.caches[0]!.at;
  }

  /** Goes to a position, forwards or backwards; beyond the end it is the end. */
  seek(to: number): void {
    const target = Math.max(0, Math.min(to, this.requests.count));
    if (target < this.at) this.#restore(target);
    while (this.at < target) {
      const stop = Math.min(target, (Math.floor(this.at / this.#interval) + 1) * this.#interval);
      for (const cache of this.caches) cache.advance(stop);
      if (stop % this.#interval === 0) this.#note();
    }
  }

  /** Goes to a position, and tells what the request before it did to each cache; nothing at the beginning. */
  seekTold(to: number): readonly (readonly StepEvent[])[] {
    const target = Math.max(0, Math.min(to, this.requests.count));
    if (this.#told?.at === target && this.at === target) return this.#told.events;
    if (target === 0) {
      this.seek(0);
      return this.caches.map(() => []);
    }
    this.seek(target - 1);
    const before = this.caches.map(placesOf);
    this.seek(target);
    const events = this.caches.map((cache, i) => this.#eventsOf(cache, before[i]!));
    this.#told = { at: target, events };
    return events;
  }

  #eventsOf(cache: CacheRun, before: Places): StepEvent[] {
    const object = this.requests.batch.objects[cache.at - 1]!;
    return eventsBetween(object, cache.results[cache.at - 1]!, before, placesOf(cache), cache.expired);
  }

  #note(): void {
    const last = this.#checkpoints.at(-1);
    if (last !== undefined && last.at >= this.at) return;
    const images = this.caches.map((cache) => cache.image());
    const bytes = images.reduce((sum, image) => sum + runImageBytes(image), 0);
    this.#checkpoints.push({ at: this.at, images, bytes });
    const total = (): number => this.#checkpoints.reduce((sum, each) => sum + each.bytes, 0);
    // Half as many, twice as far apart.
    while (
      this.#checkpoints.length > 2 &&
      (this.#checkpoints.length > CHECKPOINTS || total() > CHECKPOINT_BYTES)
    ) {
      this.#interval *= 2;
      this.#checkpoints = this.#checkpoints.filter(({ at }) => at % this.#interval === 0);
    }
  }

  #restore(target: number): void {
    const checkpoint = this.#checkpoints.findLast(({ at }) => at <= target)!;
    for (const [i, cache] of this.caches.entries()) cache.restore(checkpoint.images[i]!);
  }
}

interface Checkpoint {
  readonly at: number;
  readonly images: readonly RunImage[];
  readonly bytes: number;
}
