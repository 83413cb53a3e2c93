import {
  type History,
  NO_CONNECTION,
  type Operation,
  type Read,
  type Site,
  UNTOLD,
  type Write,
} from "./history.ts";

/**
 * How exactly an expiry is known: the origin counts whole milliseconds, by a clock that it reads when it gets to it.
 */
const EXPIRY_SLACK_MS = 5;

/** Where and when an operation was begun. */
export type Begun = Omit<Operation, "endMs" | "key">;

/** Writes a history down while clients make it. */
export class Recorder {
  readonly #writes: Write[] = [];
  readonly #reads: Read[] = [];
  /** By key, the time from which on nothing that ends can be placed in the order of its versions. */
  readonly #cutOffs = new Map<string, number>();
  #connections = 0;
  /** Reads that were answered by an error, or not at all. */
  failedReads = 0;
  /** Operations that were never answered although their connection lived. */
  readonly hanging: string[] = [];

  nowMs(): number {
    return performance.now();
  }

  nextConnection(): number {
    return this.#connections++;
  }

  read(begun: Begun, key: string, how: string, version: number | "nothing"): void {
    this.#reads.push({ ...begun, key, how, version, endMs: this.nowMs() });
  }

  /** @returns the outcome as it stands in the history: unknown, when the key has been cut off meanwhile */
  write(
    begun: Begun,
    key: string,
    how: string,
    { version, leaves, outcome, ttlMs }: WriteResult,
  ): Write["outcome"] {
    const nowMs = this.nowMs();
    const recorded = this.isCutOff(key) && outcome === "done" ? "unknown" : outcome;
    const endMs = recorded === "unknown" ? Number.POSITIVE_INFINITY : nowMs;
    const write = { ...begun, key, how, version, leaves, outcome: recorded, endMs };
    const isTimed = ttlMs !== undefined && recorded === "done";
    this.#writes.push(isTimed ? { ...write, expiredByMs: endMs + ttlMs + EXPIRY_SLACK_MS } : write);
    return recorded;
  }

  /** The key goes by itself, `ttlMs` after an operation that was begun then and has ended now. */
  expiry(begun: Begun, key: string, version: number, ttlMs: number, outcome: Write["outcome"]): void {
    if (outcome === "failed") return;
    this.#writes.push({
      ...begun,
      ...{ key, version, outcome, leaves: "nothing", how: "expiry", connection: NO_CONNECTION },
      startMs: begun.startMs + ttlMs - 2,
      endMs:
        outcome === "done" && !this.isCutOff(key)
          ? this.nowMs() + ttlMs + EXPIRY_SLACK_MS
          : Number.POSITIVE_INFINITY,
    });
  }

  /** Something beyond all clients removed the key. */
  loss(key: string, version: number, site: Site, startMs: number, endMs: number, how: string): void {
    const where = { key, site, connection: NO_CONNECTION, sequence: 0 };
    this.#writes.push({ ...where, startMs, endMs, version, leaves: "nothing", outcome: "done", how });
  }

  /**
   * From now on the versions of this key cannot be put in order: a restart may have lost what was under way. Reads
   * that end later do not count, and acknowledgements that come later prove nothing.
   */
  cutOff(key: string, fromMs: number = this.nowMs()): void {
    this.#cutOffs.set(key, Math.min(fromMs, this.#cutOff(key)));
  }

  /** Nothing about this key counts. */
  ignore(key: string): void {
    this.#cutOffs.set(key, Number.NEGATIVE_INFINITY);
  }

  isCutOff(key: string): boolean {
    return this.#cutOffs.has(key);
  }

  history(boundMs: number): History {
    return {
      writes: this.#writes.filter(
        ({ key, startMs, version }) => startMs < this.#cutOff(key) || version === UNTOLD,
      ),
      reads: this.#reads.filter(({ key, endMs }) => endMs < this.#cutOff(key)),
      boundMs,
    };
  }

  get readCount(): number {
    return this.#reads.length;
  }

  count(outcome: Write["outcome"]): number {
    return this.#writes.filter((write) => write.outcome === outcome && write.connection !== NO_CONNECTION)
      .length;
  }

  /** How often each kind of operation was done. */
  tally(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { how } of [...this.#writes, ...this.#reads]) counts[how] = (counts[how] ?? 0) + 1;
    return counts;
  }

  #cutOff(key: string): number {
    return this.#cutOffs.get(key) ?? Number.POSITIVE_INFINITY;
  }
}

export interface WriteResult {
  readonly version: number;
  readonly leaves: Write["leaves"];
  readonly outcome: Write["outcome"];
  /** The time to live that was given with the value. */
  readonly ttlMs?: number;
}
