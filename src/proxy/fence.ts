import type { Origin } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import type { Peers } from "./threads/peers.ts";

/** What a fence is of: a node whose invalidations are awaited, or all nodes. */
export type Fenced = OriginNode | Origin;

export interface FenceOptions {
  /** The other threads, which have fetched things over connections of their own; undefined where there are none. */
  readonly peers: Peers | undefined;
  /** How long the other threads may take. */
  readonly timeoutMs: number;
  /** What is left to do when they take longer: nothing fetched so far may be served any more. */
  readonly giveUp: () => void;
}

/**
 * A point behind which every invalidation that a node has caused so far has been received, by all threads. All that wait
 * for one within a turn of the event loop share it; they pass in the order in which they came.
 */
export class Fence {
  readonly #options: FenceOptions;
  #waiters: (() => void)[] = [];
  /** What those are about to wait for. */
  readonly #awaited = new Set<Fenced>();
  /** Settles when all fences before have been passed. */
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
