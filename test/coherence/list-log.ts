import type { Write } from "./history.ts";
import type { Append, ListRead, ListRecords } from "./list-history.ts";
import type { Begun } from "./recorder.ts";

/** Writes down what clients append to lists and read of them. */
export class ListLog {
  /** What was written down since `takeRecords`. */
  #appends: Append[] = [];
  #reads: ListRead[] = [];
  #seen: Pick<ListRead, "key" | "value">[] = [];
  #items = 0;
  #connections = 0;
  /** Reads that were answered by an error, or not at all. */
  failedReads = 0;
  readonly outcomes: Record<Write["outcome"], number> = { done: 0, failed: 0, unknown: 0 };
  /** Operations that were never answered although their connection lived. */
  readonly hanging: string[] = [];

  nowMs(): number {
    return performance.now();
  }

  nextConnection(): number {
    return this.#connections++;
  }

  nextItem(): string {
    return (this.#items++).toString(36);
  }

  append(begun: Begun, key: string, item: string, how: string, outcome: Write["outcome"]): void {
    this.outcomes[outcome]++;
    this.#appends.push({ ...begun, key, item, how, outcome, endMs: this.nowMs() });
  }

  /** @param value as the server told it; null: there is none */
  read(begun: Begun, key: string, how: string, value: string | null): void {
    this.#reads.push({ ...begun, key, how, value: value ?? "", endMs: this.nowMs() });
  }

  /** A value of which is only known that there was one. */
  saw(key: string, value: string): void {
    this.#seen.push({ key, value });
  }

  /** Returns what was written down, and begins anew. */
  takeRecords(): ListRecords {
    const records = { appends: this.#appends, reads: this.#reads, seen: this.#seen };
    this.#appends = [];
    this.#reads = [];
    this.#seen = [];
    return records;
  }
}
