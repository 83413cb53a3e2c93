import { TraceError } from "../../replay/records.ts";

/** The parts of a trace that were left out. */
export interface Skipped {
  /** Number of broken records. */
  readonly bad: number;
  /** The first of them: its place and its problem. */
  readonly firstBad: string | undefined;
  /** Number of valid entries that are not requests, such as commands that do not concern values. */
  readonly ignored: number;
  /** The same by kind, in words. */
  readonly ignoredKinds: ReadonlyMap<string, number>;
}

/** Handles broken records: the first one ends the reading, or all are counted and left out. */
export class Faults implements Skipped {
  bad = 0;
  firstBad: string | undefined;
  ignored = 0;
  readonly ignoredKinds: Map<string, number> = new Map();
  readonly #name: string;
  readonly #isSkipping: boolean;

  /** @param name the trace's name, for messages */
  constructor(name: string, isSkipping: boolean) {
    this.#name = name;
    this.#isSkipping = isSkipping;
  }

  /**
   * Reports a broken record.
   * @param place such as `line 5`
   * @throws TraceError unless broken records are skipped
   */
  report(place: string, problem: string): void {
    const message = `${this.#name}, ${place}: ${problem}`;
    if (!this.#isSkipping) throw new TraceError(`${message} (--skip-bad skips such records)`);
    this.bad++;
    this.firstBad ??= message;
  }

  /** Reports that the whole trace is unreadable. */
  fail(problem: string): never {
    throw new TraceError(`${this.#name}: ${problem}`);
  }

  /** Counts valid entries that are left out. */
  ignore(what: string, count = 1): void {
    this.ignored += count;
    this.ignoredKinds.set(what, (this.ignoredKinds.get(what) ?? 0) + count);
  }
}
