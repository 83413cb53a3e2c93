import { systemTimers, type Timer, type Timers } from "../../lib/timers.ts";
import type { Asked, SentinelLink } from "./sentinel-link.ts";
import { isDecided, type SentinelAnswer } from "./verdict.ts";

/** How often the sentinels are asked although nothing has happened. */
const CALM_MS = 10_000;
/** How soon they are asked again while something is wrong; each time twice as long, up to the most. */
const UNEASY_LEAST_MS = 50;
const UNEASY_MOST_MS = 1000;

/** What the sentinels have said to one question. */
export interface Round {
  readonly answers: readonly SentinelAnswer[];
  /** Why others do not answer. */
  readonly problems: readonly string[];
  /** Whether some are still being connected with for the first time. */
  readonly isEarly: boolean;
  /** Whether something has happened since they were asked, so that they must be asked again. */
  readonly isOutdated: boolean;
}

export interface SentinelWatchOptions {
  readonly timers: Timers | undefined;
  readonly links: readonly SentinelLink[];
  /** The sentinels are about to be asked. */
  begins(): void;
  /** Takes what they have said. @param done is told whether something is still wrong, so that they are asked again soon */
  learned(round: Round, done: (isUneasy: boolean) => void): void;
}

/** Asks all sentinels from time to time who the primary is, and soon after something has happened. */
export class SentinelWatch {
  readonly #options: SentinelWatchOptions;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #isAsking = false;
  /** Whether something has happened since the sentinels were asked. */
  #isSuspicious = false;
  #delayMs = UNEASY_LEAST_MS;
  #isClosed = false;

  constructor(options: SentinelWatchOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  /** Asks at once. Called when something has happened that may have to do with a change of hands. */
  suspect(): void {
    if (this.#isAsking) this.#isSuspicious = true;
    else this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.stop();
  }

  #ask(): void {
    if (this.#isClosed) return;
    this.#timer?.stop();
    this.#isAsking = true;
    this.#isSuspicious = false;
    const { links, begins } = this.#options;
    begins();
    const asked: Asked[] = links.map(() => undefined);
    let missing = links.length;
    let isOver = false;
    for (const [index, link] of links.entries()) {
      link.ask((answer) => {
        missing--;
        asked[index] = answer;
        if (isOver) return;
        // A sentinel that is stalled must not delay what the others have decided.
        isOver = missing === 0 || isDecided(asked.filter(isAnswer), links.length);
        if (isOver) this.#learned(asked, missing === 0);
      });
    }
  }

  #learned(asked: readonly Asked[], isComplete: boolean): void {
    const round: Round = {
      answers: asked.filter(isAnswer),
      problems: asked.filter((one) => typeof one === "string"),
      isEarly: isComplete && asked.includes(undefined),
      isOutdated: this.#isSuspicious,
    };
    this.#options.learned(round, (isWrong) => {
      if (this.#isClosed) return;
      this.#isAsking = false;
      this.#delayMs = isWrong ? Math.min(this.#delayMs * 2, UNEASY_MOST_MS) : UNEASY_LEAST_MS;
      const delayMs = this.#isSuspicious ? 0 : isWrong ? this.#delayMs : CALM_MS;
      this.#timer = this.#timers.after(delayMs, () => this.#ask());
    });
  }
}

function isAnswer(asked: Asked): asked is SentinelAnswer {
  return typeof asked === "object";
}
