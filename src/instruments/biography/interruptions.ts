import { boundOf } from "../events/event-control.ts";

/** What happened to all keys at once. */
export interface Interruption {
  /** `lost`: records of any keys; `unfollowed`: the key was not in the sample; `invalidated`: everything was. */
  readonly what: "lost" | "unfollowed" | "invalidated";
  readonly fromMs: number;
  toMs: number;
  /** Records lost. */
  count: number;
}

/** How many of each kind are remembered. */
const LIMIT = 64;
/** Losses that follow each other this closely are told as one. */
const MERGED_MS = 1000;
/** Threads report the same invalidation of everything one after another. */
const SAME_MS = 50;

/** What happened to all keys at once, in fixed memory: records that were lost, keys that left the sample, flushes. */
export class Interruptions {
  #losses: Interruption[] = [];
  #invalidations: Interruption[] = [];
  /** The bounds of the sample, the latest one last, and since when. */
  #bounds: { readonly sinceMs: number; readonly bound: number }[] = [];

  get bound(): number {
    return this.#bounds.at(-1)?.bound ?? boundOf(0);
  }

  /** Keys whose position lies below `bound` are followed from now on. */
  follow(bound: number, atMs: number): void {
    this.#bounds = [...this.#bounds, { sinceMs: atMs, bound }].slice(-LIMIT);
  }

  lost(count: number, atMs: number): void {
    this.#losses = joined(this.#losses, { what: "lost", fromMs: atMs, toMs: atMs, count }, MERGED_MS);
  }

  invalidatedAll(atMs: number): void {
    const one: Interruption = { what: "invalidated", fromMs: atMs, toMs: atMs, count: 0 };
    this.#invalidations = joined(this.#invalidations, one, SAME_MS);
  }

  /**
   * Returns what concerns one key's story, by time.
   * @param position the key's position in samples
   * @param isWatched whether the key is followed whatever its position
   * @param sinceMs when its story begins
   */
  of(position: number, isWatched: boolean, sinceMs: number, nowMs: number): Interruption[] {
    const unfollowed = isWatched ? [] : this.#unfollowed(position, nowMs);
    return [...this.#losses, ...this.#invalidations, ...unfollowed]
      .filter(({ toMs }) => toMs >= sinceMs)
      .sort((a, b) => a.fromMs - b.fromMs);
  }

  #unfollowed(position: number, nowMs: number): Interruption[] {
    const found: Interruption[] = [];
    this.#bounds.forEach(({ sinceMs, bound }, index) => {
      if (position < bound) return;
      const toMs = this.#bounds[index + 1]?.sinceMs ?? nowMs;
      const last = found.at(-1);
      if (last !== undefined && last.toMs >= sinceMs) last.toMs = toMs;
      else found.push({ what: "unfollowed", fromMs: sinceMs, toMs, count: 0 });
    });
    return found;
  }
}

/** Adds one, joined with the last if it follows closely. */
function joined(list: readonly Interruption[], one: Interruption, withinMs: number): Interruption[] {
  const last = list.at(-1);
  if (last === undefined || one.fromMs - last.toMs > withinMs) return [...list, one].slice(-LIMIT);
  last.toMs = Math.max(last.toMs, one.toMs);
  last.count += one.count;
  return [...list];
}
