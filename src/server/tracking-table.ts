/** Most entries a `Map` of this runtime can hold, with room to spare. */
export const MOST_TRACKED_KEYS = 16_000_000;

/** Up to so many clients of one key those that have gone are not looked for. */
const FEW_CLIENTS = 8;

/** The clients that remember one key; the usual single one without a set of its own. */
export type Trackers = number | Set<number>;

/**
 * Which clients (by id) may hold which keys in their own cache. Keys are strings of one character a byte. A client
 * that has gone stays in it until the key changes, is evicted, or is remembered by many others.
 */
export class TrackingTable {
  /** Pairs of a key and a client. */
  itemCount = 0;
  readonly #trackers = new Map<string, Trackers>();
  readonly #isLive: (clientId: number) => boolean;
  /** Walks the keys in the order they came; kept, because starting anew means stepping over all that have gone. */
  #oldest = this.#trackers.keys();

  constructor(isLive: (clientId: number) => boolean) {
    this.#isLive = isLive;
  }

  get keyCount(): number {
    return this.#trackers.size;
  }

  add(key: string, clientId: number): void {
    const trackers = this.#trackers.get(key);
    if (trackers === undefined) {
      this.#trackers.set(key, clientId);
      this.itemCount++;
    } else if (typeof trackers === "number") {
      if (trackers === clientId) return;
      this.#trackers.set(key, new Set([trackers, clientId]));
      this.itemCount++;
    } else if (!trackers.has(clientId)) {
      if (trackers.size >= FEW_CLIENTS && isPowerOfTwo(trackers.size)) this.#dropDead(trackers);
      trackers.add(clientId);
      this.itemCount++;
    }
  }

  /** Forgets a key. @returns the clients that remembered it; undefined when none did */
  take(key: string): Trackers | undefined {
    const trackers = this.#trackers.get(key);
    if (trackers === undefined) return undefined;
    this.#trackers.delete(key);
    this.itemCount -= typeof trackers === "number" ? 1 : trackers.size;
    return trackers;
  }

  /** The key that has been in the table for longest; undefined when it is empty. */
  oldestKey(): string | undefined {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#trackers.keys();
      next = this.#oldest.next();
    }
    return next.done === true ? undefined : next.value;
  }

  clear(): void {
    this.#trackers.clear();
    this.#oldest = this.#trackers.keys();
    this.itemCount = 0;
  }

  #dropDead(trackers: Set<number>): void {
    for (const clientId of trackers) {
      if (this.#isLive(clientId)) continue;
      trackers.delete(clientId);
      this.itemCount--;
    }
  }
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}
