import { TraceError } from "../../replay/records.ts";

/** What was left out of a trace. */
export interface Skipped {
  /** Broken records. */
  readonly bad: number;
  /** What is wrong with the first of them, and where. */
  readonly firstBad: string | undefined;
  /** What is in order and yet no request, such as commands about other things than values. */
  readonly ignored: number;
  readonly ignoredWhat: string;
}

/** Decides what becomes of broken records: the first one ends the reading, or all are counted and left out. */
export class Faults implements Skipped {
  bad = 0;
  firstBad: string | undefined;
  ignored = 0;
  ignoredWhat = "";
  readonly #name: string;
  readonly #isSkipping: boolean;

  /** @param name the trace's, for people */
  constructor(name: string, isSkipping: boolean) {
    this.#name = name;
    this.#isSkipping = isSkipping;
  }

  /**
   * A record is broken.
   * @param place such as `line 5`
   * @throws TraceError unless such are skipped
   */
  report(place: string, problem: string): void {
    const message = `${this.#name}, ${place}: ${problem}`;
    if (!this.#isSkipping) throw new TraceError(`${message} (--skip-bad passes over such records)`);
    this.bad++;
    this.firstBad ??= message;
  }

  /** Nothing of the trace can be read. */
  fail(problem: string): never {
    throw new TraceError(`${this.#name}: ${problem}`);
  }

  /** Something in order is left out. */
  ignore(what: string, count = 1): void {
    this.ignored += count;
    this.ignoredWhat = what;
  }
}
