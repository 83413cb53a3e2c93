import type { RecordedWorkload, Workload } from "../play/settings.ts";

/** The traces that the page has: the reader's own file, and those that were fetched. */
export class TraceShelf {
  #file: File | undefined;
  /** By their names. */
  readonly #fetched = new Map<string, Blob>();
  readonly #load: (name: string) => Promise<Blob>;

  /** @param load fetches a trace that comes along with the page */
  constructor(load: (name: string) => Promise<Blob>) {
    this.#load = load;
  }

  take(file: File): void {
    this.#file = file;
  }

  /** Whether the reader must give the file of these requests again. */
  isMissing(workload: Workload): workload is RecordedWorkload {
    return workload.kind === "file" && this.#file?.name !== workload.name;
  }

  /** Whether these requests must be fetched. */
  isToFetch(workload: Workload): workload is RecordedWorkload {
    return workload.kind === "trace" && !this.#fetched.has(workload.name);
  }

  contentOf(workload: Workload): Blob | undefined {
    if (workload.kind === "file") return this.#file;
    return workload.kind === "trace" ? this.#fetched.get(workload.name) : undefined;
  }

  /** Returns what tells the present file from another one of that name. */
  marksOf(workload: Workload): unknown[] {
    return workload.kind === "file" ? [this.#file?.size, this.#file?.lastModified] : [];
  }

  /** @throws Error that says what the reader can do */
  async fetch(name: string): Promise<void> {
    this.#fetched.set(name, await this.#load(name));
  }
}
