import type { Fence, Fenced } from "./fence.ts";

/**
 * What one connection to the origin has brought for one client, in its order. It is shown behind a fence, so that the
 * cache never contradicts it. One fence is under way at a time: it stands for all that came before it was begun, and the
 * next one for all that came meanwhile.
 */
export class Arrivals {
  readonly #fence: Fence;
  readonly #behind: Fenced;
  #waiting: (() => void)[] = [];
  #isFenced = false;

  /** @param behind what the fences are of */
  constructor(fence: Fence, behind: Fenced) {
    this.#fence = fence;
    this.#behind = behind;
  }

  /** Shows this behind a fence, and behind all that came before. */
  add(show: () => void): void {
    this.#waiting.push(show);
    if (this.#isFenced) return;
    this.#isFenced = true;
    // Behind the call that brings all that has been received at once.
    queueMicrotask(() => this.#begin());
  }

  /** Shows this behind all that came before, and at once where nothing waits: for what no cached value can contradict. */
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
