import type { Clock } from "../../src/lib/clock.ts";
import { biographyOf } from "./biography.ts";
import { type CurvePoint, curvePoint, curveSizes, OPTIMA } from "./curve.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { viewOf } from "./play-view.ts";
import { openRequests, type Requests } from "./requests.ts";
import { Run } from "./run.ts";
import type { PlaySettings } from "./settings.ts";

/** Requests between two looks at the clock. */
const STRIDE = 8192;

/** Answers the page's messages: all that runs in the worker, without the worker. */
export class PlayDesk {
  readonly #clock: Clock;
  readonly #answer: (message: FromPlayWorker) => void;
  readonly #pause: () => Promise<void>;
  #run: Run | undefined;
  /** The latest requests; settings of caches change more often than these. */
  #requests: { readonly of: string; readonly made: Promise<Requests> } | undefined;
  /** Counts questions about curves. */
  #curvesAsked = 0;

  /** @param pause lets messages in that have come meanwhile */
  constructor(clock: Clock, pause: () => Promise<void>, answer: (message: FromPlayWorker) => void) {
    this.#clock = clock;
    this.#pause = pause;
    this.#answer = answer;
  }

  async receive(message: ToPlayWorker): Promise<void> {
    try {
      if (message.kind === "open") await this.#open(message.settings);
      else if (message.kind === "curves") await this.#curves(message.settings, message.known);
      else if (this.#run !== undefined) this.#play(this.#run, message);
    } catch (error) {
      this.#answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #open(settings: PlaySettings): Promise<void> {
    // The memory of the run before is free by then.
    this.#run = undefined;
    const requests = await this.#requestsOf(settings);
    const run = new Run(requests, settings.caches);
    run.seekTold(settings.at);
    this.#run = run;
    const { objects, hasSizes } = requests.workingSet;
    this.#answer({ kind: "opened", view: viewOf(run, true), objects, hasSizes });
  }

  #play(run: Run, message: Exclude<ToPlayWorker, { readonly kind: "open" | "curves" }>): void {
    switch (message.kind) {
      case "seek":
        if (message.isTold) run.seekTold(message.at);
        else run.seek(message.at);
        this.#answer({ kind: "view", view: viewOf(run, message.isTold) });
        break;
      case "run": {
        const end = this.#clock.monotonicMs() + message.forMs;
        do run.seek(run.at + STRIDE);
        while (run.at < run.requests.count && this.#clock.monotonicMs() < end);
        this.#answer({ kind: "view", view: viewOf(run, run.at === run.requests.count) });
        break;
      }
      case "why": {
        const { cache, object } = message;
        const { settings } = run.caches[cache]!;
        const biography = biographyOf(settings, run.requests, object, run.at);
        this.#answer({ kind: "why", cache, object, biography });
        break;
      }
    }
  }

  #requestsOf({ workload, seed }: PlaySettings): Promise<Requests> {
    const of = JSON.stringify([workload, seed]);
    if (this.#requests?.of !== of) this.#requests = { of, made: openRequests({ workload, seed }) };
    return this.#requests.made;
  }

  /** The sizes in use come first, then the others from small to large. */
  async #curves(settings: PlaySettings, known: readonly number[]): Promise<void> {
    const asked = ++this.#curvesAsked;
    const requests = await this.#requestsOf(settings);
    const { unit } = settings.caches[0]!;
    const own = settings.caches.map(({ size }) => size);
    const sizes = curveSizes(requests, unit, own);
    const policies = [...new Set([...settings.caches.map(({ policy }) => policy), OPTIMA[unit]])];
    const ordered = [...new Set([...own, ...sizes])].filter((size) => !known.includes(size));
    if (ordered.length === 0) this.#answer({ kind: "points", points: [], share: 1 });
    for (const [done, size] of ordered.entries()) {
      await this.#pause();
      if (asked !== this.#curvesAsked) return;
      const points = policies.map((policy): CurvePoint => curvePoint(requests, policy, size, unit));
      this.#answer({ kind: "points", points, share: (done + 1) / ordered.length });
    }
  }
}
