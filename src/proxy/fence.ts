import type { Fenced } from "../upstream/fenced.ts";
import type { Peers } from "./threads/peers.ts";

export interface FenceOptions {
  /** The other threads, which fetch over connections of their own; undefined if there are none. */
  readonly peers: Peers | undefined;
  /** How long the other threads may take. */
  readonly timeoutMs: number;
  /** Called when they take longer: nothing fetched so far may be served any more. */
  readonly giveUp: () => void;
}

/**
 * A point behind which all threads have received every invalidation that a node has caused so far. Fences begun
 * within one turn of the event loop share a round trip. They pass in the order in which they were begun.
 */
export class Fence {
  readonly #options: FenceOptions;
  #waiters: (() => void)[] = [];
  /** What the fences begun in this turn are of. */
  readonly #awaited = new Set<Fenced>();
  /** Settles when all earlier fences have passed. */
  #before: Promise<void> = Promise.resolve();

  constructor(options: FenceOptions) {
    this.#options = options;
  }

  pass(fenced: Fenced, then: () => void): void {
    const { peers } = this.#options;
    if (peers === undefined) {
      fenced.fence(then);
      return;
    }
    this.#awaited.add(fenced);
    this.#waiters.push(then);
    if (this.#waiters.length > 1) return;
    queueMicrotask(() => {
      const waiters = this.#waiters;
      this.#waiters = [];
      const own = [...this.#awaited].map((each) => new Promise<void>((resolve) => each.fence(resolve)));
      this.#awaited.clear();
      const passed = Promise.all([this.#before, ...own, this.#others(peers)]);
      this.#before = passed.then(() => {
        for (const waiter of waiters) waiter();
      });
    });
  }

  async #others(peers: Peers): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), this.#options.timeoutMs);
    });
    if ((await Promise.race([peers.ask({ kind: "fence" }), late])) === "late") this.#options.giveUp();
    clearTimeout(timer);
  }
}
