import type { Fenced } from "../upstream/fenced.ts";
import type { Fence } from "./fence.ts";

/**
 * What one connection to the origin brings for one client, in order. It is shown behind a fence, so that the cache
 * never contradicts it. Only one fence is under way at a time. It covers everything that arrived before it began; the
 * next fence covers everything that arrived meanwhile.
 */
export class Arrivals {
  readonly #fence: Fence;
  readonly #behind: Fenced;
  #waiting: (() => void)[] = [];
  #isFenced = false;

  /** @param behind the node or nodes that the fences are of */
  constructor(fence: Fence, behind: Fenced) {
    this.#fence = fence;
    this.#behind = behind;
  }

  /** Shows this behind a fence, after everything added before. */
  add(show: () => void): void {
    this.#waiting.push(show);
    if (this.#isFenced) return;
    this.#isFenced = true;
    // After the call that delivers all bytes received at once.
    queueMicrotask(() => this.#begin());
  }

  /** Shows this after everything added before, at once if nothing waits. For what no cached value can contradict. */
  addUnfenced(show: () => void): void {
    if (this.#isFenced) this.#waiting.push(show);
    else show();
  }

  #begin(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#fence.pass(this.#behind, () => {
      for (const show of batch) show();
      if (this.#waiting.length > 0) this.#begin();
      else this.#isFenced = false;
    });
  }
}
