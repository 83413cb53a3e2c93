import { COUNTED_COMMANDS, factsOf } from "../commands/command-facts.ts";
import { OTHER_COMMAND, sumByFamily, TEXT_COMMAND } from "../commands/counted-commands.ts";
import { FAMILIES } from "../commands/families.ts";
import type { Histogram } from "../instruments/histogram.ts";
import { COALESCED, FORWARDED, HIT, MISS, RESULTS } from "./request-results.ts";
import { ROUTES } from "./routes.ts";

const RESULT_COUNT = RESULTS.length;
/** The commands that are answered from the cache. */
const CACHED_COMMANDS: readonly number[] = [
  ...ROUTES.filter(({ kind }) => kind === "cached").map(({ number }) => number!),
  factsOf("glass.get").number,
  TEXT_COMMAND,
];

/** What requests took, in microseconds, by their results. */
export interface RequestTimes {
  readonly miss: Histogram;
  readonly coalesced: Histogram;
  readonly forwarded: Histogram;
}

/** Counts the requests of one thread by command and result, and times those that asked the origin. */
export class RequestMeter {
  /** The number (`COUNTED_COMMANDS`) of the command that is being executed. A request answered later keeps it. */
  command: number = OTHER_COMMAND;
  /** A count for each result of each command. */
  readonly counts = new Float64Array(COUNTED_COMMANDS.length * RESULT_COUNT);
  readonly #byFamily = new Float64Array(FAMILIES.length * RESULT_COUNT);
  /** Milliseconds of the connections' clock, with their fraction. */
  readonly exactMs: () => number;
  readonly #times: RequestTimes;

  constructor(times: RequestTimes, exactMs: () => number) {
    this.#times = times;
    this.exactMs = exactMs;
  }

  /** Requests answered from the cache: `BatchTimes` times them. */
  get timedCount(): number {
    let hits = 0;
    for (const command of CACHED_COMMANDS) hits += this.counts[command * RESULT_COUNT + HIT]!;
    return hits;
  }

  /** Returns a count for each result of each family; valid until the next call. */
  byFamily(): Float64Array {
    sumByFamily(COUNTED_COMMANDS, this.counts, RESULT_COUNT, this.#byFamily);
    return this.#byFamily;
  }

  /** The request being executed was answered from the cache. */
  hit(): void {
    this.counts[this.command * RESULT_COUNT + HIT]!++;
  }

  count(result: number, command: number = this.command): void {
    this.counts[command * RESULT_COUNT + result]!++;
  }

  /**
   * Counts a request that asked the origin and has been answered now.
   * @param command its number
   * @param durationMs how long it took
   */
  answered(result: number, command: number, durationMs: number): void {
    this.counts[command * RESULT_COUNT + result]!++;
    if (result === MISS) this.#times.miss.record(durationMs * 1000);
    else if (result === FORWARDED) this.#times.forwarded.record(durationMs * 1000);
    else if (result === COALESCED) this.#times.coalesced.record(durationMs * 1000);
  }
}
